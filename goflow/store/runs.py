"""DAG runs: making them, finding them, and what the scheduler asks about a DAG's other runs."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, select, update

from goflow.domain.errors import AlreadyExistsError, ConflictError, NotFoundError, did_you_mean
from goflow.domain.runs import DagRun
from goflow.domain.state import TERMINAL_RUN_STATES, RunState, RunType
from goflow.store import events
from goflow.store.columns import dumps, loads
from goflow.store.tables import OPEN_RUNS, PARTITIONED_RUNS, dag_runs, where
from goflow.store.tx import Tx, in_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPartitions:
    """Runs by their partition: whose key is KEY, CONTAINS a text (upper and lower case alike) or begins with PREFIX,
    and whose moment is from SINCE to UNTIL, both included, and before BEFORE."""

    key: str | None = None
    contains: str | None = None
    prefix: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    before: dt.datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions of a statement."""
        found: list[ColumnElement[bool]] = []
        if self.key is not None:
            found.append(_r.partition_key == self.key)
        if self.contains is not None:
            found.append(_r.partition_key.icontains(self.contains, autoescape=True))
        if self.prefix is not None:
            found.append(
                func.substr(_r.partition_key, 1, len(self.prefix)) == self.prefix
            )  # LIKE of SQLite knows no case
        if self.since is not None:
            found.append(_r.partition_date >= self.since)
        if self.until is not None:
            found.append(_r.partition_date <= self.until)
        if self.before is not None:
            found.append(_r.partition_date < self.before)
        return found


_r = dag_runs.c
COLUMNS = [
    *(column for column in _r if column.name not in {"status", "execution_date", "last_updated_date"}),
    _r.status.label("state"),
    _r.execution_date.label("logical_date"),
]
_SELECT = select(*COLUMNS)
_GET = _SELECT.where(_r.id == bindparam("dag_run_id"))
_GET_ALL = _SELECT.where(_r.id.in_(bindparam("ids", expanding=True)))
_BY_RUN_ID = _SELECT.where(_r.dag_id == bindparam("dag_id"), _r.run_id == bindparam("run_id"))
_BY_DATE = _SELECT.where(_r.dag_id == bindparam("dag_id"), _r.execution_date == bindparam("logical_date"))
_OPEN = _SELECT.where(where(OPEN_RUNS)).order_by(_r.run_after, _r.id)
_ACTIVE = (
    select(_r.dag_id, _r.status, func.count().label("runs")).where(where(OPEN_RUNS)).group_by(_r.dag_id, _r.status)
)
_STATES = select(_r.status).where(_r.dag_id == bindparam("dag_id")).limit(bindparam("limit"))
_BY_RUN_AFTER = _STATES.order_by(_r.run_after.desc(), _r.id.desc())
_BY_LOGICAL_DATE = _STATES.where(_r.execution_date.is_not(None)).order_by(_r.execution_date.desc())
_DELETE = delete(dag_runs).where(_r.id == bindparam("dag_run_id"))


def create(
    tx: Tx,
    *,
    dag_id: str,
    run_id: str,
    run_type: RunType,
    run_after: dt.datetime,
    version_id: int,
    reading_id: int,
    who: str,
    logical_date: dt.datetime | None = None,
    data_interval_start: dt.datetime | None = None,
    data_interval_end: dt.datetime | None = None,
    conf: Mapping[str, Any] | None = None,
    state: RunState = RunState.QUEUED,
    triggered_by: str | None = None,
    note: str | None = None,
    backfill_id: int | None = None,
    partition_key: str | None = None,
    partition_date: dt.datetime | None = None,
    at: dt.datetime | None = None,
) -> DagRun:
    """A new run, pinned to that version and reading.

    Raises AlreadyExistsError when the DAG has a run of that id or, where it is not None, of that logical date. The
    transaction goes on being good then.
    """
    at = at or tx.now()
    values = {
        "dag_id": dag_id,
        "run_id": run_id,
        "run_type": run_type.value,
        "status": state.value,
        "execution_date": logical_date,
        "data_interval_start": data_interval_start,
        "data_interval_end": data_interval_end,
        "run_after": run_after,
        "version_id": version_id,
        "reading_id": reading_id,
        "conf": dumps(dict(conf or {})),
        "queued_at": at,
        "start_date": at if state is RunState.RUNNING else None,
        "last_updated_date": at,
        "triggered_by": triggered_by,
        "note": note,
        "backfill_id": backfill_id,
        "partition_key": partition_key,
        "partition_date": partition_date,
    }
    key = tx.insert_or_none(dag_runs, values)
    if key is None:
        raise AlreadyExistsError(f"a run of DAG {dag_id} with id {run_id} or that logical date")
    data = {"id": key, "run_type": run_type.value, "state": state.value}
    events.emit(tx, events.RUN_CREATED, dag_id=dag_id, run_id=run_id, who=who, data=data, at=at)
    return get(tx, key)


def find(tx: Tx, dag_id: str, run_id: str) -> DagRun | None:
    """The run of that id, or None."""
    row = tx.first(_BY_RUN_ID, {"dag_id": dag_id, "run_id": run_id})
    return None if row is None else run_row(row)


def by_run_id(tx: Tx, dag_id: str, run_id: str) -> DagRun:
    """The run of that id. Raises NotFoundError."""
    run = find(tx, dag_id, run_id)
    if run is None:
        known = [other.run_id for other in list_(tx, dag_id, limit=1000)]
        raise NotFoundError(f"run {run_id} of DAG {dag_id}", hint=did_you_mean(run_id, known))
    return run


def by_logical_date(tx: Tx, dag_id: str, logical_date: dt.datetime) -> DagRun | None:
    """The run of that logical date, or None."""
    row = tx.first(_BY_DATE, {"dag_id": dag_id, "logical_date": logical_date})
    return None if row is None else run_row(row)


def get(tx: Tx, dag_run_id: int) -> DagRun:
    """The run of that key. Raises NotFoundError."""
    row = tx.first(_GET, {"dag_run_id": dag_run_id})
    if row is None:
        raise NotFoundError(f"run {dag_run_id}")
    return run_row(row)


def get_once(tx: Tx, dag_run_id: int) -> DagRun:
    """The same as it was when it was asked for like this first in TX: for what of it does not change."""
    known: DagRun | None = tx.remembered.get(("run", dag_run_id))
    if known is None:
        known = tx.remembered["run", dag_run_id] = get(tx, dag_run_id)
    return known


def get_all_once(tx: Tx, dag_run_ids: Collection[int]) -> None:
    """Read those runs together, so that `get_once` has them."""
    missing = sorted({key for key in dag_run_ids if ("run", key) not in tx.remembered})
    for part in in_parts(missing) if len(missing) > 1 else ():
        for row in tx.rows(_GET_ALL, {"ids": part}):
            tx.remembered["run", row.id] = run_row(row)


def list_(
    tx: Tx,
    dag_id: str | None = None,
    *,
    states: Collection[RunState] | None = None,
    run_types: Collection[RunType] | None = None,
    logical_date_gte: dt.datetime | None = None,
    logical_date_lte: dt.datetime | None = None,
    partitions: OfPartitions | None = None,
    limit: int | None = 100,
    offset: int = 0,
) -> list[DagRun]:
    """Runs, the newest (by RUN_AFTER) first."""
    statement = _filtered(_SELECT, dag_id, states, run_types, logical_date_gte, logical_date_lte)
    statement = statement.where(*(partitions.conditions() if partitions else ()))
    statement = statement.order_by(_r.run_after.desc(), _r.id.desc()).offset(offset)
    if limit is not None:
        statement = statement.limit(limit)
    return [run_row(row) for row in tx.rows(statement)]


def count(
    tx: Tx,
    dag_id: str | None = None,
    *,
    states: Collection[RunState] | None = None,
    run_types: Collection[RunType] | None = None,
    logical_date_gte: dt.datetime | None = None,
    logical_date_lte: dt.datetime | None = None,
    partitions: OfPartitions | None = None,
) -> int:
    """How many `list_` would give without a limit."""
    statement = select(func.count()).select_from(dag_runs).where(*(partitions.conditions() if partitions else ()))
    return int(tx.value(_filtered(statement, dag_id, states, run_types, logical_date_gte, logical_date_lte)))


def count_among(
    tx: Tx,
    dag_id: str,
    *,
    logical_dates: Collection[dt.datetime] | None = None,
    run_ids: Collection[str] | None = None,
    states: Collection[RunState] | None = None,
) -> int:
    """How many runs of a DAG are among all that is given."""
    statement = _filtered(select(func.count()).select_from(dag_runs), dag_id, states, None, None, None)
    if logical_dates:
        statement = statement.where(_r.execution_date.in_(list(logical_dates)))
    if run_ids:
        statement = statement.where(_r.run_id.in_(list(run_ids)))
    return int(tx.value(statement))


def open_(tx: Tx) -> list[DagRun]:
    """Every run that is queued or running, the one that was due first first."""
    return [run_row(row) for row in tx.rows(_OPEN)]


def count_open(tx: Tx) -> int:
    """How many runs are queued or running."""
    return sum(sum(counts) for counts in active_counts(tx).values())


def active_counts(tx: Tx) -> dict[str, tuple[int, int]]:
    """DAG id to the numbers of its (queued, running) runs; DAGs without either are left out."""
    counts: dict[str, tuple[int, int]] = {}
    for row in tx.rows(_ACTIVE):
        queued, running = counts.get(row.dag_id, (0, 0))
        counts[row.dag_id] = (row.runs, running) if row.status == "queued" else (queued, row.runs)
    return counts


def newest(tx: Tx, dag_id: str, run_types: Collection[RunType] | None = None) -> DagRun | None:
    """The run with the latest logical date among those of RUN_TYPES, or None."""
    statement = _filtered(_SELECT, dag_id, None, run_types, None, None).where(_r.execution_date.is_not(None))
    row = tx.first(statement.order_by(_r.execution_date.desc()).limit(1))
    return None if row is None else run_row(row)


def newest_due_by(tx: Tx, dag_id: str, moment: dt.datetime, run_types: Collection[RunType]) -> DagRun | None:
    """The run with the latest logical date among those of RUN_TYPES that were due by MOMENT, or None."""
    statement = _filtered(_SELECT, dag_id, None, run_types, None, None)
    statement = statement.where(_r.execution_date.is_not(None), _r.run_after <= moment)
    row = tx.first(statement.order_by(_r.execution_date.desc()).limit(1))
    return None if row is None else run_row(row)


def newest_partition(tx: Tx, dag_id: str, run_types: Collection[RunType]) -> DagRun | None:
    """The run with a key whose partition is the latest among those of RUN_TYPES, or None."""
    statement = _filtered(_SELECT, dag_id, None, run_types, None, None).where(where(PARTITIONED_RUNS))
    order = (_r.partition_date.is_(None), _r.partition_date.desc(), _r.run_after.desc(), _r.id.desc())
    row = tx.first(statement.order_by(*order).limit(1))
    return None if row is None else run_row(row)


def of_partition(tx: Tx, dag_id: str, partition_date: dt.datetime) -> DagRun | None:
    """The run for the partition of that moment that has begun last; those that have not begun come after."""
    statement = _SELECT.where(_r.dag_id == dag_id, where(PARTITIONED_RUNS), _r.partition_date == partition_date)
    row = tx.first(statement.order_by(_r.start_date.is_(None), _r.start_date.desc(), _r.id.desc()).limit(1))
    return None if row is None else run_row(row)


def previous(
    tx: Tx, run: DagRun, *, states: Collection[RunState] | None = None, scheduled_only: bool = False
) -> DagRun | None:
    """The run of the same DAG with the nearest earlier logical date, as Airflow's ``get_previous_dagrun``.

    SCHEDULED_ONLY: manual runs do not count. None when there is none or RUN has no logical date.
    """
    return before(tx, run.dag_id, run.logical_date, states=states, scheduled_only=scheduled_only)


def before(
    tx: Tx,
    dag_id: str,
    logical_date: dt.datetime | None,
    *,
    states: Collection[RunState] | None = None,
    scheduled_only: bool = False,
) -> DagRun | None:
    """The same for any logical date of a DAG."""
    if logical_date is None:
        return None
    statement = _previous(states is not None, scheduled_only)
    params: dict[str, Any] = {"dag_id": dag_id, "logical_date": logical_date}
    if states is not None:
        params["states"] = [state.value for state in states]
    row = tx.first(statement, params)
    return None if row is None else run_row(row)


def newest_states(tx: Tx, dag_id: str, limit: int, *, by_logical_date: bool = False) -> list[RunState]:
    """How the newest LIMIT runs stand, whatever their state, the newest (by RUN_AFTER, or by logical date) first."""
    statement = _BY_LOGICAL_DATE if by_logical_date else _BY_RUN_AFTER
    return [RunState(row.status) for row in tx.rows(statement, {"dag_id": dag_id, "limit": limit})]


def set_note(tx: Tx, run: DagRun, note: str | None, *, who: str) -> None:
    """Write a person's note to a run."""
    tx.change(update(dag_runs).where(_r.id == run.id).values(note=note, last_updated_date=tx.now()))
    events.emit(tx, events.RUN_NOTE, dag_id=run.dag_id, run_id=run.run_id, who=who, data={"note": note})


def set_interval(tx: Tx, dag_run_id: int, start: dt.datetime, end: dt.datetime) -> bool:
    """Give a run that was made without a data interval the one that its timetable has told; whether it had none."""
    values = {"data_interval_start": start, "data_interval_end": end, "last_updated_date": tx.now()}
    unset = (_r.id == dag_run_id, _r.data_interval_start.is_(None))
    return bool(tx.change(update(dag_runs).where(*unset).values(**values)))


def set_partition_date(tx: Tx, dag_run_id: int, date: dt.datetime) -> bool:
    """Give a run that was made for the key of a partition the moment that this stands for, as code of its author's has
    told; whether it had none."""
    values = {"partition_date": date, "last_updated_date": tx.now()}
    unset = (_r.id == dag_run_id, _r.partition_key.is_not(None), _r.partition_date.is_(None))
    return bool(tx.change(update(dag_runs).where(*unset).values(**values)))


def clear_partition(tx: Tx, run: DagRun, *, who: str) -> None:
    """Let a run be for no partition any more."""
    values = {"partition_key": None, "partition_date": None, "last_updated_date": tx.now()}
    tx.change(update(dag_runs).where(_r.id == run.id).values(**values))
    told = {"partition_key": run.partition_key}
    events.emit(tx, events.RUN_PARTITION_CLEARED, dag_id=run.dag_id, run_id=run.run_id, who=who, data=told)


def pin(tx: Tx, dag_run_id: int, *, version_id: int, reading_id: int) -> None:
    """Let a run that is cleared go on with another version."""
    values = {"version_id": version_id, "reading_id": reading_id, "last_updated_date": tx.now()}
    tx.change(update(dag_runs).where(_r.id == dag_run_id).values(**values))


def delete_(tx: Tx, dag_run_id: int, *, who: str) -> None:
    """Delete a run with its tasks, results and logs. Raises NotFoundError; ConflictError while it is open."""
    run = get(tx, dag_run_id)
    if run.state not in TERMINAL_RUN_STATES:
        raise ConflictError(f"run {run.run_id} of DAG {run.dag_id} is {run.state}")
    tx.change(_DELETE, {"dag_run_id": dag_run_id})
    events.emit(tx, events.RUN_DELETED, dag_id=run.dag_id, run_id=run.run_id, who=who, data={"id": run.id})


@functools.cache
def _previous(with_states: bool, scheduled_only: bool) -> Select[Any]:
    statement = _SELECT.where(_r.dag_id == bindparam("dag_id"), _r.execution_date < bindparam("logical_date"))
    if with_states:
        statement = statement.where(_r.status.in_(bindparam("states", expanding=True)))
    if scheduled_only:
        statement = statement.where(_r.run_type != RunType.MANUAL.value)
    return statement.order_by(_r.execution_date.desc()).limit(1)


def _filtered(
    statement: Select[Any],
    dag_id: str | None,
    states: Collection[RunState] | None,
    run_types: Collection[RunType] | None,
    gte: dt.datetime | None,
    lte: dt.datetime | None,
) -> Select[Any]:
    if dag_id is not None:
        statement = statement.where(_r.dag_id == dag_id)
    if states is not None:
        statement = statement.where(_r.status.in_([state.value for state in states]))
    if run_types is not None:
        statement = statement.where(_r.run_type.in_([kind.value for kind in run_types]))
    if gte is not None:
        statement = statement.where(_r.execution_date >= gte)
    if lte is not None:
        statement = statement.where(_r.execution_date <= lte)
    return statement


def run_row(row: Row[Any]) -> DagRun:
    return run_of(row._asdict())


def run_of(values: dict[str, Any]) -> DagRun:
    """A run of the VALUES of its row's columns."""
    values["state"] = RunState(values["state"])
    values["run_type"] = RunType(values["run_type"])
    values["conf"] = loads(values["conf"])
    return DagRun(**values)


def count_states(tx: Tx, dag_ids: Collection[str] | None = None) -> dict[str, dict[str, int]]:
    """How many runs are in each state, by DAG; DAG_IDS: of those alone."""
    statement = select(_r.dag_id, _r.status, func.count().label("runs")).group_by(_r.dag_id, _r.status)
    if dag_ids is not None:
        statement = statement.where(_r.dag_id.in_(list(dag_ids)))
    counts: dict[str, dict[str, int]] = {}
    for row in tx.rows(statement):
        counts.setdefault(row.dag_id, {})[row.status] = row.runs
    return counts
