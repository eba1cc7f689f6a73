"""Things that seldom come together, as the reference model has found them (`tests.integration.scheduler.model`)."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.domain.runs import Outcome
from goflow.domain.spec import GroupSpec
from goflow.domain.state import RunState, TaskState
from goflow.domain.triggers import Deferral, Fired, FiredKind
from goflow.scheduler import batch, marking, operations
from goflow.scheduler.loop import Scheduler
from goflow.store import pools, transitions, triggers
from tests.unit.scheduler.kit import FAILED, SUCCESS, T0, World, at, dag, hourly, task

HOUR = dt.timedelta(hours=1)
OVER_S = {"mapped": True, "expand": {"x": {"$xcom": {"task_id": "s", "key": "return_value"}}}}
DEFERRED = Outcome(state=TaskState.DEFERRED, deferral=Deferral(classpath="a.B", next_method="go_on"))


def fire(world: World, name: str) -> None:
    """What a deferred task waits for has come."""
    with world.store.transaction() as tx:
        trigger = triggers.of_task(tx, world.row(name).id)
        assert trigger is not None
        assert transitions.fire_trigger(tx, trigger.id, Fired(kind=FiredKind.EVENT), who="test")
    world.settle()


def test_a_copy_for_which_there_is_a_value_again_waits_for_its_old_container(world: World) -> None:
    world.put(dag(task("s"), task("m", "s", **OVER_S)))
    run = world.trigger()
    world.finish("s", xcom=[1, 2])
    for name in ("m[0]", "m[1]"):
        world.start(name)
    world.clear(run.run_id, ["s"], downstream=True)
    world.stop("m[0]")
    world.finish("s", xcom=[1])
    assert world.states() == {"s": "success", "m[0]": "queued", "m[1]": "removed"}
    world.finish("m[0]")
    assert world.run_state() == "success"
    world.clear(run.run_id, ["s"], downstream=True)
    world.finish("s", xcom=[1, 2])
    assert (world.queued(), world.states()["m[1]"]) == (["m[0]"], "restarting")
    world.stop("m[1]")
    assert sorted(world.queued()) == ["m[0]", "m[1]"]


def test_a_task_that_goes_from_the_dag_while_it_begins_anew_is_removed(world: World) -> None:
    world.put(dag(task("a"), task("b")))
    run = world.trigger()
    world.start("a")
    world.clear(run.run_id, ["a"])
    world.put(dag(task("b")), version="2")
    world.clear(run.run_id, ["b"], newest_version=True)
    assert world.states() == {"a": "removed", "b": "restarting"}


def test_what_does_not_fit_beside_deferred_tasks_lets_others_pass(world: World) -> None:
    with world.store.transaction() as tx:
        pools.set_(tx, "p", 2, include_deferred=True, who="test")
    world.put(dag(task("a", pool="p"), task("gate"), task("wide", "gate", pool="p", pool_slots=2, priority_weight=9)))
    world.trigger()
    world.finish("a", DEFERRED)
    world.finish("gate")
    assert world.states()["wide"] == "scheduled"
    world.put(dag(task("narrow", pool="p"), dag_id="e"))
    world.trigger("e")
    assert world.states(dag_id="e") == {"narrow": "queued"}


def test_an_attempt_that_was_to_go_on_and_is_cleared_is_over_for_the_next_scheduler_too(world: World) -> None:
    world.put(dag(task("a"), task("b", priority_weight=9), max_active_tasks=1))
    run = world.trigger()
    world.finish("b", DEFERRED)
    fire(world, "b")
    assert world.states() == {"a": "queued", "b": "scheduled"}
    world.clear(run.run_id, ["b"])
    world.restart()
    world.settle()
    world.finish("a")
    assert (world.states()["b"], world.row("b").try_number) == ("queued", 2)


def test_what_a_branch_has_decided_holds_however_it_is_marked_and_whoever_looks(world: World) -> None:
    world.put(dag(task("b", operator="BranchPythonOperator"), task("x", "b", "y", trigger_rule="all_done"), task("y")))
    run = world.trigger()
    world.finish("b", Outcome(state=TaskState.SUCCESS, skip_downstream=("x",)))
    world.mark("b", TaskState.FAILED)
    world.restart()
    world.clear(run.run_id, ["x"])
    world.finish("y")
    assert world.states()["x"] == "skipped"


def test_fail_fast_heeds_a_failure_of_a_run_that_is_given_another_version_meanwhile(world: World) -> None:
    world.put(dag(task("a"), task("b"), fail_fast=True))
    run = world.trigger()
    world.start("b")
    world.put(dag(task("a"), task("b"), task("c"), fail_fast=True), version="2")
    world.finish_unheard("a", FAILED)
    with world.store.transaction() as tx:
        operations.clear(tx, "d", run.run_id, who="test", task_ids=["c"], newest_version=True)
    world.settle()
    assert world.states() == {"a": "failed", "b": "failed", "c": "skipped"}


def test_a_second_scheduler_does_not_draw_the_consequences_of_a_failure_again(world: World) -> None:
    last = task("last", "a", "b", teardown=True, trigger_rule="all_done")
    world.put(dag(task("a"), task("b"), last, fail_fast=True))
    run = world.trigger()
    second = Scheduler(world.store, backend="fake")
    second.cycle()
    world.finish("a", FAILED)
    world.stop("b")
    world.clear(run.run_id, ["b"])
    assert world.states() == {"a": "failed", "b": "queued", "last": "queued"}
    second.cycle()
    assert world.states() == {"a": "failed", "b": "queued", "last": "queued"}


def test_a_failure_of_before_the_run_was_queued_again_is_not_heeded_after_a_restart(world: World) -> None:
    world.put(dag(task("a"), task("b"), fail_fast=True))
    run = world.trigger()
    world.finish("a")
    world.finish("b")
    world.mark("a", TaskState.FAILED)
    with world.store.transaction() as tx:
        operations.clear(tx, "d", run.run_id, who="test", task_ids=["b"])
    world.restart()
    world.settle()
    assert world.states() == {"a": "failed", "b": "queued"}


def test_a_failure_of_before_the_run_was_queued_again_is_not_heeded_by_who_hears_of_it_late(world: World) -> None:
    world.put(dag(task("a"), task("b"), task("c"), fail_fast=True))
    run = world.trigger()
    world.finish_unheard("a", FAILED)
    with world.store.transaction() as tx:
        marking.mark_run(tx, "d", run.run_id, RunState.FAILED, who="test")
    with world.store.transaction() as tx:
        operations.clear(tx, "d", run.run_id, who="test", task_ids=["c"])
    world.settle()
    assert world.states() == {"a": "failed", "b": "skipped", "c": "restarting"}


def test_a_run_by_hand_takes_the_room_of_one_by_schedule_though_its_dag_went_on_first(world: World) -> None:
    spec = dag(task("a"), schedule=hourly(), start_date=at(T0 - 3 * HOUR), catchup=True, max_active_runs=1)
    world.put(spec, paused=True)
    world.settle()
    operations.unpause(world.store, "d", who="test")
    operations.trigger(world.store, "d", run_id="mine", who="test")
    world.settle()
    assert [run.run_id for run in world.all_runs()] == ["mine"]


def test_a_run_is_stuck_though_a_task_that_is_over_has_waited_for_the_run_before(world: World) -> None:
    late = task("late", start_date=at(T0 + dt.timedelta(days=365)))
    world.put(dag(late, task("waits", "late"), task("past", depends_on_past=True)))
    world.trigger()
    world.finish("past", FAILED)
    assert world.run_state() == "failed"
    world.clock.advance(1)
    run = world.trigger()
    assert world.run_state(run_id=run.run_id) == "running"
    world.mark("past", TaskState.SUCCESS, run_id=run.run_id)
    world.settle()
    assert world.run_state(run_id=run.run_id) == "failed"


def test_a_copy_that_waits_for_the_run_before_keeps_its_run_open_though_another_copy_is_over(world: World) -> None:
    copies = GroupSpec(group_id="g", expand={"x": [1, 2]})
    world.put(dag(task("a", group="g"), task("b", "a", group="g", depends_on_past=True), groups=(copies,)))
    first = world.trigger()
    world.finish_all(lambda name: FAILED if name.startswith("b") else SUCCESS)
    world.clock.advance(1)
    run = world.trigger()
    world.finish("a[0]", run_id=run.run_id)
    world.finish("a[1]", FAILED, run_id=run.run_id)
    assert world.states(run.run_id) == {"a[0]": "success", "a[1]": "failed", "b[0]": "none", "b[1]": "upstream_failed"}
    assert world.run_state(run_id=run.run_id) == "running"
    world.mark("b", TaskState.SUCCESS, run_id=first.run_id)
    assert world.states(run.run_id)["b[0]"] == "queued"


@pytest.mark.parametrize("end", [FAILED, Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=T0 + HOUR)])
def test_what_is_to_run_again_is_over_at_once_where_its_upstream_was_marked_meanwhile(
    world: World, end: Outcome
) -> None:
    world.put(dag(task("a"), task("b", "a", retries=1, retry_delay=60.0)))
    world.trigger()
    world.finish("a")
    launch = world.start("b")
    world.mark("a", TaskState.SKIPPED)
    assert world.states() == {"a": "skipped", "b": "running"}
    world.end(launch, end)
    assert world.states() == {"a": "skipped", "b": "skipped"}


def test_a_run_whose_last_task_ends_while_its_dag_is_paused_is_over_when_that_goes_on(world: World) -> None:
    world.put(dag(task("a")))
    world.trigger()
    operations.pause(world.store, "d", who="test")
    world.finish("a")
    assert world.run_state() == "running"
    operations.unpause(world.store, "d", who="test")
    world.settle()
    assert world.run_state() == "success"


def test_what_one_batch_leaves_the_next_one_queues_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_LAUNCHES", 2)
    world.put(dag(*(task(f"t{number}") for number in range(5))))
    world.trigger()
    assert len(world.queued()) == 5


def test_a_copy_that_comes_later_goes_before_copies_with_a_higher_index(world: World) -> None:
    copies = {"mapped": True, "expand": {"x": [1, 2, 3]}}
    with world.store.transaction() as tx:
        pools.set_(tx, "default_pool", 1, who="test")
    world.put(dag(task("m", **copies, retries=1, retry_delay=60.0), task("n", **copies)))
    world.trigger()
    done: list[str] = []
    while not done or done[-1] != "m[1]":
        done.append(world.queued()[0])
        if done[-1] != "m[1]":
            world.finish(done[-1], FAILED if done[-1] == "m[0]" else SUCCESS)
    world.pass_time(60)
    assert {name for name, state in world.states().items() if state == "scheduled"} >= {"m[0]", "m[2]"}
    world.finish("m[1]")
    assert world.queued() == ["m[0]"]
