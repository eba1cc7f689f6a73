"""When a run ends, the author's callback of its DAG is asked for, in the same transaction."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from goflow.domain.spec import Dialect
from goflow.domain.state import TaskState
from goflow.scheduler import operations
from goflow.store import callbacks
from goflow.store.tables import task_instances
from tests.unit.scheduler.kit import FAILED, SUCCESS, World, dag, task

BOTH = {"on_success_callback": True, "on_failure_callback": True}


def asked_for(world: World) -> list[tuple[str, str, str | None]]:
    """Kind, reason and task of each callback that was asked for."""
    with world.store.reading() as tx:
        found = callbacks.of_run(tx, world.only_run().id)
    names = {world.row(name).id: name for name in ("a", "b")}
    return [(row.kind, row.reason, names.get(row.task_instance_id)) for row in found]


@pytest.mark.parametrize(
    ("outcomes", "wanted", "expected"),
    [
        pytest.param((SUCCESS, SUCCESS), BOTH, [("success", "success", "b")], id="success: the task that ended last"),
        pytest.param((SUCCESS, FAILED), BOTH, [("failure", "task_failure", "b")], id="failure: the one that failed"),
        pytest.param((FAILED, None), BOTH, [("failure", "task_failure", "a")], id="not the one above which it failed"),
        pytest.param((SUCCESS, SUCCESS), {"on_failure_callback": True}, [], id="none for a success"),
        pytest.param((FAILED, None), {"on_success_callback": True}, [], id="none for a failure"),
    ],
)
def test_each_end_has_its_callback(world: World, outcomes, wanted, expected) -> None:
    world.put(dag(task("a"), task("b", "a"), callbacks=wanted))
    world.trigger()
    for name, outcome in zip(("a", "b"), outcomes, strict=True):
        if outcome is not None:
            world.clock.advance(1)
            world.finish(name, outcome)
    assert asked_for(world) == expected


def test_a_run_whose_time_is_up_has_one_too(world: World) -> None:
    world.put(dag(task("a"), task("b", "a"), dagrun_timeout=60.0, callbacks=BOTH))
    world.trigger()
    world.start("a")
    world.pass_time(61)
    assert asked_for(world) == [("failure", "timed_out", "a")]


@pytest.mark.parametrize(("dialect", "expected"), [(Dialect.AIRFLOW3, "b"), (Dialect.AIRFLOW2, "a")])
def test_of_a_run_whose_time_is_up_airflow_3_tells_what_was_under_way(world: World, dialect, expected) -> None:
    """Airflow 2 says nothing of it: there it is what has failed, as in other failures."""
    world.put(dag(task("a"), task("b"), dagrun_timeout=60.0, callbacks=BOTH, dialect=dialect))
    world.trigger()
    world.start("b")
    world.finish("a", FAILED)
    world.pass_time(61)
    assert asked_for(world) == [("failure", "timed_out", expected)]


@pytest.mark.parametrize(("dialect", "expected"), [(Dialect.AIRFLOW3, "b"), (Dialect.AIRFLOW2, "a")])
def test_of_a_run_in_which_nothing_can_go_on_airflow_3_tells_what_waits(world: World, dialect, expected) -> None:
    members = task("a"), task("not_there"), task("b", "a", "not_there")
    world.put(dag(*members, callbacks=BOTH, dialect=dialect), paused=True)
    world.trigger()
    with (
        world.store.transaction() as tx
    ):  # as in a run that is older than the task, and goes on with the newest version
        tx.connection.execute(sa.delete(task_instances).where(task_instances.c.id == world.row("not_there").id))
    world.restart()
    operations.unpause(world.store, "d", who="test")
    world.settle()
    world.finish("a")
    assert world.states() == {"a": "success", "b": "none"}
    assert asked_for(world) == [("failure", "all_tasks_deadlocked", expected)]


def test_a_run_that_is_marked_by_hand_has_none_and_one_that_ends_again_another(world: World) -> None:
    world.put(dag(task("a"), task("b", "a"), callbacks=BOTH))
    run = world.trigger()
    world.finish_all()
    world.mark("b", TaskState.FAILED)
    assert len(asked_for(world)) == 1
    world.clear(run.run_id, ["b"])
    world.finish("b", FAILED)
    assert [kind for kind, _, _ in asked_for(world)] == ["success", "failure"]
