"""Deadlines of runs: made with the run, met by its success, missed by the clock, each told once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.domain.questions import QuestionKind
from goflow.domain.spec import DeadlineSpec
from goflow.domain.state import RunState
from goflow.store import callbacks, deadlines, events, questions, runs, transitions, triggers, variables
from tests.unit.scheduler.kit import FAILED, SUCCESS, T0, World, at, dag, hourly, task

QUEUED = {"reference": "queued_at", "interval_s": 600.0}


def put(world: World, *alerts: dict[str, Any], **more: Any) -> None:
    world.put(dag(task("a"), deadlines=tuple(DeadlineSpec(callback="d:late", **alert) for alert in alerts), **more))


def moments(world: World, run_id: str | None = None) -> list[tuple[float, bool]]:
    """When the deadlines of the run are, in minutes after `T0`, and whether they were missed."""
    with world.store.reading() as tx:
        run = runs.by_run_id(tx, "d", run_id) if run_id else world.only_run()
        found = deadlines.of_run(tx, run.id)
    return [((row.deadline_time - T0).total_seconds() / 60, row.missed) for row in found]


def told(world: World) -> list[str]:
    """Events of deadlines, in order."""
    kinds = [events.DEADLINE_MET, events.DEADLINE_MISSED, events.DEADLINE_FAILED]
    with world.store.reading() as tx:
        return [event.kind for event in events.after(tx, 0, kinds=kinds)]


def asked_for(world: World) -> list[tuple[str, str]]:
    """Kind and reason of the callbacks of the only run."""
    with world.store.reading() as tx:
        return [(row.kind, row.reason) for row in callbacks.of_run(tx, world.only_run().id)]


@pytest.mark.parametrize(
    ("alert", "minutes"),
    [
        pytest.param(QUEUED, [10.0], id="from its queuing"),
        pytest.param({"reference": "logical_date", "interval_s": 60.0}, [-59.0], id="from its logical date"),
        pytest.param(
            {"reference": "fixed", "at": at(T0 + dt.timedelta(hours=2)), "interval_s": -3600.0},
            [60.0],
            id="a fixed moment, and an interval backwards",
        ),
        pytest.param({"reference": "average_runtime", "max_runs": 1, "min_runs": 1}, [], id="too few runs"),
        pytest.param({**QUEUED, "unwatched": "why"}, [], id="one that nobody watches"),
        pytest.param({"reference": "queued_at", "interval_variable": "half"}, [30.0], id="as a Variable says"),
        pytest.param({"reference": "queued_at", "interval_variable": "none"}, [], id="a Variable that is not there"),
        pytest.param({"reference": "queued_at", "interval_variable": "words"}, [], id="a Variable that is no number"),
    ],
)
def test_a_run_is_made_with_the_deadlines_of_its_dag(world: World, alert, minutes) -> None:
    with world.store.transaction() as tx:
        variables.set_(tx, "half", "1800", who="test")
        variables.set_(tx, "words", "an hour", who="test")
    put(world, alert)
    world.trigger(logical_date=T0 - dt.timedelta(hours=1), run_after=T0)
    with world.store.reading() as tx:
        found = deadlines.of_run(tx, world.only_run().id)
    assert [(row.deadline_time - T0).total_seconds() / 60 for row in found] == minutes
    assert (events.DEADLINE_FAILED in told(world)) == (alert.get("interval_variable") in {"none", "words"})


def test_a_run_without_a_logical_date_has_no_deadline_that_counts_from_it(world: World) -> None:
    put(world, {"reference": "logical_date"}, QUEUED)
    world.trigger(without_logical_date=True)
    assert moments(world) == [(10.0, False)]


def test_the_average_is_of_the_newest_successes(world: World) -> None:
    put(world, {"reference": "average_runtime", "max_runs": 2, "min_runs": 1})
    for minutes, outcome in ((60, SUCCESS), (10, SUCCESS), (1, FAILED), (20, SUCCESS)):
        world.trigger()
        launch = world.start("a")
        world.clock.advance(minutes * 60)
        world.end(launch, outcome)
    run = world.trigger()
    assert moments(world, run.run_id) == [((world.clock.now() - T0).total_seconds() / 60 + 15, False)]


def test_a_success_in_time_meets_it_and_a_clear_makes_none_again(world: World) -> None:
    put(world, QUEUED)
    run = world.trigger()
    world.finish("a")
    assert (moments(world), told(world)) == ([], [events.DEADLINE_MET])
    world.clear(run.run_id)
    assert moments(world) == []
    world.pass_time(3600)
    assert told(world) == [events.DEADLINE_MET]


def test_the_clock_misses_it_once_while_the_run_goes_on(world: World) -> None:
    put(world, {**QUEUED, "name": "ten minutes"}, {**QUEUED, "interval_s": 1200.0})
    world.trigger()
    launch = world.start("a")
    world.pass_time(600)
    assert told(world) == [], "the moment itself is in time"
    world.pass_time(1)
    assert (moments(world), asked_for(world)) == ([(10.0, True), (20.0, False)], [("deadline", "ten minutes")])
    world.pass_time(3000)
    world.end(launch)
    assert asked_for(world) == [("deadline", "ten minutes"), ("deadline", "queued_at")]
    assert told(world) == [events.DEADLINE_MISSED] * 2


def test_an_end_at_the_very_moment_is_in_time(world: World) -> None:
    put(world, QUEUED)
    world.trigger()
    launch = world.start("a")
    world.clock.advance(600)
    world.end(launch)
    assert told(world) == [events.DEADLINE_MET]


@pytest.mark.parametrize(
    ("paused", "starts", "ends"),
    [
        pytest.param(False, True, FAILED, id="a run that has failed before"),
        pytest.param(True, False, None, id="one that waits for its DAG to be unpaused"),
    ],
)
def test_it_is_missed_by_a_run_that_does_nothing_too(world: World, paused, starts, ends) -> None:
    put(world, QUEUED)
    if paused:
        world.put(dag(task("a"), deadlines=(DeadlineSpec(callback="d:late", **QUEUED),)), paused=True, version="2")
    world.trigger()
    if starts:
        world.finish("a", ends)
    world.pass_time(601)
    assert told(world) == [events.DEADLINE_MISSED]


def test_a_run_that_somebody_marks_as_success_in_time_has_met_it(world: World) -> None:
    put(world, QUEUED)
    world.trigger()
    world.mark_run(RunState.SUCCESS)
    world.settle()
    world.pass_time(3600)
    assert told(world) == [events.DEADLINE_MET]


def test_what_counts_from_the_queuing_begins_anew_with_the_run(world: World) -> None:
    put(world, QUEUED, {"reference": "logical_date", "interval_s": 900.0})
    run = world.trigger(logical_date=T0)
    world.finish("a", FAILED)
    world.pass_time(300)
    world.clear(run.run_id)
    assert moments(world) == [(15.0, False), (15.0, False)]
    world.pass_time(601)
    world.clear(run.run_id)
    assert moments(world) == [(15.0, True), (15.0, True)], "what was missed stays missed"


def test_a_scheduler_that_begins_knows_them_and_tells_what_was_missed_meanwhile(world: World) -> None:
    put(world, QUEUED, {**QUEUED, "interval_s": 3600.0})
    world.trigger()
    world.restart()
    world.clock.advance(601)
    world.settle()
    assert told(world) == [events.DEADLINE_MISSED]
    world.pass_time(3600)
    assert told(world) == [events.DEADLINE_MISSED] * 2


def test_runs_by_schedule_have_them_too(world: World) -> None:
    put(world, {**QUEUED, "interval_s": 60.0}, schedule=hourly(), start_date=at(T0), catchup=True)
    world.settle()
    world.pass_time(3600 + 61)
    assert asked_for(world) == [("deadline", "queued_at")]


def test_they_go_with_their_run(world: World) -> None:
    put(world, QUEUED)
    run = world.trigger()
    world.finish("a", FAILED)
    with world.store.transaction() as tx:
        runs.delete_(tx, run.id, who="test")
    world.pass_time(3600)
    assert told(world) == []


def test_what_the_authors_own_class_says_it_counts_from_is_asked(world: World) -> None:
    put(world, {"reference": "custom", "interval_s": 600.0, "name": "own"})
    run = world.trigger()
    assert moments(world) == []
    with world.store.transaction() as tx:
        transitions.claim_questions(tx, runner(tx), 10)
        [question] = questions.of_run(tx, run.id)
        assert (question.kind, question.asked["position"]) == (QuestionKind.DEADLINE, 0)
        answer = {"told": T0.isoformat(), "who": "test"}
        assert transitions.store_answer(tx, question.id, question.epoch, **answer) is not None
        assert transitions.store_answer(tx, question.id, question.epoch, **answer) is None
    world.settle()
    assert moments(world) == [(10.0, False)]
    world.pass_time(601)
    assert asked_for(world) == [("deadline", "own")]


@pytest.mark.parametrize("told", [{"told": None}, {"problem": "it raised"}], ids=["has none", "fails"])
def test_a_class_that_has_no_moment_leaves_the_run_without_that_deadline(world: World, told) -> None:
    put(world, {"reference": "custom"})
    run = world.trigger()
    with world.store.transaction() as tx:
        transitions.claim_questions(tx, runner(tx), 10)
        [question] = questions.of_run(tx, run.id)
        transitions.store_answer(tx, question.id, question.epoch, who="test", **told)
    world.settle()
    assert moments(world) == []
    world.finish("a")
    assert world.run_state() is RunState.SUCCESS


def runner(tx: Any) -> str:
    """A trigger runner that is there."""
    triggers.add_runner(tx, "r", capacity=1, ttl_s=60)
    return "r"
