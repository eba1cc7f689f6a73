"""The states of runs, tasks and launches, in Airflow's words, and which changes between them there are.

`TASK_TRANSITIONS`, `RUN_TRANSITIONS` and `LAUNCH_TRANSITIONS` are the whole tables: the store refuses any other change.
``docs/states.md`` shows them as tables and charts, and a test holds them together.

How GoFlow uses Airflow's task states:

* ``none``: made with its run, dependencies not met. ``scheduled``: dependencies met, waits for a slot.
* ``queued``: the slot is taken and a launch row is written, in the same transaction; the container is on its way.
* ``running``: the launch's process is known to have begun. ``restarting``: told to stop because it was cleared.
* ``up_for_retry``, ``up_for_reschedule``, ``deferred``, ``awaiting_input``: waiting for a moment, a trigger or a
  person, slot given back.
* ``success``, ``failed``, ``skipped``, ``upstream_failed``, ``removed``: the end, until someone clears it.
"""

from __future__ import annotations

import enum


class TaskState(enum.StrEnum):
    """Airflow's TaskInstanceState; ``NONE`` stands for its null."""

    NONE = "none"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"
    RESTARTING = "restarting"
    REMOVED = "removed"


class RunState(enum.StrEnum):
    """Airflow's DagRunState."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class RunType(enum.StrEnum):
    """Airflow's DagRunType; run ids begin with it and two underscores."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"
    BACKFILL = "backfill"
    ASSET_TRIGGERED = "asset_triggered"
    OPERATOR_TRIGGERED = "operator_triggered"
    """By TriggerDagRunOperator, under Airflow 3.3; its run ids begin with ``manual`` all the same."""


class LaunchState(enum.StrEnum):
    """How far one container start has come (decision 10).

    ``planned``: the row is written, nothing exists yet. ``created``: the backend has taken it (the Job exists, the
    process was asked for). ``claimed``: its runner, or its container, has begun. ``ended``: the end is stored; what the
    backend keeps of it may be cleaned up. ``cleaned``: it has been. ``lost``: gone without an answer.
    """

    PLANNED = "planned"
    CREATED = "created"
    CLAIMED = "claimed"
    ENDED = "ended"
    CLEANED = "cleaned"
    LOST = "lost"


TERMINAL_TASK_STATES = frozenset(
    {TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.UPSTREAM_FAILED, TaskState.REMOVED}
)
"""States in which a task is over, as Airflow's ``State.finished``."""

SUCCESS_STATES = frozenset({TaskState.SUCCESS, TaskState.SKIPPED})
FAILED_STATES = frozenset({TaskState.FAILED, TaskState.UPSTREAM_FAILED})
OCCUPYING_STATES = frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.RESTARTING})
"""States that hold a pool slot and count against ``max_active_tasks``."""
SUSPENDED_STATES = frozenset({TaskState.DEFERRED, TaskState.AWAITING_INPUT})
"""States in which an attempt has no container and goes on with what comes of its trigger, or of its question."""
WAITING_STATES = frozenset({TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE}) | SUSPENDED_STATES
TERMINAL_RUN_STATES = frozenset({RunState.SUCCESS, RunState.FAILED})
OPEN_LAUNCH_STATES = frozenset({LaunchState.PLANNED, LaunchState.CREATED, LaunchState.CLAIMED})

_S = TaskState
_ENDS = {_S.SUCCESS, _S.FAILED, _S.SKIPPED}

TASK_TRANSITIONS: dict[TaskState, frozenset[TaskState]] = {
    _S.NONE: frozenset({_S.SCHEDULED, _S.UPSTREAM_FAILED, _S.REMOVED, *_ENDS}),
    _S.SCHEDULED: frozenset({_S.QUEUED, _S.NONE, _S.UPSTREAM_FAILED, _S.REMOVED, *_ENDS}),
    _S.QUEUED: frozenset(
        {
            *(_S.RUNNING, _S.NONE, _S.UP_FOR_RETRY, _S.UP_FOR_RESCHEDULE, _S.DEFERRED, _S.AWAITING_INPUT),
            *(_S.RESTARTING, _S.REMOVED, *_ENDS),
        }
    ),
    _S.RUNNING: frozenset(
        {
            *(_S.UP_FOR_RETRY, _S.UP_FOR_RESCHEDULE, _S.DEFERRED, _S.AWAITING_INPUT, _S.RESTARTING, _S.REMOVED),
            *_ENDS,
        }
    ),
    _S.RESTARTING: frozenset({_S.NONE, _S.UP_FOR_RETRY, _S.REMOVED, *_ENDS}),
    _S.UP_FOR_RETRY: frozenset({_S.SCHEDULED, _S.NONE, _S.UPSTREAM_FAILED, _S.REMOVED, *_ENDS}),
    _S.UP_FOR_RESCHEDULE: frozenset({_S.SCHEDULED, _S.NONE, _S.UPSTREAM_FAILED, _S.REMOVED, *_ENDS}),
    _S.DEFERRED: frozenset({_S.SCHEDULED, _S.NONE, _S.UP_FOR_RETRY, _S.REMOVED, *_ENDS}),
    _S.AWAITING_INPUT: frozenset({_S.SCHEDULED, _S.NONE, _S.UP_FOR_RETRY, _S.REMOVED, *_ENDS}),
    _S.SUCCESS: frozenset({_S.NONE, _S.RESTARTING, _S.FAILED, _S.SKIPPED}),
    _S.FAILED: frozenset({_S.NONE, _S.RESTARTING, _S.SUCCESS, _S.SKIPPED}),
    _S.SKIPPED: frozenset({_S.NONE, _S.RESTARTING, _S.SUCCESS, _S.FAILED}),
    _S.UPSTREAM_FAILED: frozenset({_S.NONE, _S.SUCCESS, _S.FAILED, _S.SKIPPED}),
    _S.REMOVED: frozenset({_S.NONE, _S.RESTARTING}),
}
"""From each state, the states that may follow. Ends are left by a person's word: mark, or clear (to ``none``, or to
``restarting`` while the container of a task that was marked has not stopped yet); and ``removed`` in the same way when
there is a value for the copy again."""

RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.SUCCESS, RunState.FAILED}),
    RunState.RUNNING: frozenset({RunState.SUCCESS, RunState.FAILED, RunState.QUEUED}),
    RunState.SUCCESS: frozenset({RunState.QUEUED, RunState.RUNNING, RunState.FAILED}),
    RunState.FAILED: frozenset({RunState.QUEUED, RunState.RUNNING, RunState.SUCCESS}),
}
"""The same for runs; an ended run goes back to ``queued`` when some of its tasks are cleared."""

_L = LaunchState

LAUNCH_TRANSITIONS: dict[LaunchState, frozenset[LaunchState]] = {
    _L.PLANNED: frozenset({_L.CREATED, _L.CLAIMED, _L.ENDED, _L.LOST}),
    _L.CREATED: frozenset({_L.CLAIMED, _L.ENDED, _L.LOST}),
    _L.CLAIMED: frozenset({_L.ENDED, _L.LOST}),
    _L.ENDED: frozenset({_L.CLEANED}),
    _L.LOST: frozenset({_L.CLEANED, _L.ENDED}),
    _L.CLEANED: frozenset(),
}
"""The same for launches. A lost launch may still be heard of."""


def may_follow(before: TaskState, after: TaskState) -> bool:
    """Whether the table has that change."""
    return after in TASK_TRANSITIONS[before]
