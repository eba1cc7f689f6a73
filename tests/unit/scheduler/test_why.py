"""Why a task is not running yet, in words."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.domain.backfills import BackfillOrder
from goflow.domain.spec import RuntimeSpec, Schedule
from goflow.scheduler import backfills, operations, why
from goflow.scheduler.loop import Scheduler
from goflow.scheduler.namespaces import NamespaceSlots
from goflow.store import launches, pools, runs
from tests.unit.scheduler.kit import FAILED, T0, World, at, dag, hourly, task


def words(world: World, run_id: str | None = None, *, parallelism: int = 0) -> dict[str, str]:
    """Task to what it waits for."""
    with world.store.reading() as tx:
        run = runs.by_run_id(tx, "d", run_id) if run_id else world.only_run()
        found = why.of_run(tx, run, NamespaceSlots(world.namespace_slots, ""), parallelism)
        return {row.task_id: said for row, said in found}


def test_tasks_above_that_have_not_ended_are_named_with_their_states(world: World) -> None:
    many = [task(f"m{number}") for number in range(7)]
    world.put(dag(task("a"), *many, task("b", "a"), task("c", *(m.task_id for m in many), trigger_rule="all_done")))
    world.trigger()
    world.start("a")
    found = words(world)
    assert "a" not in found
    assert found["b"] == "trigger rule all_success: a is running"
    assert found["c"].startswith("trigger rule all_done: m0 is queued, m1 is queued,")
    assert found["c"].endswith(" and 2 more")


def test_setups_and_the_scope_of_a_teardown(world: World) -> None:
    ends = task("t", "s", "w", teardown=True, trigger_rule="all_done_setup_success")
    members = [task("s", setup=True), task("v", "s"), task("w", "v", trigger_rule="always"), ends]
    world.put(dag(*members, task("late", "w", trigger_rule="one_done")))
    world.trigger()
    world.finish("s")
    world.finish("w")
    assert words(world)["t"] == "it tears down when its scope is done: v is queued"


def test_a_paused_dag_and_a_run_that_is_over(world: World) -> None:
    world.put(dag(task("a"), task("b", "a")), paused=True)
    run = world.trigger()
    assert set(words(world).values()) == {"its DAG is paused: `goflow dags unpause d`"}
    operations.unpause(world.store, "d", who="test")
    world.settle()
    world.finish("a")
    world.finish("b")
    world.clear(run.run_id, ["b"], reset_runs=False)
    assert words(world) == {"b": f"its run is over (success): `goflow runs mark d {run.run_id} queued` lets it go on"}


def test_pools_limits_and_namespaces(world: World) -> None:
    world.namespace_slots = {"tight": 0}
    world.restart()
    with world.store.transaction() as tx:
        pools.set_(tx, "small", 1, who="test")
    members = [task("first", pool="small", priority_weight=9), task("second", pool="small"), task("none", pool="gone")]
    wide = task("wide", pool="small", pool_slots=2)
    far = task("far", runtime=RuntimeSpec(namespace="tight"))
    world.put(dag(*members, wide, far, max_active_tasks=5))
    world.trigger()
    found = words(world)
    assert found["first"].startswith("its container is about to be asked for (since 2026-01-05 12:00:00 UTC)")
    assert found["second"] == "pool small is full: 0 of 1 slots are free, it needs 1"
    assert found["none"] == "pool gone does not exist: `goflow pools set gone SLOTS`"
    assert found["wide"] == "it needs 2 slots of pool small, which has 1"
    assert found["far"] == (
        "0 tasks are under way in its namespace, and the namespace's limit (GOFLOW_NAMESPACE_SLOTS) is 0"
    )


def test_limits_of_dag_and_task(world: World) -> None:
    copies = task("m", mapped=True, expand={"x": [1, 2]}, max_active_tis_per_dagrun=1, priority_weight=9)
    world.put(dag(copies, task("a"), max_active_tasks=1))
    world.trigger()
    full = "1 tasks of its run are under way, and max_active_tasks is 1"
    assert words(world) == {"m": full, "a": full}
    world.start("m[0]")
    world.put(dag(copies, task("a"), max_active_tasks=9), version="2")
    world.settle()
    assert words(world)["m"] == "1 of its instances are under way in its run, and max_active_tis_per_dagrun is 1"


def test_a_limit_over_all_dags_counts_tasks_and_no_slots(world: World) -> None:
    world.scheduler = Scheduler(world.store, backend="fake", parallelism=1)
    world.put(dag(task("far", pool_slots=2), dag_id="other"))
    world.put(dag(task("a")))
    world.trigger("other")
    world.trigger()
    said = "1 tasks are under way in all, and parallelism (GOFLOW_PARALLELISM) is 1"
    assert words(world, parallelism=1) == {"a": said}
    world.finish("far")
    assert words(world, parallelism=1)["a"].startswith("its container is about to be asked for")


def test_a_run_of_a_backfill_waits_for_its_turn_or_until_somebody_lets_that_go_on(world: World) -> None:
    world.put(dag(task("a"), schedule=hourly(), start_date=at(T0)))
    world.settle()
    dates = {"from_date": T0 - dt.timedelta(hours=3), "to_date": T0 - dt.timedelta(hours=2)}
    made = backfills.create(world.store, BackfillOrder(dag_id="d", max_active_runs=1, **dates), who="test")
    second = world.all_runs()[1].run_id
    backfills.pause(world.store, made.id, who="test")
    world.settle()
    assert words(world, second) == {"a": f"its backfill is paused: `goflow backfills unpause {made.id}`"}
    backfills.unpause(world.store, made.id, who="test")
    world.settle()
    assert (
        words(world, second)["a"] == "its run is queued: 1 runs of its backfill are running, and max_active_runs is 1"
    )


def test_time_and_the_past(world: World) -> None:
    members = [task("a", retries=2, retry_delay=90.0), task("p", depends_on_past=True)]
    world.put(dag(*members, schedule=hourly(), start_date=at(T0), catchup=True, max_active_runs=2))
    world.pass_time(3 * 3600)
    first, second = (run.run_id for run in world.all_runs()[:2])
    world.finish("a", FAILED, run_id=first)
    assert words(world, first)["a"] == "attempt 1 failed; the next of 3 is due at 2026-01-05 15:01:30 UTC"
    assert words(world, second)["p"] == "depends_on_past: the same task of the run before has not ended well"
    third = world.trigger(logical_date=T0 + dt.timedelta(hours=9)).run_id
    assert words(world, third)["a"] == "its run begins at 2026-01-05 21:00:00 UTC"
    fourth = world.trigger(logical_date=T0 - dt.timedelta(hours=1)).run_id
    assert words(world, fourth)["a"] == "its run is queued: 2 runs of its DAG are running, and max_active_runs is 2"


def test_what_a_launch_says_of_itself_and_what_is_being_stopped(world: World) -> None:
    world.put(dag(task("a")))
    run = world.trigger()
    with world.store.transaction() as tx:
        (launch,) = launches.planned(tx, "fake")
        launches.set_message(tx, launch.id, reason="QuotaExceeded", message="no room in team")
    assert words(world)["a"].endswith("; QuotaExceeded: no room in team")
    world.clear(run.run_id, ["a"])
    assert words(world) == {"a": "it was cleared while it ran: it begins anew when what ran has stopped"}


def test_copies_wait_for_what_they_are_made_of(world: World) -> None:
    over = {"x": {"$xcom": {"task_id": "a", "key": "return_value"}}}
    world.put(dag(task("a"), task("m", "a", mapped=True, expand=over)))
    world.trigger()
    assert words(world)["m"] == "trigger rule all_success: a is queued"


@pytest.mark.parametrize("by_operator", [False, True])
def test_a_run_by_hand_or_by_a_task_waits_for_its_timetable(world: World, by_operator: bool) -> None:
    own = Schedule(kind="custom", timetable="Own", arguments={"class": "own.Own"})
    world.put(dag(task("a"), schedule=own))
    world.trigger(by_operator=by_operator)
    assert words(world)["a"] == "its run is queued: its author's code has not told the data interval yet"
