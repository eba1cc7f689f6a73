"""Retries, reschedules, disruptions, clears while something runs: what follows an end, and when."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.store import launches, tasks
from tests.unit.scheduler.kit import FAILED, T0, World, dag, task


def test_a_failed_attempt_is_tried_again_after_its_delay(world: World) -> None:
    world.put(dag(task("a", retries=1, retry_delay=90.0), task("b", "a")))
    world.trigger()
    world.finish("a", FAILED)
    row = world.row("a")
    assert (row.state, row.try_number, row.next_at) == ("up_for_retry", 1, T0 + dt.timedelta(seconds=90))
    assert world.states()["b"] == "none"
    world.pass_time(89)
    assert world.queued() == []
    world.pass_time(1)
    assert world.queued() == ["a"]
    assert world.row("a").try_number == 2
    world.finish("a", FAILED)
    assert world.states() == {"a": "failed", "b": "upstream_failed"}


def test_an_outcome_that_asks_for_no_retry_gets_none(world: World) -> None:
    world.put(dag(task("a", retries=3)))
    world.trigger()
    world.finish("a", Outcome(state=TaskState.FAILED, exit_code=1, retry=False))
    assert world.states() == {"a": "failed"}


def test_a_retry_that_was_due_while_the_daemon_was_away_starts_when_it_is_back(world: World) -> None:
    world.put(dag(task("a", retries=1, retry_delay=90.0)))
    world.trigger()
    world.finish("a", FAILED)
    world.clock.advance(3600)
    world.restart()
    world.settle()
    assert world.queued() == ["a"]


def test_a_rescheduled_sensor_goes_on_with_the_same_attempt(world: World) -> None:
    world.put(dag(task("s", retries=1)))
    world.trigger()
    later = T0 + dt.timedelta(seconds=60)
    world.finish("s", Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=later))
    assert world.states() == {"s": "up_for_reschedule"}
    world.pass_time(60)
    assert world.queued() == ["s"]
    row = world.row("s")
    assert row.try_number == 1
    with world.store.reading() as tx:
        assert [(launch.try_number, launch.ordinal) for launch in launches.of_task(tx, row.id)] == [(1, 1), (1, 2)]
    world.finish("s")
    assert world.run_state() == "success"


def test_a_sensor_that_waits_for_a_slot_over_a_restart_keeps_its_attempt(world: World) -> None:
    world.put(dag(task("s"), task("other", priority_weight=9), max_active_tasks=1))
    world.trigger()
    world.finish("other")
    world.finish("s", Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=T0 + dt.timedelta(seconds=60)))
    world.clear(world.only_run().run_id, ["other"])
    assert world.queued() == ["other"]
    world.pass_time(60)
    assert world.states()["s"] == "scheduled"
    world.restart()
    world.settle()
    world.finish("other")
    assert world.queued() == ["s"]
    assert world.row("s").try_number == 1


def test_a_disrupted_launch_is_replaced_and_nothing_is_counted(world: World) -> None:
    world.put(dag(task("a")))
    world.trigger()
    world.finish("a", Outcome(state=TaskState.FAILED, disrupted=True, reason="Evicted"))
    assert world.states() == {"a": "running"}
    with world.store.reading() as tx:
        (launch,) = launches.planned(tx, "fake")
    assert (launch.try_number, launch.ordinal) == (1, 2)
    assert world.end(launch.id)
    assert world.run_state() == "success"


def test_a_second_end_of_the_same_launch_changes_nothing(world: World) -> None:
    world.put(dag(task("a"), task("b", "a")))
    world.trigger()
    launch = world.start("a")
    assert world.end(launch)
    assert not world.end(launch, FAILED)
    assert world.states() == {"a": "success", "b": "queued"}


def test_the_end_of_a_launch_whose_task_was_marked_meanwhile_changes_nothing(world: World) -> None:
    world.put(dag(task("a"), task("b", "a")))
    world.trigger()
    launch = world.start("a")
    world.mark("a", TaskState.SUCCESS)
    assert world.stop_requested(launch)
    world.end(launch, FAILED)
    assert world.states() == {"a": "success", "b": "queued"}


def test_a_running_task_that_is_cleared_restarts_once_it_has_stopped(world: World) -> None:
    world.put(dag(task("a", retries=0)))
    run = world.trigger()
    launch = world.start("a")
    world.clear(run.run_id, ["a"])
    assert world.states() == {"a": "restarting"}
    assert world.stop_requested(launch)
    assert world.queued() == []
    world.end(launch, FAILED)
    assert world.queued() == ["a"]
    assert world.row("a").try_number == 2
    world.finish("a")
    assert world.run_state() == "success"


def test_a_cleared_task_has_all_its_retries_again(world: World) -> None:
    world.put(dag(task("a", retries=1, retry_delay=0.0)))
    run = world.trigger()
    world.finish("a", FAILED)
    world.finish("a", FAILED)
    assert world.states() == {"a": "failed"}
    world.clear(run.run_id, ["a"])
    world.finish("a", FAILED)
    world.finish("a", FAILED)
    assert world.states() == {"a": "failed"}
    assert world.row("a").try_number == 4


def test_results_of_an_earlier_attempt_are_gone_when_the_next_begins(world: World) -> None:
    world.put(
        dag(
            task("make", retries=1, retry_delay=0.0),
            task("m", "make", mapped=True, expand={"x": {"$xcom": {"task_id": "make"}}}),
        )
    )
    world.trigger()
    world.finish("make", FAILED, xcom=[1, 2, 3])
    world.finish("make")
    assert world.states()["m"] == "upstream_failed"


@pytest.mark.parametrize("state", [TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE])
def test_a_task_that_waits_may_be_cleared_and_begins_at_once(world: World, state: TaskState) -> None:
    world.put(dag(task("a", retries=1, retry_delay=600.0)))
    run = world.trigger()
    later = T0 + dt.timedelta(seconds=600)
    ended = FAILED if state is TaskState.UP_FOR_RETRY else Outcome(state=state, reschedule_at=later)
    world.finish("a", ended)
    assert world.states() == {"a": state.value}
    world.clear(run.run_id, ["a"])
    assert world.queued() == ["a"]
    assert world.row("a").try_number == 2
    with world.store.reading() as tx:
        assert [attempt.try_number for attempt in tasks.attempts(tx, world.row("a").id)] == [1, 2]
    world.pass_time(601)
    assert world.queued() == ["a"]
