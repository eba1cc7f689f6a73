"""The verdict on the chaos sees what would be wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.record import Attempt, Instance, Launch, Record
from tests.chaos.verdict import problems
from tests.chaos.witness import Presence

WHO = ("chain", "r1", "first", -1)


def launch(name: str, *, ordinal: int = 1, reason: str = "", number: int = 1) -> Launch:
    return Launch(
        id=name,
        try_number=number,
        ordinal=ordinal,
        state="cleaned",
        job_name=f"job-{name}",
        job_index=None,
        reason=reason,
        message="",
    )


def attempt(number: int = 1, state: str = "success", reason: str = "", message: str = "") -> Attempt:
    return Attempt(try_number=number, state=state, reason=reason, message=message)


def instance(**more: Any) -> Instance:
    given = {"state": "success", "try_number": 1, "attempts": [attempt()], "launches": [launch("a")], **more}
    return Instance(who=more.get("who", WHO), **{name: value for name, value in given.items() if name != "who"})


def presence(pod: str, began: float, ended: float | None, *, done: bool = True, number: int = 1) -> Presence:
    return Presence(who=WHO, try_number=number, pod=pod, began=began, ended=ended, done=done)


def found(one: Instance, *seen: Presence, state: str | None = "success") -> list[str]:
    record = Record({} if state is None else {("chain", "r1"): state}, {one.who: one})
    return problems(record, seen, [("chain", "r1")])


def test_what_is_as_it_should_be_is_no_problem():
    assert found(instance(), presence("job-a-x", 1, 2)) == []


REPLACED = [launch("a", reason="PodDeleted"), launch("b", ordinal=2)]


def test_a_disrupted_launch_that_was_replaced_is_none():
    one = instance(launches=REPLACED, replaced={1: 1})
    assert found(one, presence("job-a-x", 1, 2, done=False), presence("job-b-x", 3, 4)) == []


def test_a_sensor_that_looks_again_is_none():
    one = instance(launches=[launch("a"), launch("b", ordinal=2)], rescheduled={1: 1})
    assert found(one, presence("job-a-x", 1, 2), presence("job-b-x", 3, 4)) == []


def test_a_retry_by_design_is_none():
    who = ("retried", "r1", "fails_once", -1)
    attempts = [attempt(1, "up_for_retry", "Exit", "The command returned a non-zero exit code 3."), attempt(2)]
    launches = [launch("a"), launch("b", number=2)]
    one = instance(who=who, try_number=2, attempts=attempts, launches=launches)
    seen = [presence("job-a-x", 1, 2), presence("job-b-x", 3, 4, number=2)]
    for presence_ in seen:
        presence_.who = who
    assert problems(Record({("retried", "r1"): "success"}, {who: one}), seen, [("retried", "r1")]) == []


def test_a_failure_is_held_against_what_was_meant():
    who = ("retried", "r1", "fails_once", -1)
    attempts = [attempt(1, "up_for_retry", "Lost", "its Job is gone"), attempt(2)]
    one = instance(who=who, try_number=2, attempts=attempts, launches=[launch("b", number=2)])
    told = problems(Record({("retried", "r1"): "success"}, {who: one}), [], [])
    assert f"{'/'.join(map(str, who))}: try 1 failed otherwise than by design: Lost: its Job is gone" in told


WRONG: dict[str, tuple[Instance, list[Presence], str]] = {
    "a task that was lost": (instance(state="queued"), [], "is queued, not success"),
    "a success that nobody has seen": (instance(), [], "nobody has seen its work done"),
    "a success without its work done": (instance(), [presence("job-a-x", 1, 2, done=False)], "its work done"),
    "two containers at once": (
        instance(launches=REPLACED, replaced={1: 1}),
        [presence("job-a-x", 1, 5, done=False), presence("job-b-x", 3, 6)],
        "two containers at the same time for 2.000 s",
    ),
    "a long one beside two others": (
        instance(launches=[*REPLACED, launch("c", ordinal=3)], replaced={1: 2}),
        [presence("job-a-x", 1, 9), presence("job-b-x", 2, 3), presence("job-c-x", 4, 5)],
        "job-a-x and job-c-x",
    ),
    "one that never ended": (
        instance(launches=REPLACED, replaced={1: 1}),
        [presence("job-a-x", 1, None, done=False), presence("job-b-x", 3, 6)],
        "until now",
    ),
    "a launch that began twice": (
        instance(),
        [presence("job-a-x", 1, 2), presence("job-a-y", 3, 4)],
        "has begun 2 times",
    ),
    "a second launch without a word": (
        instance(launches=REPLACED),
        [presence("job-a-x", 1, 2), presence("job-b-x", 3, 4)],
        "only 0 events say why",
    ),
    "a replacement of what was not disrupted": (
        instance(launches=[launch("a", reason="Exit"), launch("b", ordinal=2)], replaced={1: 1}),
        [presence("job-b-x", 3, 4)],
        "its launches say ['Exit', '']",
    ),
    "a failure that is nobody's design": (
        instance(try_number=2, attempts=[attempt(1, "failed", "Lost"), attempt(2)], launches=[launch("a", number=2)]),
        [presence("job-a-x", 1, 2, number=2)],
        "failed, not by design: Lost",
    ),
    "a pod that is no launch's": (
        instance(),
        [presence("job-a-x", 1, 2), presence("job-z-x", 3, 4)],
        "no launch's pod",
    ),
}


@pytest.mark.parametrize(("one", "seen", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told(one: Instance, seen: list[Presence], words: str):
    assert any(words in problem for problem in found(one, *seen)), found(one, *seen)


@pytest.mark.parametrize("state", ["running", "failed", None])
def test_a_run_that_has_not_succeeded_is_told(state: str | None):
    assert any(
        problem.startswith("run chain/r1 is") for problem in found(instance(), presence("job-a-x", 1, 2), state=state)
    )
