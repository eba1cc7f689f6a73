"""Deadlines of runs and missed SLAs: reading them. What becomes of them: see `transitions`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from goflow.domain.deadlines import Deadline, SlaMiss
from goflow.domain.state import SUCCESS_STATES, RunState, TaskState
from goflow.store.deadline_tables import OPEN_DEADLINES, deadlines, sla_misses
from goflow.store.tables import dag_runs, task_instances, where
from goflow.store.tx import Tx

_d, _s, _r, _t = deadlines.c, sla_misses.c, dag_runs.c, task_instances.c
_GET = select(deadlines).where(_d.id == bindparam("key"))
_OF_RUN = select(deadlines).where(_d.dag_run_id == bindparam("run")).order_by(_d.deadline_time, _d.id)
_OPEN_OF_RUN = _OF_RUN.where(where(OPEN_DEADLINES))
_DUE = (
    select(deadlines)
    .where(where(OPEN_DEADLINES), _d.deadline_time < bindparam("now", type_=_d.deadline_time.type))
    .order_by(_d.deadline_time, _d.id)
    .limit(bindparam("most"))
)
_NEXT = select(func.min(_d.deadline_time, type_=_d.deadline_time.type)).where(where(OPEN_DEADLINES))
_MISSED = (
    select(_r.run_id, deadlines)
    .join(dag_runs, _d.dag_run_id == _r.id)
    .where(_r.dag_id == bindparam("dag"), _d.missed)
    .order_by(_d.deadline_time.desc(), _d.id.desc())
    .limit(bindparam("most"))
)
_TIMES = (
    select(_r.start_date, _r.end_date)
    .where(
        _r.dag_id == bindparam("dag"),
        _r.status == RunState.SUCCESS.value,
        _r.start_date.is_not(None),
        _r.end_date.is_not(None),
    )
    .limit(bindparam("most"))
)
_DATED = _TIMES.where(_r.execution_date.is_not(None)).order_by(_r.execution_date.desc())
_UNDATED = _TIMES.where(_r.execution_date.is_(None)).order_by(_r.run_after.desc(), _r.id.desc())
_DONE = (
    select(_r.execution_date, _r.data_interval_start, _r.data_interval_end, _r.run_after)
    .where(
        _r.dag_id == bindparam("dag"),
        _r.execution_date.is_not(None),
        select(_t.id)
        .where(
            _t.dag_run_id == _r.id,
            _t.task_id == bindparam("task"),
            _t.state.in_([state.value for state in sorted(SUCCESS_STATES)]),
        )
        .exists(),
    )
    .order_by(_r.execution_date.desc())
    .limit(1)
)
_MISSES = select(sla_misses).where(_s.dag_id == bindparam("dag")).order_by(_s.logical_date, _s.task_id)
_UNTOLD = _MISSES.where(_s.callback_id.is_(None))
_RECORDED = select(_s.task_id, _s.logical_date).where(
    _s.dag_id == bindparam("dag"), _s.logical_date > bindparam("since", type_=_s.logical_date.type)
)
_NEWEST_MISSES = (
    select(sla_misses)
    .where(_s.dag_id == bindparam("dag"))
    .order_by(_s.missed_at.desc(), _s.logical_date.desc(), _s.task_id)
    .limit(bindparam("most"))
)
_BLOCKING = (
    select(task_instances, _r.execution_date)
    .join(dag_runs, _t.dag_run_id == _r.id)
    .where(
        _r.dag_id == bindparam("dag"),
        _r.execution_date.in_(bindparam("dates", expanding=True, type_=_r.execution_date.type)),
        _t.state.not_in([TaskState.SUCCESS.value, TaskState.NONE.value]),
    )
    .order_by(_r.execution_date, _t.id)
)


def find(tx: Tx, deadline_id: int) -> Deadline | None:
    """The deadline of that id, or None."""
    row = tx.first(_GET, {"key": deadline_id})
    return None if row is None else _deadline(row)


def of_run(tx: Tx, dag_run_id: int, *, open_only: bool = False) -> list[Deadline]:
    """The deadlines of a run, the first first: those that were missed, and those that may still be."""
    return [_deadline(row) for row in tx.rows(_OPEN_OF_RUN if open_only else _OF_RUN, {"run": dag_run_id})]


def due(tx: Tx, now: dt.datetime, most: int) -> list[Deadline]:
    """Those that are over at NOW and that nobody has told of, the longest over first."""
    return [_deadline(row) for row in tx.rows(_DUE, {"now": now, "most": most})]


def next_due(tx: Tx) -> dt.datetime | None:
    """The moment of the next one that may be missed; None: there is none."""
    found: dt.datetime | None = tx.value(_NEXT)
    return found


def missed_of_dag(tx: Tx, dag_id: str, most: int) -> list[tuple[str, Deadline]]:
    """The newest deadlines that runs of a DAG have missed, each with the id of its run."""
    return [(row.run_id, _deadline(row)) for row in tx.rows(_MISSED, {"dag": dag_id, "most": most})]


def runtimes(tx: Tx, dag_id: str, most: int) -> list[float]:
    """How many seconds the newest successful runs of a DAG took, by their logical dates; runs without one are older
    than all others."""
    given = {"dag": dag_id, "most": most}
    rows = [*tx.rows(_DATED, given)]
    if len(rows) < most:
        rows += tx.rows(_UNDATED, {**given, "most": most - len(rows)})
    return [(row.end_date - row.start_date).total_seconds() for row in rows]


def last_done(
    tx: Tx, dag_id: str, task_id: str
) -> tuple[dt.datetime, dt.datetime | None, dt.datetime | None, dt.datetime] | None:
    """The newest run in which a copy of the task has succeeded or was skipped: its logical date, interval and
    ``run_after``; None without one."""
    row = tx.first(_DONE, {"dag": dag_id, "task": task_id})
    return None if row is None else (row.execution_date, row.data_interval_start, row.data_interval_end, row.run_after)


def recorded(tx: Tx, dag_id: str, since: dt.datetime) -> set[tuple[str, dt.datetime]]:
    """Tasks with the logical dates after SINCE for which it is known already that they have missed their SLA."""
    return {(row.task_id, row.logical_date) for row in tx.rows(_RECORDED, {"dag": dag_id, "since": since})}


def untold(tx: Tx, dag_id: str) -> list[SlaMiss]:
    """Missed SLAs of a DAG that no callback was asked for."""
    return [SlaMiss(**row._asdict()) for row in tx.rows(_UNTOLD, {"dag": dag_id})]


def newest_misses(tx: Tx, dag_id: str, most: int) -> list[SlaMiss]:
    """The newest missed SLAs of a DAG."""
    return [SlaMiss(**row._asdict()) for row in tx.rows(_NEWEST_MISSES, {"dag": dag_id, "most": most})]


def blocking(tx: Tx, dag_id: str, dates: list[dt.datetime]) -> list[Row[Any]]:
    """Task instances of the runs of those logical dates that have begun and not succeeded."""
    return list(tx.rows(_BLOCKING, {"dag": dag_id, "dates": dates}))


def _deadline(row: Row[Any]) -> Deadline:
    values = row._asdict()
    values.pop("run_id", None)
    return Deadline(**values)
