"""Callbacks that no task's process calls: the author's own functions, when a run has ended, or a task that is gone."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from goflow.domain.canonical import Json
from goflow.domain.runs import TaskInstance
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import RunState, TaskState


class CallbackState(enum.StrEnum):
    """``waiting``: to be called. ``claimed``: a trigger runner calls it. ``done``: nothing of it has raised.
    ``failed``: something has. ``lost``: its process is gone, so that nobody knows how far it came; it is not called
    again."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCallback:
    """``on_success_callback`` or ``on_failure_callback`` (KIND ``success``, ``failure``) of one end of a run, or a
    task's (``task_execute``, ``task_success``, ``task_failure``, ``task_retry``, ``task_skipped``) whose own process
    could not call it; or what is to be called when a run is late (``deadline``, ``sla_miss``).

    REASON says why it ended, of a run in Airflow's word; TASK_INSTANCE_ID is the task instance of its context; DATA is
    what it is told besides: ``{"deadline": id}``, or the SLAs that were missed and what is in their way.
    """

    id: int
    dag_run_id: int
    kind: str
    reason: str
    task_instance_id: int | None
    state: CallbackState
    runner_id: str | None
    created_at: dt.datetime
    claimed_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    output: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)


def callback_kind(dag: DagSpec, end: RunState) -> str | None:
    """The kind of callback that DAG has for a run that ends as END; None without one."""
    kind = "success" if end is RunState.SUCCESS else "failure"
    return kind if dag.callbacks.get(f"on_{kind}_callback") else None


_OF_TASKS = {
    TaskState.SUCCESS: "success",
    TaskState.FAILED: "failure",
    TaskState.UP_FOR_RETRY: "retry",
    TaskState.SKIPPED: "skipped",
}


def task_callback_kind(task: TaskSpec, state: TaskState) -> str | None:
    """The kind of callback that TASK has for going to STATE (``task_failure`` is its ``on_failure_callback``); None
    without one."""
    kind = _OF_TASKS.get(state)
    return f"task_{kind}" if kind is not None and task.callbacks.get(f"on_{kind}_callback") else None


def relevant_task(kind: str, instances: Iterable[TaskInstance]) -> TaskInstance | None:
    """The task instance that a callback is told of: the one that failed last, or succeeded last
    (``DagRun.update_state``); where none did, the one that began last."""
    wanted = TaskState.SUCCESS if kind == "success" else TaskState.FAILED
    found = list(instances)
    ended = [row for row in found if row.state is wanted and row.end_date is not None]
    if ended:
        return max(ended, key=lambda row: row.end_date or dt.datetime.min.replace(tzinfo=dt.UTC))
    return last_begun(found)


def last_begun(instances: Iterable[TaskInstance]) -> TaskInstance | None:
    """Of INSTANCES the one that began last; None where none has."""
    begun = [row for row in instances if row.start_date is not None and row.try_number > 0]
    return max(begun, key=lambda row: row.start_date or dt.datetime.min.replace(tzinfo=dt.UTC), default=None)
