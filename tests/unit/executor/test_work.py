"""What waits for the executor's workers: bounded, in a good order, and nothing of it lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from goflow.domain.clock import VirtualClock
from goflow.domain.state import LaunchState
from goflow.executor.backend import BackendAwayError, Observation, Phase
from goflow.executor.pressure import Pressure
from goflow.executor.work import LAUNCHES_A_CLEAN, WorkQueue
from goflow.operators.plan import JobPlan
from goflow.store import launches
from tests.stores import START
from tests.unit.executor.kit import World
from tests.unit.executor.test_service import work_off


class Queue:
    """A queue for HELD of each kind, with room for two launches under way."""

    def __init__(self, held: int = 3) -> None:
        self.clock = VirtualClock(START)
        self.pressure = Pressure(self.clock, most=2)
        self.wake = threading.Event()
        self.work = WorkQueue(self.pressure, self.wake, most=held)

    def put(self, kind, *ids):
        return [self.work.put((kind, launch_id)) for launch_id in ids]

    def take(self):
        """Everything that may be taken now."""
        found = []
        while not self.work.empty():
            found.append(self.work.get())
        return found


@pytest.fixture
def queue():
    return Queue()


def test_stops_and_observations_go_first_and_cleaning_last(queue):
    queue.put("launch", "l1", "l2")
    queue.put("clean", "c1", "c2")
    queue.put("stop", "s1")
    seen = ("observe", Observation(launch_id="o1", phase=Phase.GONE))
    queue.work.put(seen)
    assert queue.take() == [("stop", "s1"), seen, ("launch", "l1"), ("launch", "l2"), ("clean", "c1"), ("clean", "c2")]


def test_who_comes_back_takes_one_itself_and_wakes_another_for_the_rest(queue):
    queue.put("launch", "l1", "l2", "l3")
    first = queue.take()
    queue.put("launch", "l4")
    with ThreadPoolExecutor(1) as other:
        waits = other.submit(queue.work.get)
        queue.work.done(*first, comes_back=True)
        assert [queue.work.get(), waits.result(10)] == [("launch", "l3"), ("launch", "l4")]


def test_who_does_not_come_back_wakes_another(queue):
    queue.put("launch", "l1", "l2", "l3")
    first = queue.take()
    with ThreadPoolExecutor(1) as other:
        waits = other.submit(queue.work.get)
        queue.work.done(first[0])
        assert waits.result(10) == ("launch", "l3")


def test_while_launches_wait_a_clean_up_follows_each_few_of_them():
    queue = Queue(held=20)
    queue.put("clean", "c1", "c2")
    queue.put("launch", *(f"l{number}" for number in range(2 * LAUNCHES_A_CLEAN + 1)))
    taken = []
    while not queue.work.empty():
        taken.append(queue.work.get())
        queue.work.done(taken[-1])
    few = ["launch"] * LAUNCHES_A_CLEAN
    assert [kind for kind, _ in taken] == [*few, "clean", *few, "clean", "launch"]


def test_what_is_to_be_cleaned_does_not_wait_for_launches_that_may_not_be_asked_for(queue):
    queue.put("launch", "l1")
    queue.put("clean", "c1")
    queue.pressure.throttled(retry_after_s=5)
    assert queue.take() == [("clean", "c1")]


def test_a_burst_of_launches_leaves_workers_for_stops(queue):
    queue.put("launch", "l1", "l2", "l3")
    assert queue.take() == [("launch", "l1"), ("launch", "l2")]
    queue.put("stop", "s1")
    assert queue.take() == [("stop", "s1")], "while both launches wait for the API server"
    queue.work.done(("launch", "l1"))
    assert queue.take() == [("launch", "l3")]


def test_what_finds_no_room_is_left_and_asked_for_when_there_is_some(queue):
    assert queue.put("launch", "l1", "l2", "l3", "l4", "l1") == [True, True, True, False, True]
    assert queue.work.wants() == []
    queue.take()
    assert queue.wake.is_set()
    assert queue.work.wants() == ["launch"]
    assert queue.work.wants() == [], "it is told once"
    assert queue.work.room("launch") == 2


def test_a_launch_that_is_put_back_is_the_next(queue):
    queue.put("launch", "l1", "l2", "l3")
    first = queue.work.get()
    queue.work.put_back(first)
    queue.work.done(first)
    assert queue.work.get() == ("launch", "l1")


def test_nobody_gets_anything_while_it_rests(queue):
    queue.put("stop", "s1")
    queue.work.rest(2.0)
    assert queue.take() == []
    queue.clock.advance(2.1)
    assert queue.take() == [("stop", "s1")]


# With the database behind it -------------------------------------------------------------------------------------


MANY = 60


def test_a_burst_is_worked_off_in_order_though_few_are_held(world: World) -> None:
    executor = world.executor()
    executor._queue.most = 7
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    found = [world.queue() for _ in range(MANY)]
    assert executor._queue.qsize() == 7
    while world.backend.starts != [launch.id for launch in found]:
        before = len(world.backend.starts)
        executor._tick()
        assert executor._queue.qsize() <= 7
        work_off(executor)
        assert len(world.backend.starts) > before


def test_a_burst_that_was_there_before_the_daemon_is_not_held_either(world: World) -> None:
    found = [world.queue() for _ in range(MANY)]
    for launch in found[::2]:
        world.request_stop(launch)
    executor = world.executor()
    executor._queue.most = 7
    world.store.subscribe(executor._on_events)
    executor._reconcile()
    for _ in range(MANY):
        assert executor._queue.qsize() <= 4 * 7
        work_off(executor)
        executor._tick()
    assert world.backend.starts == [launch.id for launch in found[1::2]]
    over = [world.launch(launch.id).state for launch in found[::2]]
    assert set(over) == {LaunchState.CLEANED}


def test_launches_that_share_a_job_are_one_step_however_they_are_fetched(world: World) -> None:
    shared = world.queue_copies(20)
    alone = world.queue()
    executor = world.executor()
    executor._queue.most = 7
    executor._reconcile()
    for _ in range(6):
        work_off(executor)
        executor._tick()
    assert world.backend.starts == [shared[0].id, alone.id]
    assert [what for what, _ in world.backend.calls] == ["launch"] * 2


def full(namespace: str):
    """A cluster in which that namespace has no quota left, until ``left`` is set."""
    left = threading.Event()
    words = "exceeded quota: team, requested: count/jobs.batch=1, used: count/jobs.batch=9, limited: count/jobs.batch=9"

    def before(world: World, what: str, launch_id: str) -> None:
        if what == "launch" and not left.is_set() and world.launch(launch_id).namespace == namespace:
            raise BackendAwayError(words, 5.0, reason="QuotaExceeded", waits="namespace")

    return left, before, words


def test_a_full_namespace_waits_by_itself_is_asked_by_one_launch_and_goes_on(world: World) -> None:
    left, before, words = full("team")
    asked: list[str] = []

    def told(what: str, launch_id: str) -> None:
        asked.append(launch_id)
        before(world, what, launch_id)

    world.backend.before = told
    world.defaults = replace(world.defaults, backend="local", namespace="team")
    executor = world.executor()
    executor._queue.most = 7
    world.store.subscribe(executor._on_events)
    found = [world.queue(namespace="team") for _ in range(20)]
    for _ in range(5):
        work_off(executor)
        executor._tick()
    assert asked == [found[0].id], "the others do not ask"
    assert {(world.launch(x.id).reason, world.launch(x.id).message) for x in found} == {("QuotaExceeded", words)}
    assert [(wait.what, wait.where, wait.blocks) for wait in world.store.waits.told()] == [("quota", "team", False)]
    for _ in range(3):
        world.store.clock.advance(31)
        executor._tick()
        work_off(executor)
    assert asked == [found[0].id] * 4, "one asks again, now and then"
    late = world.queue(namespace="team")
    work_off(executor)
    assert world.launch(late.id).reason == "QuotaExceeded"
    left.set()
    for _ in range(10):
        world.store.clock.advance(31)
        executor._tick()
        work_off(executor)
    assert world.backend.starts == [launch.id for launch in [*found, late]]
    assert {world.launch(x.id).reason for x in found} == {None}
    assert world.store.waits.told() == []


def test_a_full_namespace_keeps_no_other_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, before, _ = full("team")
    world.backend.before = lambda what, launch_id: before(world, what, launch_id)
    executor = world.executor()
    convert, executor._queue.most = executor.planner.convert, 7
    world.store.subscribe(executor._on_events)

    there = lambda request: replace(convert(request), namespace=request.launch.namespace)  # noqa: E731
    monkeypatch.setattr(executor.planner, "convert", there)
    waiting = [world.queue(namespace="team") for _ in range(30)]
    going = [world.queue(namespace="other") for _ in range(10)]
    for _ in range(20):
        work_off(executor)
        executor._tick()
    assert world.backend.starts == [launch.id for launch in going]
    with world.store.reading() as tx:
        assert len(launches.planned(tx)) == len(waiting)


def test_while_the_backend_is_away_one_launch_asks_and_none_is_lost(world: World) -> None:
    away = [True]
    asked = []

    def before(what: str, launch_id: str) -> None:
        if what == "launch":
            asked.append(launch_id)
            if away[0]:
                raise BackendAwayError("no route to host")

    world.backend.before = before
    executor = world.executor()
    executor._queue.most = 7
    world.store.subscribe(executor._on_events)
    found = [world.queue() for _ in range(20)]
    for _ in range(120):  # ten minutes
        work_off(executor)
        world.store.clock.advance(5)
        executor._tick()
    assert len(asked) <= 121
    assert len(executor._later.works()) == 0
    assert executor._queue.qsize() == 7
    (wait,) = world.store.waits.told()
    assert (wait.what, wait.why, wait.blocks) == ("local", "no route to host", True)
    away[0] = False
    for _ in range(20):
        world.store.clock.advance(5)
        executor._tick()
        work_off(executor)
    assert world.backend.starts == [launch.id for launch in found]
    assert world.store.waits.told() == []


def test_a_disk_without_room_is_waited_for_and_no_launch_fails_for_it(world: World) -> None:
    full, asked = [True], []

    def before(what: str, launch_id: str) -> None:
        if what == "launch":
            asked.append(launch_id)
            if full[0]:
                raise BackendAwayError("No space left on device", reason="NoRoom", what="disk")

    world.backend.before = before
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    found = [world.queue() for _ in range(20)]
    with capture_logs() as logs:
        for _ in range(12):  # a minute
            work_off(executor)
            world.store.clock.advance(5)
            executor._tick()
    assert len(asked) <= 13
    assert [(line["event"], line["wait"]) for line in logs if line["log_level"] in {"warning", "error"}] == [
        ("it waits", "disk")
    ]
    (wait,) = world.store.waits.told()
    assert (wait.what, wait.where, wait.why, wait.blocks) == ("disk", "local", "No space left on device", True)
    assert world.launch(found[0].id).reason == "NoRoom"
    full[0] = False
    for _ in range(20):
        world.store.clock.advance(5)
        executor._tick()
        work_off(executor)
    assert world.backend.starts == [launch.id for launch in found]
    assert world.launch(found[0].id).reason is None


def test_room_that_the_backend_misses_is_told_and_nobodys_time_to_start_is_up_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, no_room = [0.0], ["No space left on device"]
    monkeypatch.setattr("goflow.telemetry.waiting.time.monotonic", lambda: moment[0])
    monkeypatch.setattr(world.backend, "no_room", lambda: no_room[0] if no_room else None, raising=False)
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    launch = world.queue()
    work_off(executor)
    for _ in range(40):
        world.store.clock.advance(30)  # twice the time that it has to start
        executor._tick()
    assert [(wait.what, wait.where) for wait in world.store.waits.told()] == [("disk", "local")]
    assert world.launch(launch.id).state is LaunchState.CREATED
    no_room.clear()
    executor._tick()
    assert world.store.waits.is_on_any("disk"), "a full disk takes some writes all the same"
    moment[0] += 9
    executor._tick()
    assert world.store.waits.told() == []


def test_launches_that_have_to_wait_together_are_asked_for_by_one(world: World) -> None:
    full, asked = [True], []

    def before(what: str, launch_id: str) -> None:
        if what == "launch":
            asked.append(launch_id)
            if full[0]:
                raise BackendAwayError("No space left on device", reason="NoRoom", what="disk")

    class Many(type(world.backend)):  # type: ignore[misc]
        def launch_all(self, plans: Sequence[tuple[JobPlan, str]]) -> None:
            for plan, token in plans:
                self.launch(plan, token)

    world.backend = Many()
    world.backend.before = before
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    found = [world.queue() for _ in range(10)]

    def work() -> None:
        executor._do_together(executor._together, [executor._queue.get(), *executor._queue.more(("launch", ""), 99)])
        world.store.clock.advance(10)

    for _ in range(3):
        work()
    assert len(asked) <= 6, "each time all together, and then one by itself"
    assert sorted(executor._queue.first("launch", 20)) == sorted(launch.id for launch in found)
    full[0] = False
    work()
    assert sorted(world.backend.starts) == sorted(launch.id for launch in found)
    assert executor._queue.idle()
