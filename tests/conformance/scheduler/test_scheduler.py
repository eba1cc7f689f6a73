"""The scheduler on both databases: what a batch writes, and two daemons on one of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from goflow.domain.clock import SystemClock
from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.scheduler import operations
from goflow.scheduler.loop import Scheduler
from goflow.store import Store, launches, tasks
from tests.unit.scheduler.kit import FAILED, SUCCESS, World, dag, empty, hourly, task


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    world = World(store_url)
    yield world
    world.store.close()


def test_a_run_with_everything_in_it(world: World) -> None:
    xcom = {"$xcom": {"task_id": "make", "key": "return_value"}}
    members = [
        task("make"),
        task("m", "make", mapped=True, expand={"x": xcom}, retries=1, retry_delay=30.0),
        empty("e", "m"),
        task("pick", "e", operator="BranchPythonOperator"),
        task("left", "pick"),
        task("right", "pick"),
        task("join", "left", "right", trigger_rule="none_failed_min_one_success"),
    ]
    world.put(dag(*members, max_active_tasks=2))
    run = world.trigger(conf={"a": 1})
    world.finish("make", xcom=[1, 2, 3])
    world.finish("m[0]", FAILED)
    world.finish_all(
        lambda name: Outcome(state=TaskState.SUCCESS, skip_downstream=("right",)) if name == "pick" else SUCCESS
    )
    world.pass_time(31)
    world.restart()
    world.finish_all(
        lambda name: Outcome(state=TaskState.SUCCESS, skip_downstream=("right",)) if name == "pick" else SUCCESS
    )
    assert world.run_state() == "success"
    assert world.states()["right"] == "skipped"
    assert world.row("m", 0).try_number == 2
    assert ("join", -1) in world.clear(run.run_id, ["left"], downstream=True).tasks
    world.finish_all()
    assert world.run_state() == "success"


def test_runs_by_time_and_their_order(world: World) -> None:
    from tests.unit.scheduler.kit import T0, at

    world.put(dag(task("a", depends_on_past=True), schedule=hourly(), start_date=at(T0.replace(hour=8)), catchup=True))
    world.settle()
    assert len(world.all_runs()) == 4
    assert len(world.finish_all()) == 4
    assert {run.state for run in world.all_runs()} == {"success"}


def test_two_daemons_share_one_database_and_start_nothing_twice(store_url: str, world: World) -> None:
    """Each in threads of its own: a scheduler, and an executor that ends whatever it can claim."""
    clock = SystemClock()
    world.store.clock = clock
    xcom = {"$xcom": {"task_id": "make", "key": "return_value"}}
    members = [task("make"), task("m", "make", mapped=True, expand={"x": xcom}), empty("e", "m")]
    members += [task(f"t{n}", "e", retries=1, retry_delay=0.0) for n in range(10)]
    world.put(dag(*members, max_active_tasks=4))
    others = [Store(store_url, clock=clock) for _ in range(2)]
    for store in others:
        store.start_notifications(poll_s=0.2)
    daemons = [Scheduler(store, backend="fake") for store in others]
    over = threading.Event()
    unsubscribe = [
        store.subscribe(lambda found: over.set() if any(is_end(e.kind, e.data) for e in found) else None)
        for store in others
    ]
    workers = [Worker(store_url, over) for _ in range(2)]
    for thread in (*daemons, *workers):
        thread.start()
    try:
        operations.trigger(world.store, "d", who="test")
        assert over.wait(60)
    finally:
        over.set()
        for daemon in daemons:
            daemon.stop()
        for worker in workers:
            worker.join(30)
        for end, store in zip(unsubscribe, others, strict=True):
            end()
            store.close()
    assert world.run_state() == "success"
    assert [daemon.failure for daemon in daemons] == [None, None]
    with world.store.reading() as tx:
        for row in tasks.list_(tx, limit=100):
            made = [(launch.try_number, launch.ordinal) for launch in launches.of_task(tx, row.id)]
            assert made == [(n + 1, 1) for n in range(row.try_number if row.task_id != "e" else 0)], row.task_id


def is_end(kind: str, data: object) -> bool:
    return kind == "run.state" and isinstance(data, dict) and data.get("to") in {"success", "failed"}


class Worker(threading.Thread):
    """An executor: claims what waits, ends it, the first attempt of every third task badly."""

    def __init__(self, url: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.world = World(url)
        self.world.store.clock = SystemClock()
        self.over = over

    def run(self) -> None:
        try:
            while not self.over.is_set():
                if not self.world.work_off({"t0": FAILED, "t3": FAILED, "t6": FAILED}, xcom={"make": list(range(20))}):
                    self.over.wait(0.005)
        finally:
            self.world.store.close()
