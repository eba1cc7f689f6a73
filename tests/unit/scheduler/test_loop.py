"""The service itself: it wakes by events and timers, survives errors, and starts nothing twice."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from goflow.domain.clock import SystemClock
from goflow.domain.errors import ConflictError
from goflow.domain.runs import Event
from goflow.scheduler import batch, loop, operations, planning
from goflow.scheduler.loop import Scheduler
from goflow.store import Tx, events, launches, readers, runs, tasks, transitions
from tests.unit.scheduler.kit import FAILED, SUCCESS, T0, World, at, dag, empty, hourly, label, task


class Signal:
    """Set once an event of a kind with these data has been committed."""

    def __init__(self, world: World, kind: str, **data: str) -> None:
        self.seen = threading.Event()
        self._kind, self._data = kind, data
        self._end = world.store.subscribe(self._heard)

    def _heard(self, found: Sequence[Event]) -> None:
        if any(e.kind == self._kind and self._data.items() <= {**e.data, "task": e.task_id}.items() for e in found):
            self.seen.set()

    def wait(self) -> None:
        assert self.seen.wait(20), f"no {self._kind} {self._data}"
        self._end()


def test_a_thread_hears_of_what_happens_and_wakes_for_what_is_due(world: World) -> None:
    world.store.clock = world.clock = SystemClock()  # type: ignore[assignment]
    scheduler = Scheduler(world.store, backend="fake")
    world.put(dag(task("a", retries=1, retry_delay=0.05), empty("b", "a")))
    planned = Signal(world, events.LAUNCH_STATE, to="planned")
    scheduler.start()
    try:
        operations.trigger(world.store, "d", who="test")
        planned.wait()
        again = Signal(world, events.LAUNCH_STATE, to="planned")
        world.finish_unheard("a", FAILED)
        again.wait()
        ended = Signal(world, events.RUN_STATE, to="success")
        world.finish_unheard("a", SUCCESS)
        ended.wait()
        assert world.row("a").try_number == 2
    finally:
        scheduler.stop()
    assert not scheduler.alive
    assert scheduler.failure is None


def test_runs_are_begun_only_by_order_where_schedules_are_not_followed(world: World) -> None:
    world.scheduler = Scheduler(world.store, backend="fake", follows_schedules=False)
    world.put(dag(task("a"), schedule=hourly(), start_date=at(T0 - dt.timedelta(hours=5)), catchup=True))
    world.settle()
    world.pass_time(7200)
    run = world.trigger()
    with world.store.reading() as tx:
        assert [row.run_id for row in runs.list_(tx, "d")] == [run.run_id]
    assert world.states(run.run_id) == {"a": "queued"}


def test_it_sleeps_when_there_is_nothing_to_do(world: World) -> None:
    world.put(dag(task("a")))
    world.trigger()
    assert world.scheduler.next_timer() is None
    assert world.scheduler.sleep_s() == loop.LONGEST_SLEEP_S
    assert world.scheduler.cycle() == 0
    assert not world.scheduler.wake.is_set()


def test_its_own_events_do_not_wake_it_and_are_not_taken_in_twice(world: World) -> None:
    world.put(dag(*(empty(f"t{n}", *([f"t{n - 1}"] if n else [])) for n in range(30))))
    operations.trigger(world.store, "d", who="test")
    assert world.scheduler.cycle() > 30
    assert world.run_state() == "success"
    assert world.scheduler.cycle() == 0


@pytest.mark.parametrize("broken", ["apply", "plan_launches", "advance_runs"])
def test_a_batch_that_fails_leaves_nothing_behind_and_is_done_again(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    world.put(dag(empty("first"), task("a", "first"), task("b", "a")))
    real, calls = getattr(transitions, broken), []

    def fail_once(*given: Any, **more: Any) -> Any:
        calls.append(broken)
        if len(calls) == 1:
            raise OSError("the disk is gone")
        return real(*given, **more)

    monkeypatch.setattr(batch.transitions, broken, fail_once)
    operations.trigger(world.store, "d", who="test")
    with pytest.raises(OSError, match="the disk is gone"):
        world.settle()
    assert set(world.states().values()) == {"none"}
    world.settle()
    assert world.finish_all() == ["a", "b"]
    assert world.run_state() == "success"


def test_a_change_that_somebody_else_was_faster_with_is_planned_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(dag(task("a")))
    real, answers = transitions.apply, [[False]]

    def outrun(tx: Any, changes: Any) -> list[bool]:
        return answers.pop() if answers and changes else real(tx, changes)

    monkeypatch.setattr(batch.transitions, "apply", outrun)
    world.trigger()
    assert world.queued() == ["a"]


def test_it_gives_up_for_now_when_somebody_else_is_always_faster(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put(dag(task("a")))
    monkeypatch.setattr(batch.transitions, "apply", lambda _tx, changes: [False] * len(changes))
    operations.trigger(world.store, "d", who="test")
    with pytest.raises(ConflictError):
        world.settle()


def test_a_run_that_cannot_be_planned_keeps_no_other_from_going_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(dag(empty("x"), task("a", "x"), dag_id="bad"))
    world.put(dag(task("a")))
    real = planning.decide

    def fail_for_bad(book: Any, task_id: str, *rest: Any) -> Any:
        if book.run.dag_id == "bad" and task_id == "a":
            raise RuntimeError("a defect")
        return real(book, task_id, *rest)

    monkeypatch.setattr(batch.planning, "decide", fail_for_bad)
    world.trigger("bad")
    world.trigger()
    assert world.queued() == ["a"]
    assert world.states(dag_id="bad") == {"x": "none", "a": "none"}
    monkeypatch.setattr(batch.planning, "decide", real)
    with world.store.transaction() as tx:
        operations.clear(tx, "bad", world.only_run("bad").run_id, who="test")
    world.restart()
    world.settle()
    assert world.states(dag_id="bad") == {"x": "success", "a": "queued"}


def every_attempt_has_one_launch(world: World) -> bool:
    with world.store.reading() as tx:
        rows = tasks.list_(tx, limit=10_000)
        made = {label(row): [(n.try_number, n.ordinal) for n in launches.of_task(tx, row.id)] for row in rows}
    return all(found == [(n + 1, 1) for n in range(len(found))] and found for found in made.values())


@pytest.mark.parametrize("seed", range(5))
def test_two_schedulers_on_one_store_start_nothing_twice(world: World, seed: int) -> None:
    dice = random.Random(seed)
    members = [
        task(f"t{n}", *dice.sample([f"t{m}" for m in range(n)], min(n, 2)), retries=1, retry_delay=0.0)
        for n in range(8)
    ]
    world.put(dag(*members, max_active_tasks=3))
    both = [world.scheduler, Scheduler(world.store, backend="fake")]
    operations.trigger(world.store, "d", who="test")
    ends = 0
    while world.run_state() not in {"success", "failed"}:
        dice.choice(both).cycle()
        queued = world.queued()
        if queued and dice.random() < 0.6:
            ends += 1
            world.finish_unheard(dice.choice(queued), SUCCESS if ends % 4 else FAILED)
    assert world.run_state() == "success"
    assert every_attempt_has_one_launch(world)


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_any_statement_it_loses_nothing_and_starts_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Every few statements the process dies: what was not committed is gone, and another scheduler begins."""
    dice = random.Random(seed)
    members = [task("make"), task("m", "make", mapped=True, expand={"x": {"$xcom": {"task_id": "make"}}})]
    members += [empty("e", "m"), task("last", "e", retries=1, retry_delay=0.0)]
    world.put(dag(*members))
    operations.trigger(world.store, "d", who="test")
    deadly = [False]

    def mortal(name: str) -> Any:
        real = getattr(Tx, name)

        def statement(self: Tx, *given: Any, **more: Any) -> Any:
            if deadly[0] and self.writable and dice.random() < 0.08:
                raise SystemExit("killed")
            return real(self, *given, **more)

        return statement

    for name in ("rows", "first", "change", "change_many"):
        monkeypatch.setattr(Tx, name, mortal(name))
    deaths = 0
    while world.run_state() not in {"success", "failed"}:
        deadly[0] = True
        try:
            world.settle()
        except SystemExit:
            deaths += 1
            world.restart()
        deadly[0] = False
        for name in world.queued()[:1]:
            world.finish_unheard(name, SUCCESS, xcom=[1, 2, 3] if name == "make" else None)
    assert world.run_state() == "success"
    assert every_attempt_has_one_launch_or_none(world)
    assert deaths


def every_attempt_has_one_launch_or_none(world: World) -> bool:
    with world.store.reading() as tx:
        rows = tasks.list_(tx, limit=100)
        made = {label(row): len(launches.of_task(tx, row.id)) for row in rows}
    return made == {"make": 1, "m[0]": 1, "m[1]": 1, "m[2]": 1, "e": 0, "last": 1}


def test_how_far_the_events_are_read_is_written_down_once_a_minute(world: World) -> None:
    """A purge leaves those behind that place, and a scheduler that lags finds them."""

    def places() -> tuple[int | None, int]:
        with world.store.reading() as tx:
            return readers.place(tx, readers.SCHEDULER), events.last_seq(tx)

    world.settle()
    world.put(dag(task("a")))
    world.trigger()
    place, last = places()
    assert place is not None
    assert place < last, "not for each event"
    world.clock.advance(readers.NOTE_EVERY_S)
    world.settle()
    assert places() == (last, last)
    world.clock.advance(readers.NOTE_EVERY_S)
    world.finish_unheard("a", SUCCESS)
    place, newer = places()
    assert place == last < newer, "nobody has read these"
    world.restart()
    world.settle()
    assert (places()[0] or 0) >= newer
