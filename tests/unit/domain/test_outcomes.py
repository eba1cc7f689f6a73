"""What an end means for its task."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from goflow.domain.outcomes import Consequence, Verdict, consequence
from goflow.domain.runs import Launch, Outcome, TaskInstance
from goflow.domain.spec import TaskSpec
from goflow.domain.state import LaunchState, TaskState
from goflow.executor.words import outcome_from_word
from tests.unit.domain.kit import run_at

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TASK = TaskSpec(task_id="t", operator="BashOperator", retries=1, retry_delay=60)
RUN = run_at(NOW)
INSTANCE = TaskInstance(
    id=1, dag_run_id=1, dag_id="d", run_id="r", task_id="t", state=TaskState.RUNNING, try_number=1, max_tries=1
)
LAUNCH = Launch(id="l", task_instance_id=1, try_number=1, ordinal=1, state=LaunchState.CLAIMED, backend="local")
FAILED = Outcome(state=TaskState.FAILED)

CASES = {
    "success": ({}, Outcome(state=TaskState.SUCCESS), (Verdict.ADVANCE, TaskState.SUCCESS)),
    "a first failure with a try left": ({}, FAILED, (Verdict.ADVANCE, TaskState.UP_FOR_RETRY)),
    "a failure without a try left": (
        {"try_number": 2},
        FAILED,
        (Verdict.ADVANCE, TaskState.FAILED),
    ),
    "a failure that asks for no retry": ({}, Outcome(state=TaskState.FAILED, retry=False), (Verdict.ADVANCE, TaskState.FAILED)),
    "a disruption is replaced": ({}, Outcome(state=TaskState.FAILED, disrupted=True), (Verdict.REPLACE, None)),
    "a cleared task begins anew": ({"state": TaskState.RESTARTING}, FAILED, (Verdict.ADVANCE, TaskState.NONE)),
    "an end that comes late changes nothing": ({"state": TaskState.SUCCESS}, FAILED, (Verdict.IGNORE, None)),
    "an end of an older attempt changes nothing": ({"try_number": 3}, FAILED, (Verdict.IGNORE, None)),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "outcome", "expected"), CASES.values(), ids=CASES.keys())
def test_what_follows(changes, outcome, expected):
    instance = dataclasses.replace(INSTANCE, **changes)
    own_try = changes.get("try_number") if expected[0] is Verdict.ADVANCE else None
    launch = dataclasses.replace(LAUNCH, try_number=own_try or 1)
    found = consequence(TASK, RUN, instance, launch, outcome, NOW)
    assert (found.verdict, found.state) == expected


def test_a_reschedule_waits_for_its_moment():
    later = NOW + dt.timedelta(minutes=5)
    outcome = Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=later)
    found = consequence(TASK, RUN, INSTANCE, LAUNCH, outcome, NOW)
    assert found == Consequence(Verdict.ADVANCE, TaskState.UP_FOR_RESCHEDULE, later)


@pytest.mark.parametrize(
    ("told", "then"),
    [
        ({"retry_delay_s": 2.5}, NOW + dt.timedelta(seconds=2.5)),
        ({"retry_delay_s": 0}, NOW),
        ({"retry_delay_s": 1e300}, dt.datetime(9999, 1, 1, tzinfo=dt.UTC)),
        ({"retry_delay_s": None}, NOW + dt.timedelta(seconds=60)),
        ({"retry_delay_s": "soon"}, NOW + dt.timedelta(seconds=60)),
        ({"retry_delay_s": float("inf")}, NOW + dt.timedelta(seconds=60)),
    ],
)
def test_a_retry_waits_as_its_policy_says(told, then):
    outcome = outcome_from_word({"state": "failed", **told})
    found = consequence(TASK, RUN, INSTANCE, LAUNCH, outcome, NOW)
    assert found == Consequence(Verdict.ADVANCE, TaskState.UP_FOR_RETRY, then)
