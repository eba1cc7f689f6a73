"""Which copies of mapped tasks are queued so that they share one Job."""

from __future__ import annotations

import pytest

from goflow.scheduler.loop import Scheduler
from goflow.store import launches, pools, tasks
from tests.unit.scheduler.kit import FAILED, World, dag, task

KPO = "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"


@pytest.fixture
def world(world: World) -> World:
    """Four copies that are queued together share a Job."""
    world.scheduler = Scheduler(world.store, backend="fake", shares_from=4)
    with world.store.transaction() as tx:
        pools.set_(tx, "default_pool", slots=20_000, who="test")
    return world


def jobs(world: World, task_id: str = "m") -> dict[int, list[int | None]]:
    """Map index to the index in its Job of each of its launches."""
    found = {}
    with world.store.reading() as tx:
        for row in tasks.of_run(tx, world.only_run().id):
            if row.task_id == task_id:
                found[row.map_index] = [launch.job_index for launch in launches.of_task(tx, row.id)]
    return found


def mapped(copies: int, **more: object):
    return task("m", mapped=True, expand={"env": [{} for _ in range(copies)]}, **more)


def test_copies_that_are_queued_together_share_one(world: World) -> None:
    world.put(dag(mapped(5), max_active_tasks=100))
    world.trigger()
    assert jobs(world) == {index: [index] for index in range(5)}


def test_so_many_as_find_a_slot_are_together_and_the_rest_follow_as_slots_become_free(world: World) -> None:
    world.put(dag(mapped(7), max_active_tasks=4))
    world.trigger()
    assert jobs(world) == {**{index: [index] for index in range(4)}, 4: [], 5: [], 6: []}
    world.finish_all()
    assert jobs(world) == {**{index: [index] for index in range(4)}, 4: [None], 5: [None], 6: [None]}


def test_a_retry_and_a_cleared_copy_have_a_job_of_their_own(world: World) -> None:
    world.put(dag(mapped(5, retries=1, retry_delay=30.0), max_active_tasks=100))
    run = world.trigger()
    for index in range(5):
        world.finish(f"m[{index}]", FAILED)
    world.pass_time(31)
    assert jobs(world) == {index: [index, None] for index in range(5)}
    world.finish_all()
    world.clear(run.run_id, ["m"])
    world.settle()
    assert jobs(world) == {index: [index, None, None] for index in range(5)}


ALONE = {
    "fewer than asked for": mapped(3),
    "pods of their own": mapped(5, operator="KubernetesPodOperator", operator_path=KPO),
}


@pytest.mark.parametrize("member", ALONE.values(), ids=ALONE)
def test_others_have_a_job_each(world: World, member) -> None:
    world.put(dag(member, max_active_tasks=100))
    world.trigger()
    assert {index for indexes in jobs(world).values() for index in indexes} == {None}


def test_a_batch_queues_as_many_copies_as_one_job_holds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goflow.scheduler.batch.MOST_LAUNCHES", 2)
    monkeypatch.setattr("goflow.scheduler.batch.COST_OF_A_COPY", 2 / 8)
    world.put(dag(mapped(11), max_active_tasks=100))
    world.trigger()
    for _ in range(3):  # a batch that had enough leaves the rest to the next
        world.scheduler.cycle()
    assert jobs(world) == {**{index: [index] for index in range(8)}, 8: [None], 9: [None], 10: [None]}
