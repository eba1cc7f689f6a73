"""What an end means for its task: the state that follows, as a pure function.

The rules are Airflow's (``TaskInstance.handle_failure`` and ``is_eligible_to_retry``), with two of our own: an attempt
that was disrupted (its pod evicted or deleted) is nobody's failure and is replaced, and a task that was told to stop
because it was cleared begins anew. A launch that found out what its task's pod is made of is followed by that pod.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from goflow.domain.retries import retry_delay_s
from goflow.domain.runs import DagRun, Launch, Outcome, TaskInstance
from goflow.domain.spec import TaskSpec
from goflow.domain.state import OCCUPYING_STATES, TaskState
from goflow.domain.triggers import Fired, FiredKind

SKIP_KEY = "skipmixin_key"
"""The XCom under which a branch leaves its choice, as in Airflow: ``{"followed": [...]}`` or ``{"skipped": [...]}``.

What it skipped stays skipped when it alone is cleared."""

_LAST = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


class Verdict(enum.StrEnum):
    """What is to be done with an outcome."""

    IGNORE = "ignore"
    """The attempt is over already, or the task is another's by now: only the launch is closed."""
    REPLACE = "replace"
    """The same attempt gets another launch."""
    ADVANCE = "advance"
    """The task goes to ``state``."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """VERDICT, and with ADVANCE the STATE that follows and when it goes on (``next_at``)."""

    verdict: Verdict
    state: TaskState | None = None
    next_at: dt.datetime | None = None


def consequence(
    task: TaskSpec, run: DagRun, instance: TaskInstance, launch: Launch, outcome: Outcome, now: dt.datetime
) -> Consequence:
    """What OUTCOME of LAUNCH means for INSTANCE."""
    if instance.try_number != launch.try_number or instance.state not in OCCUPYING_STATES:
        return Consequence(Verdict.IGNORE)
    if instance.state is TaskState.RESTARTING:
        return Consequence(Verdict.ADVANCE, TaskState.NONE)
    if launch.stop_requested_at is None and (outcome.disrupted or outcome.resolved is not None):
        return Consequence(Verdict.REPLACE)
    if outcome.state is TaskState.UP_FOR_RESCHEDULE:
        return Consequence(Verdict.ADVANCE, outcome.state, outcome.reschedule_at or now)
    if outcome.state is not TaskState.FAILED:
        return Consequence(Verdict.ADVANCE, outcome.state)
    if outcome.retry and instance.try_number <= instance.max_tries:
        told = outcome.retry_delay_s
        delay = retry_delay_s(task, instance, run) if told is None else told
        return Consequence(Verdict.ADVANCE, TaskState.UP_FOR_RETRY, _later(outcome.at or now, delay))
    return Consequence(Verdict.ADVANCE, TaskState.FAILED)


def _later(moment: dt.datetime, seconds: float) -> dt.datetime:
    """So many SECONDS after MOMENT, and no later than the calendar goes."""
    return moment + dt.timedelta(seconds=min(seconds, (_LAST - moment).total_seconds()))


def end_by_trigger(task: TaskSpec, fired: Fired) -> TaskState | None:
    """How a trigger that ends its task itself ends it at once; None where a container has to do it: a failure may be
    retried, and callbacks and outlets are the author's own code and data.

    Airflow calls nothing of the author's when a trigger skips its task (``BaseTaskEndEvent``).
    """
    if fired.kind is FiredKind.SKIPPED:
        return TaskState.SKIPPED
    if fired.kind is FiredKind.SUCCESS and not task.outlets and not task.callbacks.get("on_success_callback"):
        return TaskState.SUCCESS
    return None
