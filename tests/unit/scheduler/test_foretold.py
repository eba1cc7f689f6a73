"""Runs that a timetable of the author's own foretells: asked of a helper, kept, and never waited for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from goflow.domain.questions import Question, QuestionState, about_interval, about_next_runs, about_partition_date
from goflow.domain.spec import Dialect, Schedule
from goflow.domain.state import RunState
from goflow.scheduler import foretold, operations
from goflow.scheduler.timetables import RunInfo
from goflow.store import dags, questions, transitions, triggers
from tests.unit.scheduler.kit import T0, World, at, dag, hourly, task

OWN = Schedule(kind="custom", timetable="Own", arguments={"class": "own.Own"})
HOUR = dt.timedelta(hours=1)


def own(**more: Any):
    """A DAG with a timetable of its author's own, from three hours ago."""
    given = {"schedule": OWN, "catchup": True, "start_date": at(T0 - 3 * HOUR), **more}
    return dag(task("a"), **given)


def asked(world: World, subject: str = about_next_runs("d")) -> Question:
    with world.store.reading() as tx:
        found = questions.about(tx, subject)
    assert found is not None
    return found


def answer(world: World, told: Any = None, problem: str | None = None, subject: str = about_next_runs("d")) -> None:
    """A helper claims what is asked, and answers."""
    with world.store.transaction() as tx:
        triggers.add_runner(tx, world.clock.now().isoformat(), capacity=1, ttl_s=5)
        transitions.claim_questions(tx, world.clock.now().isoformat(), 10)
        row = questions.about(tx, subject)
        transitions.store_answer(tx, row.id, row.epoch, told=told, problem=problem, who="helper")
        triggers.drop_runner(tx, world.clock.now().isoformat())
    world.settle()


def hours(*starts: int, over: bool = False, name: str | None = None) -> dict[str, Any]:
    """Runs for hours that begin so many hours after T0, each due at its end."""
    runs = []
    for start in starts:
        begin, end = (T0 + start * HOUR).isoformat(), (T0 + (start + 1) * HOUR).isoformat()
        runs.append([begin, begin, end, end, name and f"{name}{start}"])
    return foretold.check_told({"runs": runs, "over": over})


def made(world: World) -> list[int]:
    """The hours that have runs, as they lie after T0."""
    return sorted(round((run.logical_date - T0) / HOUR) for run in world.all_runs())


def next_hour(world: World) -> float | None:
    with world.store.reading() as tx:
        found = dags.get(tx, "d").next_logical_date
    return None if found is None else (found - T0) / HOUR


def test_the_timetable_is_asked_with_what_the_dag_allows_and_its_runs_are_made_when_it_has_told(world: World) -> None:
    world.put(own(end_date=at(T0 + 9 * HOUR)))
    world.settle()
    question = asked(world)
    assert (question.state, made(world), next_hour(world)) == (QuestionState.WAITING, [], None)
    assert question.asked["last"] is None
    assert question.asked["earliest"] == (T0 - 3 * HOUR).isoformat()
    assert (question.asked["latest"], question.asked["catchup"]) == ((T0 + 9 * HOUR).isoformat(), True)
    answer(world, hours(-3, -2, -1, 0))
    assert (made(world), next_hour(world)) == ([-3, -2, -1], 0)
    assert asked(world).state is QuestionState.ANSWERED, "one that is to come is known: there is nothing to ask"
    world.pass_time(3600)
    assert made(world) == [-3, -2, -1, 0]
    question = asked(world)
    assert question.state is QuestionState.WAITING
    assert question.asked["last"] == foretold.written(_info(0))


def _info(start: int) -> RunInfo:
    return RunInfo.interval(T0 + start * HOUR, T0 + (start + 1) * HOUR)


def test_an_id_that_the_timetable_generates_is_the_runs(world: World) -> None:
    world.put(own())
    world.settle()
    answer(world, hours(-1, 0, name="mine "))
    assert [run.run_id for run in world.all_runs()] == ["mine -1"]


def test_no_more_runs_are_made_than_may_be_active(world: World) -> None:
    world.put(own(max_active_runs=1))
    world.settle()
    assert asked(world).asked["most"] == 11
    answer(world, hours(-3, -2, -1, 0))
    assert made(world) == [-3]
    world.finish("a")
    assert made(world) == [-3, -2]


def test_a_daemon_that_is_begun_again_goes_by_what_was_told(world: World) -> None:
    world.put(own())
    world.settle()
    world.restart()
    world.settle()
    assert asked(world).epoch == 0, "it is being asked already"
    answer(world, hours(-1, 0))
    world.restart()
    world.settle()
    assert (made(world), next_hour(world), asked(world).state) == ([-1], 0, QuestionState.ANSWERED)
    world.clock.advance(3590)
    world.restart()
    world.settle()
    world.pass_time(20)
    assert made(world) == [-1, 0], "a run that is due about now is not given up for a fresher plan"


def test_a_plan_that_was_out_of_force_is_asked_for_anew(world: World) -> None:
    world.put(own(catchup=False))
    world.settle()
    answer(world, hours(0))
    operations.pause(world.store, "d", who="test")
    world.settle()
    world.pass_time(5 * 3600)
    assert made(world) == []
    operations.unpause(world.store, "d", who="test")
    world.settle()
    assert (made(world), next_hour(world)) == ([], None)
    assert asked(world).asked["anew"]
    world.pass_time(1)
    assert made(world) == [], "what was told before holds no longer"
    answer(world, hours(4))
    assert made(world) == [4]


def test_a_new_version_is_asked_anew(world: World) -> None:
    world.put(own())
    world.settle()
    answer(world, hours(0))
    before = asked(world)
    world.put(own(tags=("new",)), version="2")
    world.settle()
    question = asked(world)
    assert question.state is QuestionState.WAITING
    assert question.reading_id != before.reading_id
    assert next_hour(world) is None


def test_one_that_is_over_is_asked_now_and_then_whether_it_still_is(world: World) -> None:
    world.put(own())
    world.settle()
    answer(world, {"runs": [], "over": True})
    assert (made(world), next_hour(world), asked(world).state) == ([], None, QuestionState.ANSWERED)
    world.pass_time(599)
    assert asked(world).state is QuestionState.ANSWERED
    world.pass_time(1)
    assert asked(world).state is QuestionState.WAITING
    answer(world, hours(-1, over=True))
    assert made(world) == [-1]


def test_a_plan_is_kept_while_it_is_asked_whether_it_still_holds(world: World) -> None:
    world.put(own())
    world.settle()
    answer(world, hours(0))
    world.pass_time(600)
    assert (asked(world).state, next_hour(world)) == (QuestionState.WAITING, 0)
    answer(world, problem="it raised")
    assert next_hour(world) == 0
    world.pass_time(3000)
    assert made(world) == [0]


def test_a_timetable_that_fails_is_asked_again_after_pauses_that_grow_and_stops_no_other_dag(world: World) -> None:
    world.put(own())
    world.put(dag(task("a"), dag_id="other", schedule=hourly(), start_date=at(T0)))
    world.settle()
    for pause in (10, 20, 40):
        answer(world, problem="ValueError: no calendar")
        assert (asked(world).state, asked(world).problem) == (QuestionState.FAILED, "ValueError: no calendar")
        world.pass_time(pause - 1)
        assert asked(world).state is QuestionState.FAILED
        world.pass_time(1)
        assert asked(world).state is QuestionState.WAITING
    world.pass_time(3600)
    assert len(world.all_runs("other")) == 1
    answer(world, hours(-1, 0))
    assert made(world) == [-1, 0]


def test_a_run_that_somebody_has_made_by_hand_counts(world: World) -> None:
    world.put(own())
    world.trigger(logical_date=T0 - HOUR)
    answer(world, [(T0 - HOUR).isoformat(), T0.isoformat()], subject=about_interval(world.only_run().id))
    answer(world, hours(-1, 0))
    assert (made(world), next_hour(world)) == ([-1], 0)


def test_one_by_hand_that_stands_where_the_last_of_a_plan_would_does_not_make_it_ask_for_ever(world: World) -> None:
    world.put(own())
    world.trigger(logical_date=T0 - HOUR)
    answer(world, hours(-1))
    question = asked(world)
    assert question.asked["last"] == foretold.written(_info(-1))
    assert question.asked["newest"] is None
    answer(world, hours(0))
    assert next_hour(world) == 0


def test_a_long_catch_up_that_rests_on_a_default_waits_for_a_persons_word(world: World) -> None:
    world.put(own(dialect=Dialect.AIRFLOW2))
    world.settle()
    answer(world, hours(*range(-12, -1)))
    assert made(world) == []
    with world.store.reading() as tx:
        assert dags.get(tx, "d").hold_reason


def test_a_run_by_hand_begins_when_its_interval_was_told(world: World) -> None:
    world.put(own(schedule=OWN, catchup=False))
    run = world.trigger()
    assert (run.data_interval_start, world.run_state()) == (None, RunState.QUEUED)
    about = about_interval(run.id)
    assert asked(world, about).asked == {"run_after": run.logical_date.isoformat()}
    answer(world, problem="it raised", subject=about)
    world.pass_time(9)
    assert world.run_state() is RunState.QUEUED
    world.pass_time(1)
    assert asked(world, about).state is QuestionState.WAITING
    answer(world, [(T0 - HOUR).isoformat(), T0.isoformat()], subject=about)
    told = world.only_run()
    assert (told.data_interval_start, told.data_interval_end) == (T0 - HOUR, T0)
    assert world.run_state() is RunState.RUNNING


def test_a_run_by_hand_for_a_key_waits_for_what_that_stands_for_too(world: World) -> None:
    world.put(own(catchup=False))
    run = world.trigger(partition_key="2026-W02")
    about = about_partition_date(run.id)
    assert asked(world, about).asked == {"key": "2026-W02", "assets": None}
    answer(world, [(T0 - HOUR).isoformat(), T0.isoformat()], subject=about_interval(run.id))
    assert world.run_state() is RunState.QUEUED
    answer(world, T0.isoformat(), subject=about)
    told = world.only_run()
    assert (told.partition_date, told.data_interval_end, world.run_state()) == (T0, T0, RunState.RUNNING)


def test_latest_only_is_left_to_the_task_which_can_ask_the_timetable(world: World) -> None:
    path = "airflow.providers.standard.operators.latest_only.LatestOnlyOperator"
    world.put(dag(task("a", operator="LatestOnlyOperator", operator_path=path), task("b", "a"), schedule=OWN))
    run = world.trigger(logical_date=T0)
    answer(world, [T0.isoformat(), T0.isoformat()], subject=about_interval(run.id))
    assert world.queued() == ["a"]


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(None, id="nothing"),
        pytest.param({"runs": []}, id="whether it is over is not said"),
        pytest.param({"runs": [[None, None, None, None, None]], "over": False}, id="no moment to begin"),
        pytest.param({"runs": [["x", None, None, T0.isoformat(), None]], "over": False}, id="no moment"),
        pytest.param({"runs": [[T0.isoformat()]], "over": False}, id="too short"),
    ],
)
def test_what_is_no_list_of_runs_is_refused(told: Any) -> None:
    check: Callable[[Any], Any] = foretold.check_told
    with pytest.raises(ValueError, match=r".+"):
        check(told)
