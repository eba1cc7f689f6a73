"""Tasks that the scheduler decides by itself, without a container (decision 9): empty ones and latest-only so far."""

from __future__ import annotations

import datetime as dt

from goflow.domain.canonical import Json
from goflow.domain.outcomes import SKIP_KEY
from goflow.domain.runs import DagRun
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec, Dialect, TaskSpec
from goflow.domain.state import RunType, TaskState
from goflow.scheduler.book import Book, Cell
from goflow.scheduler.decisions import Advance
from goflow.scheduler.timetables import Restriction, RunInfo, next_run

_EMPTY = frozenset({"EmptyOperator", "DummyOperator"})


def decided_here(book: Book, cell: Cell, now: dt.datetime) -> Advance | None:
    """How CELL, whose dependencies are met, ends at once; None when it needs a container."""
    task = book.graph.tasks[cell.task_id]
    if _has_work(task):
        return None
    if _is_empty(task):
        return Advance(cell, TaskState.SUCCESS, "empty", new_attempt=True)
    if _is_latest_only(task) and not asks_its_author(book.graph.spec.schedule):  # whose timetable the task itself asks
        below = book.graph.downstream[cell.task_id]
        followed = below if is_latest(book.graph.spec, book.run, now) else ()
        skips = tuple(child for child in below if child not in followed)
        chosen: Json = list(followed)
        xcoms: dict[str, Json] = {"return_value": chosen, SKIP_KEY: {"followed": chosen}}
        return Advance(cell, TaskState.SUCCESS, "latest only", new_attempt=True, skips=skips, xcoms=xcoms)
    return None


def needs_no_container(task: TaskSpec) -> bool:
    """Whether TASK is one of those that end without a container."""
    return not _has_work(task) and (_is_empty(task) or _is_latest_only(task))


def is_latest(spec: DagSpec, run: DagRun, now: dt.datetime) -> bool:
    """Whether RUN is the newest that the schedule has made until NOW; manual runs always are.

    (``LatestOnlyOperator`` of the standard provider, and of Airflow 2.11 for its dialect)
    """
    if run.run_type is RunType.MANUAL:
        return True
    date = run.logical_date or run.run_after
    start, end = run.data_interval_start or date, run.data_interval_end or date
    this = RunInfo(start, start, end, end)
    if spec.dialect is Dialect.AIRFLOW2:
        following = next_run(spec.schedule, this, Restriction(), now, spec.dialect)
        if following is None or following.start is None or following.end is None:
            return True
        # Airflow's task is never there at that very moment, a timer may be.
        return following.start <= now <= following.end
    before = Restriction(latest=end - dt.timedelta(microseconds=1))
    previous = next_run(spec.schedule, this, before, now, spec.dialect)
    left = previous.end if previous is not None and previous.end is not None else start
    following = next_run(spec.schedule, this, Restriction(earliest=end), now, spec.dialect)
    return following is None or following.end is None or left < now <= following.end


def _has_work(task: TaskSpec) -> bool:
    """Whether something of the task needs a process (``TaskInstance.is_task_schedulable``)."""
    noticed = ("on_execute_callback", "on_success_callback")
    return bool(task.outlets or task.inlets or any(task.callbacks.get(name) for name in noticed))


def _is_empty(task: TaskSpec) -> bool:
    """Airflow runs no class that derives from EmptyOperator, whatever its ``execute`` does."""
    paths = (task.operator, task.operator_path, *task.bases)
    return any(path.rsplit(".", 1)[-1] in _EMPTY for path in paths)


def _is_latest_only(task: TaskSpec) -> bool:
    """Whether it is LatestOnlyOperator itself: a class that derives from it may decide otherwise."""
    return (task.operator_path or task.operator).rsplit(".", 1)[-1] == "LatestOnlyOperator"
