"""What launches use: the runner's account with each launch, and the samples of those that ran for a while.

The account rides along with the launch's end (`goflow.store.transitions.launches`). Samples come from
`goflow.usage`, many launches in one transaction, and go with their launch.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from goflow.domain.state import TaskState
from goflow.domain.usage import Series, Usage, of_launch, together
from goflow.store.columns import dumps, loads
from goflow.store.tables import OCCUPYING, SCHEDULED, attempts, dag_runs, launches, task_instances, where
from goflow.store.tx import Tx, in_parts
from goflow.store.usage_tables import launch_usage

_a, _l, _r, _t, _u = attempts.c, launches.c, dag_runs.c, task_instances.c, launch_usage.c
_SERIES = select(_u.launch_id, _u.source, _u.series).where(_u.launch_id.in_(bindparam("ids", expanding=True)))
_THERE = select(_l.id).where(_l.id.in_(bindparam("ids", expanding=True)))
_SEEN = (_u.cpu_seconds, _u.memory_bytes, _u.source)
_USED = (
    select(*(_l.id, _l.task_instance_id, _l.try_number, _l.usage), *_SEEN)
    .select_from(launches.outerjoin(launch_usage, _u.launch_id == _l.id))
    .where(_l.task_instance_id.in_(bindparam("ids", expanding=True)))
    .order_by(_l.task_instance_id, _l.try_number, _l.ordinal)
)
_NEWEST_RUNS = (
    select(_r.id)
    .where(_r.dag_id == bindparam("dag_id"))
    .order_by(_r.run_after.desc(), _r.id.desc())
    .limit(bindparam("runs"))
)
_TRIED = (
    select(
        *(_t.id, _t.run_id, _t.map_index, _r.run_after, _a.try_number, _a.state, _a.reason, _a.usage),
        *(_a.queued_at, _a.start_date, _a.end_date),
    )
    .select_from(
        attempts.join(task_instances, _t.id == _a.task_instance_id).join(dag_runs, dag_runs.c.id == _t.dag_run_id)
    )
    .where(_t.dag_run_id.in_(bindparam("keys", expanding=True)), _t.task_id == bindparam("task_id"))
    .order_by(_r.run_after.desc(), _r.id.desc(), _t.map_index, _a.try_number.desc())
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt with what it has used. WAIT_SECONDS: from its slot to its process; RUN_SECONDS: from there to its
    end; None for what is not over yet."""

    task_instance_id: int
    run_id: str
    map_index: int
    try_number: int
    state: TaskState
    reason: str | None
    queued_at: dt.datetime | None
    start_date: dt.datetime | None
    end_date: dt.datetime | None
    usage: Usage

    @property
    def wait_seconds(self) -> float | None:
        """Seconds from its slot to the begin of its process."""
        return seconds(self.queued_at, self.start_date)

    @property
    def run_seconds(self) -> float | None:
        """Seconds from the begin of its process to its end."""
        return seconds(self.start_date, self.end_date)


def seconds(begin: dt.datetime | None, end: dt.datetime | None) -> float | None:
    """From BEGIN to END, where both are known; never less than none."""
    return None if begin is None or end is None else max(0.0, (end - begin).total_seconds())


def of_attempts(tx: Tx, ti_ids: Collection[int]) -> dict[tuple[int, int], Usage]:
    """What attempts have used, by task instance and number: their launches together."""
    found: dict[tuple[int, int], list[Usage]] = {}
    for part in in_parts(list(ti_ids)):
        for row in tx.rows(_USED, {"ids": part}):
            found.setdefault((row.task_instance_id, row.try_number), []).append(_used(row))
    return {key: together(parts) for key, parts in found.items()}


def of_launches(tx: Tx, ti_id: int) -> dict[str, Usage]:
    """What the launches of a task instance have used, by their ids."""
    return {row.id: _used(row) for row in tx.rows(_USED, {"ids": [ti_id]})}


def newest(tx: Tx, dag_id: str, task_id: str, *, runs: int, limit: int) -> list[Tried]:
    """The attempts of a task in the newest RUNS runs of its DAG, the newest run first, LIMIT of them at most."""
    keys = [row.id for row in tx.rows(_NEWEST_RUNS, {"dag_id": dag_id, "runs": runs})]
    rows = tx.rows(_TRIED, {"keys": keys, "task_id": task_id, "limit": limit}) if keys else []
    used = of_attempts(tx, {row.id for row in rows})
    return [_tried(row, used.get((row.id, row.try_number))) for row in rows]


def of_task(tx: Tx, ti_id: int) -> list[Tried]:
    """The attempts of one task instance, the first one first."""
    rows = tx.rows(_ONE, {"ti_id": ti_id})
    used = of_attempts(tx, [ti_id])
    return [_tried(row, used.get((row.id, row.try_number))) for row in rows]


_ONE = (
    select(*_TRIED.selected_columns)
    .select_from(
        attempts.join(task_instances, _t.id == _a.task_instance_id).join(dag_runs, dag_runs.c.id == _t.dag_run_id)
    )
    .where(_t.id == bindparam("ti_id"))
    .order_by(_a.try_number)
)


def series(tx: Tx, launch_ids: Collection[str]) -> dict[str, Series]:
    """The samples of launches, by their ids; those without any are left out."""
    found: dict[str, Series] = {}
    for part in in_parts(sorted(launch_ids)):
        for row in tx.rows(_SERIES, {"ids": part}):
            found[row.launch_id] = Series.of_json(loads(row.series), row.source)
    return found


def save(tx: Tx, found: Mapping[str, Series]) -> Collection[str]:
    """Keep the samples of launches, in one statement; which of them are there. Those that are gone are passed over."""
    there: set[str] = set()
    for part in in_parts(sorted(found)):
        there |= {row.id for row in tx.rows(_THERE, {"ids": part})}
    now = tx.now()
    tx.upsert_many(launch_usage, [_row(launch_id, found[launch_id], now) for launch_id in sorted(there)])
    return there


def ended_launches(tx: Tx, launch_ids: Collection[str]) -> list[tuple[Row[Any], Usage]]:
    """Launches with their moments, the DAG that they are of, and what they have used."""
    return [(row, _used(row)) for part in in_parts(sorted(launch_ids)) for row in tx.rows(_ENDED, {"ids": part})]


def ended_runs(tx: Tx, keys: Collection[tuple[str, str]]) -> list[Row[Any]]:
    """Runs by DAG and id, with their moments."""
    wanted = set(keys)
    found: list[Row[Any]] = []
    for dag_id in sorted({dag_id for dag_id, _ in wanted}):
        run_ids = [run_id for of, run_id in wanted if of == dag_id]
        found += tx.rows(_ENDED_RUNS, {"dag_id": dag_id, "run_ids": run_ids})
    return found


def count_open(tx: Tx) -> dict[str, int]:
    """How many task instances are under way, or wait for room, by state."""
    found: dict[str, int] = {}
    for statement in _OPEN:
        found |= {row.state: row.n for row in tx.rows(statement)}
    return found


_ENDED = (
    select(*(_l.id, _t.dag_id, _l.planned_at, _l.created_at, _l.claimed_at, _l.ended_at, _l.usage), *_SEEN)
    .select_from(
        launches.join(task_instances, _t.id == _l.task_instance_id).outerjoin(launch_usage, _u.launch_id == _l.id)
    )
    .where(_l.id.in_(bindparam("ids", expanding=True)))
)
_ENDED_RUNS = select(_r.dag_id, _r.run_after, _r.queued_at, _r.start_date, _r.end_date).where(
    _r.dag_id == bindparam("dag_id"), _r.run_id.in_(bindparam("run_ids", expanding=True))
)
_OPEN = tuple(
    select(_t.state, func.count().label("n")).where(where(condition)).group_by(_t.state)
    for condition in (OCCUPYING, SCHEDULED)
)


def _row(launch_id: str, samples: Series, now: dt.datetime) -> dict[str, Any]:
    return {
        "launch_id": launch_id,
        "cpu_seconds": samples.cpu_seconds,
        "memory_bytes": samples.memory_bytes,
        "source": samples.source,
        "sampled_at": now,
        "series": dumps(samples.as_json()),
    }


def _used(row: Row[Any]) -> Usage:
    seen = None
    if row.source is not None:
        seen = Usage(cpu_seconds=row.cpu_seconds, sampled_bytes=row.memory_bytes, source=row.source)
    return of_launch(loads(row.usage, {}), seen)


def _tried(row: Row[Any], used: Usage | None) -> Tried:
    if (used is None or used.source is None) and row.usage is not None:  # from before launches had their own
        used = of_launch(loads(row.usage, {}), None)
    return Tried(
        task_instance_id=row.id,
        run_id=row.run_id,
        map_index=row.map_index,
        try_number=row.try_number,
        state=TaskState(row.state),
        reason=row.reason,
        queued_at=row.queued_at,
        start_date=row.start_date,
        end_date=row.end_date,
        usage=used or Usage(),
    )
