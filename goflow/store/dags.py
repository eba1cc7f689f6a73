"""DAGs as they stand now: listing, pausing, holding, deactivating, deleting, and the plan for their next run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, delete, func, or_, select, true, update

from goflow.domain.errors import ConflictError, NotFoundError, did_you_mean
from goflow.domain.spec import Dialect, FileFormat
from goflow.store import events
from goflow.store.columns import dumps, loads
from goflow.store.rows import Dag
from goflow.store.tables import OPEN_RUNS, PLANNED_DAGS, dag_runs, dags, files, import_errors, where
from goflow.store.tx import Tx

_IDS = select(dags.c.id)
COLUMNS = [dags.c.id.label("dag_id"), *(column for column in dags.c if column.name != "id")]
_GET = select(*COLUMNS).where(dags.c.id == bindparam("dag_id"))
_PLANNED = where(PLANNED_DAGS)
_NOT_HELD = dags.c.hold_reason.is_(None)
_DUE = (
    select(*COLUMNS)
    .where(_PLANNED, _NOT_HELD, dags.c.next_run_after <= bindparam("now"))
    .order_by(dags.c.next_run_after, dags.c.id)
    .limit(bindparam("limit"))
)
_NEXT_DUE = select(dags.c.next_run_after).where(_PLANNED, _NOT_HELD).order_by(dags.c.next_run_after).limit(1)
_ACTIVE_FILES = select(dags.c.id, dags.c.file_path).where(
    dags.c.is_active == true(), dags.c.file_format != FileFormat.CRONJOB.value
)
_ACTIVE_FILES_AMONG = _ACTIVE_FILES.where(dags.c.id.in_(bindparam("among", expanding=True)))
_MOST_NAMED = 1000
"""Ids that are named in a statement: databases limit how many values there may be."""
_OPEN_RUN = select(dag_runs.c.id).where(dag_runs.c.dag_id == bindparam("dag_id"), where(OPEN_RUNS)).limit(1)
_SET_NEXT = (
    update(dags)
    .where(dags.c.id == bindparam("dag"))
    .values(
        next_logical_date=bindparam("logical_date"),
        next_interval_start=bindparam("interval_start"),
        next_interval_end=bindparam("interval_end"),
        next_run_after=bindparam("run_after"),
    )
)


def find(tx: Tx, dag_id: str) -> Dag | None:
    """The DAG of that id, active or not; None when there never was one."""
    row = tx.first(_GET, {"dag_id": dag_id})
    return None if row is None else dag_row(row)


def get(tx: Tx, dag_id: str) -> Dag:
    """The DAG of that id, active or not. Raises NotFoundError."""
    dag = find(tx, dag_id)
    if dag is None:
        raise NotFoundError(f"DAG {dag_id}", hint=did_you_mean(dag_id, tx.connection.execute(_IDS).scalars()))
    return dag


def list_(
    tx: Tx,
    *,
    active: bool | None = True,
    paused: bool | None = None,
    tag: str | None = None,
    search: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Dag]:
    """DAGs by id. None in ACTIVE or PAUSED: either. SEARCH: a part of the id or name, in any case."""
    statement = _filtered(select(*COLUMNS), active, paused, tag, search).order_by(dags.c.id).offset(offset)
    if limit is not None:
        statement = statement.limit(limit)
    return [dag_row(row) for row in tx.rows(statement)]


def count(
    tx: Tx,
    *,
    active: bool | None = True,
    paused: bool | None = None,
    tag: str | None = None,
    search: str | None = None,
) -> int:
    """How many `list_` would give without a limit."""
    return int(tx.value(_filtered(select(func.count()).select_from(dags), active, paused, tag, search)))


def active_files(tx: Tx, among: Collection[str] | None = None) -> dict[str, str]:
    """The id of every active DAG that comes from a file (AMONG: of those alone), to that file."""
    if among is None or len(among) > _MOST_NAMED:
        return {dag_id: path for dag_id, path in map(tuple, tx.rows(_ACTIVE_FILES)) if among is None or dag_id in among}
    return dict(map(tuple, tx.rows(_ACTIVE_FILES_AMONG, {"among": list(among)})))


def due(tx: Tx, now: dt.datetime, *, limit: int = 100) -> list[Dag]:
    """Active, unpaused DAGs that are not held and whose next run may start at NOW, longest due first."""
    return [dag_row(row) for row in tx.rows(_DUE, {"now": now, "limit": limit})]


def next_due(tx: Tx) -> dt.datetime | None:
    """When the next scheduled run of any DAG is due, be it past or future; None: no run is planned."""
    moment: dt.datetime | None = tx.value(_NEXT_DUE)
    return moment


def set_next_run(
    tx: Tx,
    dag_id: str,
    *,
    logical_date: dt.datetime | None,
    interval_start: dt.datetime | None,
    interval_end: dt.datetime | None,
    run_after: dt.datetime | None,
) -> None:
    """Write down what the next scheduled run will be; RUN_AFTER None: there will be none."""
    values = {"logical_date": logical_date, "interval_start": interval_start, "interval_end": interval_end}
    tx.change(_SET_NEXT, {"dag": dag_id, "run_after": run_after, **values})


def set_paused(tx: Tx, dag_id: str, paused: bool, *, who: str) -> bool:
    """Pause or unpause; whether that changed anything. Raises NotFoundError."""
    get(tx, dag_id)
    changed = tx.change(update(dags).where(dags.c.id == dag_id, dags.c.is_paused != paused).values(is_paused=paused))
    if changed:
        events.emit(tx, events.DAG_PAUSED if paused else events.DAG_UNPAUSED, dag_id=dag_id, who=who)
    return bool(changed)


def hold(tx: Tx, dag_id: str, reason: str, *, who: str) -> bool:
    """Plan no runs until a person releases the DAG (decision 5); whether that is new. Raises NotFoundError."""
    get(tx, dag_id)
    changed = tx.change(update(dags).where(dags.c.id == dag_id, _NOT_HELD).values(hold_reason=reason))
    if changed:
        events.emit(tx, events.DAG_HELD, dag_id=dag_id, who=who, data={"reason": reason})
    return bool(changed)


def release(tx: Tx, dag_id: str, *, who: str) -> bool:
    """Let a held DAG be planned again; whether it was held. Raises NotFoundError."""
    get(tx, dag_id)
    changed = tx.change(update(dags).where(dags.c.id == dag_id, ~_NOT_HELD).values(hold_reason=None))
    if changed:
        events.emit(tx, events.DAG_RELEASED, dag_id=dag_id, who=who)
    return bool(changed)


def deactivate(tx: Tx, dag_ids: Collection[str], *, who: str, reason: str = "") -> list[str]:
    """Take DAGs whose file is gone out of force; their history stays. The ids of those that were active."""
    gone = []
    for dag_id in sorted(dag_ids):
        statement = update(dags).where(dags.c.id == dag_id, dags.c.is_active == true())
        if tx.change(statement.values(is_active=False, last_updated_date=tx.now())):
            gone.append(dag_id)
            events.emit(tx, events.DAG_DEACTIVATED, dag_id=dag_id, who=who, data={"reason": reason})
    return gone


def delete_(tx: Tx, dag_id: str, *, who: str) -> None:
    """Delete the DAG with its versions, runs, results and logs.

    Raises NotFoundError, and ConflictError while it is active or runs of it are open.
    """
    tx.lock_name(f"dag {dag_id}")
    if get(tx, dag_id).is_active:
        raise ConflictError(f"DAG {dag_id} is active", hint="remove its file first")
    if tx.first(_OPEN_RUN, {"dag_id": dag_id}) is not None:
        raise ConflictError(f"DAG {dag_id} has open runs", hint="end or mark them first")
    tx.change(delete(dag_runs).where(dag_runs.c.dag_id == dag_id))
    tx.change(delete(dags).where(dags.c.id == dag_id))
    events.emit(tx, events.DAG_DELETED, dag_id=dag_id, who=who)


def _filtered(
    statement: Select[Any], active: bool | None, paused: bool | None, tag: str | None, search: str | None
) -> Select[Any]:
    if active is not None:
        statement = statement.where(dags.c.is_active == active)
    if paused is not None:
        statement = statement.where(dags.c.is_paused == paused)
    if tag is not None:
        statement = statement.where(dags.c.tags.contains(dumps(tag), autoescape=True))
    if search:
        statement = statement.where(
            or_(dags.c.id.icontains(search, autoescape=True), dags.c.name.icontains(search, autoescape=True))
        )
    return statement


def dag_row(row: Row[Any]) -> Dag:
    values = row._asdict()
    values["file_format"] = FileFormat(values["file_format"])
    values["dialect"] = Dialect(values["dialect"])
    values["tags"] = tuple(loads(values["tags"]))
    values["owners"] = tuple(loads(values["owners"]))
    values["schedule"] = loads(values["schedule"])
    return Dag(**values)


def seconds_of_files(tx: Tx, paths: Collection[str]) -> dict[str, tuple[float | None, bool]]:
    """Of each of the files PATHS how many seconds its last reading took, and whether something is wrong with it."""
    took = {row.path: row.seconds for row in tx.rows(select(files.c.path, files.c.seconds).where(_in(files, paths)))}
    broken = {row.path for row in tx.rows(select(import_errors.c.path).where(_in(import_errors, paths)))}
    return {path: (took.get(path), path in broken) for path in paths}


def _in(table: Table, paths: Collection[str]) -> ColumnElement[bool]:
    return table.c.path.in_(list(paths))


def tags(tx: Tx) -> list[str]:
    """Every tag of an active DAG, by name."""
    rows = tx.rows(select(dags.c.tags).where(dags.c.is_active == true()).distinct())
    return sorted({str(tag) for row in rows for tag in loads(row.tags)})
