"""Setups and teardowns: who waits for whom, and what a run's end makes of them."""

from __future__ import annotations

from tests.unit.scheduler.kit import FAILED, SKIPPED, World, dag, task

TEARDOWN = {"teardown": True, "trigger_rule": "all_done_setup_success"}


def test_the_teardown_runs_after_a_failure_and_does_not_save_the_run(world: World) -> None:
    world.put(dag(task("s", setup=True), task("w", "s"), task("t", "w", "s", **TEARDOWN)))
    world.trigger()
    world.finish("s")
    world.finish("w", FAILED)
    assert world.queued() == ["t"]
    assert world.run_state() == "running"
    world.finish("t")
    assert world.run_state() == "failed"


def test_a_failed_teardown_does_not_fail_the_run_unless_asked_to(world: World) -> None:
    world.put(dag(task("s", setup=True), task("w", "s"), task("t", "w", "s", **TEARDOWN)))
    world.put(
        dag(
            task("s", setup=True),
            task("w", "s"),
            task("t", "w", "s", on_failure_fail_dagrun=True, **TEARDOWN),
            dag_id="e",
        )
    )
    for dag_id, ended in (("d", "success"), ("e", "failed")):
        world.trigger(dag_id)
        for name in ("s", "w"):
            world.finish(name)
        world.finish("t", FAILED)
        assert world.run_state(dag_id) == ended


def test_a_failed_setup_spares_work_and_teardown(world: World) -> None:
    world.put(dag(task("s", setup=True), task("w", "s"), task("t", "w", "s", **TEARDOWN)))
    world.trigger()
    world.finish("s", FAILED)
    assert world.states() == {"s": "failed", "w": "upstream_failed", "t": "upstream_failed"}


def test_a_skipped_setup_skips_its_teardown(world: World) -> None:
    world.put(dag(task("s", setup=True), task("w", "s"), task("t", "w", "s", **TEARDOWN)))
    world.trigger()
    world.finish("s", SKIPPED)
    assert world.states() == {"s": "skipped", "w": "skipped", "t": "skipped"}


def test_a_task_waits_for_a_setup_that_is_not_right_above_it(world: World) -> None:
    members = [task("s", setup=True), task("a"), task("w", "a", trigger_rule="always"), task("x", "w", "s")]
    members += [task("late", "x", trigger_rule="one_failed"), task("t", "late", "s", **TEARDOWN)]
    world.put(dag(*members))
    world.trigger()
    world.finish("w")
    world.finish("a")
    world.finish("s", FAILED)
    # "late" has the rule one_failed, and its upstream has failed: but its setup has, too.
    assert world.states()["late"] == "upstream_failed"


def test_a_teardown_waits_for_everything_between_its_setup_and_itself(world: World) -> None:
    # "join" has failed upstream as soon as "bad" has; "slow" still works inside the scope.
    members = [task("s", setup=True), task("bad", "s"), task("slow", "s"), task("join", "bad", "slow")]
    world.put(dag(*members, task("t", "join", "s", **TEARDOWN)))
    world.trigger()
    world.finish("s")
    world.start("slow")
    world.settle()
    world.finish("bad", FAILED)
    assert world.states()["join"] == "upstream_failed"
    assert world.states()["t"] == "none"
    launch = next(iter(world.open_launches()))
    world.end(launch)
    assert world.queued() == ["t"]
