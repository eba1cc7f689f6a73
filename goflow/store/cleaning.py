"""History that is old, or more than is kept: which runs and events may go, and their deletion in short transactions.

Runs that are over go with all that hangs on them by foreign keys (`children`), so a table that is added one day is
archived and deleted without a word here. What stays whatever its age: open runs, those with a Job that is not cleaned
up yet, the newest runs of each DAG, and the newest of each type: the next date and `depends_on_past` rest on them. So
do events that somebody has still to read.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, exists, func, select

from goflow.domain.canonical import Json
from goflow.domain.state import TERMINAL_RUN_STATES, LaunchState
from goflow.store import events, readers
from goflow.store.tables import dag_runs, launches, metadata, task_instances
from goflow.store.tables import events as event_table
from goflow.store.tx import Tx, in_parts

_r = dag_runs.c
_OVER = [state.value for state in TERMINAL_RUN_STATES]
LASTING = (events.DAG_HELD, events.DAG_RELEASED, events.DAG_UNPAUSED, events.DAG_ACTIVATED)
"""Events that say since when something of a DAG holds: the scheduler looks for the newest of them at any time. There
are few."""
YOUNG_S = 600.0
"""Events of so many seconds stay in any case: whoever listens to them may begin as far back, or go on there."""


@dataclass(frozen=True, slots=True)
class Old:
    """What is old: what ended before BEFORE, of the DAGs of DAG_IDS (None: of all), less the KEEP newest of each.

    BEFORE None: runs are old by their number alone, all but the KEEP newest; what goes by its age stays as it is.
    """

    before: dt.datetime | None
    keep: int
    dag_ids: tuple[str, ...] | None = None


def old_runs(tx: Tx, old: Old) -> list[int]:
    """The keys of the runs that may go, the oldest first."""
    newest = _r.run_after.desc(), _r.id.desc()
    place = func.row_number().over(partition_by=_r.dag_id, order_by=newest)
    of_type = func.row_number().over(partition_by=(_r.dag_id, _r.run_type), order_by=newest)
    ranked = select(_r.id, _r.end_date, place.label("place"), of_type.label("of_type")).where(_r.status.in_(_OVER))
    if old.dag_ids is not None:
        ranked = ranked.where(_r.dag_id.in_(old.dag_ids))
    all_over = ranked.subquery()
    has_job = exists().where(
        launches.c.task_instance_id == task_instances.c.id,
        task_instances.c.dag_run_id == all_over.c.id,
        launches.c.state != LaunchState.CLEANED.value,
    )
    statement = (
        select(all_over.c.id)
        .where(*_ended(all_over.c.end_date, old), all_over.c.place > old.keep, all_over.c.of_type > 1, ~has_job)
        .order_by(all_over.c.end_date, all_over.c.id)
    )
    return [row.id for row in tx.rows(statement)]


def _ended(end_date: ColumnElement[Any], old: Old) -> tuple[ColumnElement[bool], ...]:
    """That a run with that END_DATE ended long enough ago."""
    return () if old.before is None else (end_date < old.before,)


def tasks_in(tx: Tx, run_ids: Sequence[int]) -> int:
    """How many task instances those runs have."""
    count = select(func.count()).select_from(task_instances)
    return sum(int(tx.value(count.where(task_instances.c.dag_run_id.in_(part)))) for part in in_parts(run_ids))


@functools.cache
def children() -> tuple[tuple[Table, Column[Any], Column[Any]], ...]:
    """What goes with a run: each table with its column that names the parent's, parents before their children."""
    found: list[tuple[Table, Column[Any], Column[Any]]] = []
    known = [dag_runs]
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda key: known.index(key.column.table) if _in(key, known) else -1):
            if key.ondelete == "CASCADE" and _in(key, known) and table not in known:
                found.append((table, key.parent, key.column))
                known.append(table)
    return tuple(found)


def _in(key: Any, known: list[Table]) -> bool:
    return any(key.column.table is table for table in known)


def documents(tx: Tx, run_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Those runs, each as one JSON object: its row as ``dag_run``, and the rows of every other table under its name.

    Columns are the database's own (docs/database.md); moments are ISO texts.
    """
    kept: dict[int, dict[str, Any]] = {}
    owners: dict[str, dict[Any, int]] = {dag_runs.name: {}}
    for row in rows_of(tx, dag_runs, _r.id, run_ids):
        kept[row["id"]] = {"dag_run": row}
        owners[dag_runs.name][row["id"]] = row["id"]
    for table, own, parents in children():
        known = owners[parents.table.name]
        found = owners[table.name] = {}
        for row in rows_of(tx, table, own, list(known)):
            run_id = known[row[own.name]]
            kept[run_id].setdefault(table.name, []).append(row)
            if "id" in row:
                found[row["id"]] = run_id
    yield from kept.values()


def rows_of(tx: Tx, table: Table, column: ColumnElement[Any], keys: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """The rows of TABLE whose COLUMN (or several of them, as a tuple) has one of KEYS, as they stand in an archive."""
    for part in in_parts(keys):
        statement = select(table).where(column.in_(part)).order_by(*table.primary_key)
        for row in tx.rows(statement):
            yield {name: _plain(value) for name, value in row._asdict().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def remove_runs(tx: Tx, run_ids: Collection[int], old: Old, *, who: str) -> int:
    """Delete those of the runs that are still over and old, with all that hangs on them. How many."""
    statement = delete(dag_runs).where(_r.id.in_(list(run_ids)), _r.status.in_(_OVER), *_ended(_r.end_date, old))
    gone = tx.rows(statement.returning(_r.id, _r.dag_id, _r.run_id))
    for run in gone:  # each is told of as by `runs.delete_`: open runs may wait for what they have seen in it
        events.emit(tx, events.RUN_DELETED, dag_id=run.dag_id, run_id=run.run_id, who=who, data={"id": run.id})
    if gone:
        before = None if old.before is None else old.before.isoformat()
        data: dict[str, Json] = {"runs": len(gone), "before": before, "keep": old.keep}
        events.emit(tx, events.HISTORY_CLEANED, who=who, data=data)
    return len(gone)


def old_events(tx: Tx, before: dt.datetime) -> tuple[int, int]:
    """The number of the last event that may go from before that moment (0: none), and how many these are."""
    statement = select(func.max(event_table.c.seq).label("last"), func.count().label("n"))
    [row] = tx.rows(statement.where(*_are_done_with(tx, before)))
    return int(row.last or 0), int(row.n)


def oldest_events(tx: Tx, last: int, before: dt.datetime, limit: int) -> list[dict[str, Any]]:
    """The oldest of the events up to LAST that may go from before that moment, at most LIMIT."""
    may_go = (event_table.c.seq <= last, *_are_done_with(tx, before))
    found = tx.rows(select(event_table).where(*may_go).order_by(event_table.c.seq).limit(limit))
    return [{name: _plain(value) for name, value in row._asdict().items()} for row in found]


def _are_done_with(tx: Tx, before: dt.datetime) -> list[ColumnElement[bool]]:
    """That events are from before that moment and not of the last minutes, and that all who have to have read them.

    Places are asked for, and not the age alone: an event may be written long after what it tells of, and who reads may
    have been stopped for longer than any age.
    """
    done = [
        event_table.c.at < min(before, tx.now() - dt.timedelta(seconds=YOUNG_S)),
        event_table.c.kind.not_in(LASTING),
    ]
    read = readers.all_have_read(tx)
    return done if read is None else [*done, event_table.c.seq <= read]


def remove_events(tx: Tx, numbers: Sequence[int]) -> int:
    """Delete the events with those numbers, and no others: they may go, and are in the archive. How many."""
    return sum(tx.change(delete(event_table).where(event_table.c.seq.in_(part))) for part in in_parts(numbers))
