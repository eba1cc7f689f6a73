"""Deferred tasks in the scheduler: what the clock decides it fires itself; what is fired goes on in the same attempt."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from goflow.domain.runs import Outcome
from goflow.domain.spec import Dialect
from goflow.domain.state import TaskState
from goflow.domain.triggers import Deferral, Fired, FiredKind
from goflow.scheduler import operations
from goflow.store import launches, pools, transitions, triggers
from tests.unit.scheduler.kit import FAILED, World, dag, task

DATE_TIME = "airflow.providers.standard.triggers.temporal.DateTimeTrigger"


def waits(world: World, seconds: float | None = None, *, timeout_s: float | None = None, **kwargs: Any) -> Outcome:
    """A task waits for a trigger, or for the moment in SECONDS."""
    wait = Deferral(classpath="a.B", next_method="go_on", timeout_s=timeout_s)
    if seconds is not None:
        at = world.clock.now() + dt.timedelta(seconds=seconds)
        packed = {"__classname__": "datetime.datetime", "__version__": 2, "__data__": {"timestamp": at.timestamp()}}
        wait = dataclasses.replace(wait, classpath=DATE_TIME, kwargs={"moment": packed, **kwargs})
    return Outcome(state=TaskState.DEFERRED, deferral=wait)


def fired(world: World, task_id: str) -> Fired | None:
    """What the task's next launch goes on from."""
    row = world.row(task_id)
    with world.store.reading() as tx:
        found = triggers.resumption(tx, row.id, row.try_number)
    return None if found is None else found.fired


@pytest.mark.parametrize("restarted", [False, True], ids=["one scheduler", "another one after a restart"])
def test_a_moment_lets_the_task_go_on_in_the_same_attempt(world: World, restarted: bool) -> None:
    world.put(dag(task("a", retries=1), task("b", "a")))
    world.trigger()
    world.finish("a", waits(world, 60))
    assert (world.states()["a"], world.queued()) == ("deferred", [])
    world.pass_time(59)
    assert world.states()["a"] == "deferred"
    if restarted:
        world.restart()
        world.settle()
    world.pass_time(1)
    assert world.queued() == ["a"]
    assert fired(world, "a").kind is FiredKind.EVENT
    world.finish("a", FAILED)
    assert (world.states()["a"], world.row("a").try_number) == ("up_for_retry", 1)
    assert fired(world, "a") is None, "the next attempt begins at its beginning"


def test_a_moment_may_end_the_task_without_another_container(world: World) -> None:
    world.put(dag(task("a"), task("b", "a")))
    world.trigger()
    world.finish("a", waits(world, 5, end_from_trigger=True))
    world.pass_time(5)
    assert (world.states()["a"], world.queued()) == ("success", ["b"])


def test_a_time_out_lets_it_go_on_and_fail(world: World) -> None:
    world.put(dag(task("a")))
    world.trigger()
    world.finish("a", waits(world, timeout_s=7))
    world.pass_time(6)
    assert world.queued() == []
    world.pass_time(1)
    assert world.queued() == ["a"]
    assert fired(world, "a").kind is FiredKind.TIMEOUT


def test_airflow_2_waits_no_longer_than_the_execution_timeout(world: World) -> None:
    world.put(dag(task("a", execution_timeout=30.0), dialect=Dialect.AIRFLOW2))
    world.trigger()
    launch = world.start("a")
    world.clock.advance(10)
    world.end(launch, waits(world, timeout_s=900))
    world.pass_time(19)
    assert world.queued() == []
    world.pass_time(1)
    assert world.queued() == ["a"]


def test_what_a_runner_tells_lets_it_go_on(world: World) -> None:
    world.put(dag(task("a"), task("b", "a")))
    world.trigger()
    world.finish("a", waits(world))
    with world.store.transaction() as tx:
        key = triggers.of_task(tx, world.row("a").id).id
        transitions.fire_trigger(tx, key, Fired(kind=FiredKind.EVENT, payload=3), who="runner")
    world.settle()
    with world.store.reading() as tx:
        [launch] = launches.planned(tx, "fake")
    assert (launch.try_number, launch.ordinal) == (1, 2)
    world.finish_all()
    assert world.run_state() == "success"


def test_a_moment_that_is_reached_while_the_dag_is_paused_waits_for_a_slot_until_it_is_not(world: World) -> None:
    world.put(dag(task("a")))
    world.trigger()
    world.finish("a", waits(world, 5))
    operations.pause(world.store, "d", who="test")
    world.settle()
    world.pass_time(6)
    assert (world.states()["a"], world.queued()) == ("scheduled", [])
    operations.unpause(world.store, "d", who="test")
    world.settle()
    assert world.queued() == ["a"]


def test_a_rescheduled_task_does_not_go_on_from_its_trigger_again(world: World) -> None:
    world.put(dag(task("a")))
    world.trigger()
    world.finish("a", waits(world, 5))
    world.pass_time(5)
    again = world.clock.now() + dt.timedelta(seconds=5)
    world.finish("a", Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=again))
    world.pass_time(5)
    assert world.queued() == ["a"]
    assert fired(world, "a") is None


def test_a_run_that_times_out_takes_the_trigger_with_it(world: World) -> None:
    world.put(dag(task("a"), dagrun_timeout=60.0))
    world.trigger()
    world.finish("a", waits(world))
    world.pass_time(61)
    assert world.states()["a"] == "skipped"
    with world.store.reading() as tx:
        assert triggers.count_waiting(tx) == 0


@pytest.mark.parametrize("counts", [True, False], ids=["the pool counts it", "the pool does not"])
def test_while_a_task_is_deferred_its_slot_is_anothers_unless_the_pool_counts_it(world: World, counts) -> None:
    with world.store.transaction() as tx:
        pools.set_(tx, "default_pool", 1, include_deferred=counts, who="test")
    world.put(dag(task("a", priority_weight=2), task("b")))
    world.trigger()
    world.finish("a", waits(world, 300))
    assert world.queued() == ([] if counts else ["b"])
    if not counts:
        world.finish("b")
    world.pass_time(301)
    assert world.queued() == ["a"]
    world.finish("a")
    assert world.queued() == (["b"] if counts else [])


@pytest.mark.parametrize("limit", ["max_active_tis_per_dag", "max_active_tis_per_dagrun"])
@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("restarted", [False, True], ids=["one scheduler", "another one after a restart"])
def test_a_deferred_copy_counts_against_the_limits_of_its_task_under_airflow_3(
    world: World, limit: str, dialect: Dialect, restarted: bool
) -> None:
    """``ConcurrencyMap`` of Airflow 3 counts it, that of Airflow 2 does not; ``max_active_tasks`` never does."""
    copies = task("m", mapped=True, expand={"x": [1, 2]}, priority_weight=2, **{limit: 1})
    world.put(dag(copies, task("other"), dialect=dialect, max_active_tasks=1))
    world.trigger()
    assert world.queued() == ["m[0]"]
    world.finish("m[0]", waits(world, 300))
    if restarted:
        world.restart()
        world.settle()
    assert world.queued() == (["other"] if dialect is Dialect.AIRFLOW3 else ["m[1]"])
    world.finish_all()
    assert world.states()["m[1]"] == ("scheduled" if dialect is Dialect.AIRFLOW3 else "success")
    world.pass_time(301)
    assert world.queued()[0] == "m[0]"
    assert sorted(world.finish_all()) == (["m[0]", "m[1]"] if dialect is Dialect.AIRFLOW3 else ["m[0]"])
    assert world.run_state() == "success"


def test_a_deferred_task_of_another_run_counts_too(world: World) -> None:
    world.put(dag(task("a", max_active_tis_per_dag=1)))
    for name in ("one", "two"):
        world.clock.advance(1)
        world.trigger(run_id=name)
    world.finish("a", waits(world, 300), run_id="one")
    assert (world.queued(), world.states("two")) == ([], {"a": "scheduled"})
    world.mark("a", TaskState.SUCCESS, run_id="one")
    assert world.states("two") == {"a": "queued"}
