"""Every store case runs on SQLite and on PostgreSQL: the event sequence, its order, and who hears of it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from goflow.domain.runs import Event
from goflow.store import Store, cleaning, events, publisher
from tests.stores import START, OpenStore, make_run

PATIENCE_S = 30.0


class Ear:
    """A subscriber that remembers, and that can be waited for."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self._more = threading.Condition()

    def __call__(self, batch: Sequence[Event]) -> None:
        with self._more:
            self.heard.extend(batch)
            self._more.notify_all()

    def wait_for(self, count: int) -> list[Event]:
        """The first COUNT events, once they are here."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.heard) >= count, PATIENCE_S), self.heard
            return self.heard[:count]


def say(store: Store, kind: str, times: int = 1) -> None:
    """Commit one transaction with events."""
    with store.transaction() as tx:
        for _ in range(times):
            events.emit(tx, kind, who="test")


def test_an_event_comes_back_as_it_was_told(store: Store) -> None:
    with store.transaction() as tx:
        named = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": 3, "try_number": 2, "who": "me"}
        events.emit(tx, "kind", **named, data={"ü": [1, None]}, at=START - dt.timedelta(days=1))  # type: ignore[arg-type]
        events.emit(tx, "kind")
    with store.reading() as tx:
        first, second = events.after(tx, 0)
    assert (first.seq, first.at, first.data) == (1, START - dt.timedelta(days=1), {"ü": [1, None]})
    assert (first.dag_id, first.run_id, first.task_id, first.map_index, first.try_number) == ("d", "r", "t", 3, 2)
    assert (second.seq, second.at, second.dag_id, second.data) == (2, START, None, {})


def test_events_are_read_on_from_a_number(store: Store) -> None:
    with store.transaction() as tx:
        for number in range(6):
            events.emit(tx, f"kind {number % 2}", dag_id="even" if number % 2 == 0 else "odd", run_id=f"r{number // 2}")
    with store.reading() as tx:
        assert [event.seq for event in events.after(tx, 2, limit=3)] == [3, 4, 5]
        assert [event.seq for event in events.after(tx, 0, dag_id="odd")] == [2, 4, 6]
        assert [event.seq for event in events.after(tx, 0, dag_id="odd", run_id="r1")] == [4]
        assert [event.seq for event in events.after(tx, 3, kinds=["kind 0"])] == [5]
        assert [event.seq for event in events.before(tx, None, limit=2)] == [6, 5]
        assert [event.seq for event in events.before(tx, 5, dag_id="even")] == [3, 1]
        assert events.last_seq(tx) == 6


def test_the_last_number_before_a_moment_is_where_a_listener_begins(store: Store) -> None:
    moments = []
    for _ in range(3):
        moments.append(store.clock.now())
        say(store, "a", 2)
        store.clock.advance(60)  # type: ignore[attr-defined]
    with store.reading() as tx:
        found = [events.last_seq(tx, before=moment) for moment in [*moments, store.clock.now()]]
    assert found == [0, 2, 4, 6]


def test_numbers_are_never_used_again(store: Store) -> None:
    say(store, "old", 3)
    store.clock.advance(cleaning.YOUNG_S + 60)  # type: ignore[attr-defined]
    with store.transaction() as tx:
        before = store.clock.now()
        last, count = cleaning.old_events(tx, before)
        found = cleaning.oldest_events(tx, last, before, 10)
        assert count == len(found) == 3
        assert cleaning.remove_events(tx, [row["seq"] for row in found]) == 3
    say(store, "new")
    with store.reading() as tx:
        [event] = events.after(tx, 0)
    assert event.seq == 4


def test_subscribers_hear_what_was_committed_with_its_numbers(store: Store) -> None:
    ear = Ear()
    unsubscribe = store.subscribe(ear)
    say(store, "a", 2)
    with store.transaction() as tx:
        make_run(tx)
    with store.reading() as tx:
        assert ear.heard == events.after(tx, 0)
    unsubscribe()
    say(store, "unheard")
    assert ear.heard[-1].kind != "unheard"


def test_a_subscriber_may_write_in_its_turn(store: Store) -> None:
    ear = Ear()

    def answer(batch: Sequence[Event]) -> None:
        for event in batch:
            if event.kind == "question":
                say(store, "answer")

    store.subscribe(answer)
    store.subscribe(ear)
    say(store, "question", 2)
    assert [event.kind for event in ear.heard] == ["question", "question", "answer", "answer"]
    assert [event.seq for event in ear.heard] == [1, 2, 3, 4]


def test_writers_wait_for_a_subscriber_that_lags_far_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "MOST_HELD", 3)
    monkeypatch.setattr(publisher, "PATIENCE_S", 30.0)
    slow, written = threading.Semaphore(0), threading.Semaphore(0)
    heard: list[int] = []

    def listen(batch: Sequence[Event]) -> None:
        slow.acquire(timeout=30)
        heard.extend(event.seq for event in batch)

    def write() -> None:
        for number in range(3):
            say(store, f"e{number}")
            written.release()

    store.subscribe(listen)
    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2):  # one thread hands on, and the first two of the others' find room
        assert written.acquire(timeout=30)
    assert not written.acquire(timeout=0.2), "and the rest waits"
    assert store.publisher._held <= 3 + 4
    slow.release(12)
    for thread in threads:
        thread.join(30)
    assert heard == sorted(heard)
    assert len(heard) == 12


def test_a_writer_does_not_wait_for_ever_for_a_subscriber_that_waits_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "MOST_HELD", 0)
    monkeypatch.setattr(publisher, "PATIENCE_S", 0.05)
    done = threading.Event()

    def listen(batch: Sequence[Event]) -> None:
        if batch[0].kind == "first":
            other = threading.Thread(target=lambda: (say(store, "second"), done.set()))
            other.start()
            assert done.wait(30)

    store.subscribe(listen)
    say(store, "first")
    assert done.is_set()


def test_a_subscriber_that_fails_harms_nobody(store: Store) -> None:
    ear = Ear()

    def fail(batch: Sequence[Event]) -> None:
        raise ZeroDivisionError

    store.subscribe(fail)
    store.subscribe(ear)
    say(store, "a")
    assert [event.kind for event in ear.heard] == ["a"]


def test_many_threads_are_heard_in_the_order_of_the_numbers(store: Store) -> None:
    ear = Ear()
    store.subscribe(ear)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda number: say(store, str(number), 3), range(60)))
    assert [event.seq for event in ear.wait_for(180)] == list(range(1, 181))


def test_a_reader_that_follows_the_numbers_misses_nothing(open_store: OpenStore) -> None:
    """A number that is visible means that every lower one is: a reader may go on from the highest it has seen."""
    writers, reader = [open_store() for _ in range(4)], open_store()
    for writer in writers:
        say(writer, "warm", 1)
    done = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        last = 0
        while True:
            over = done.is_set()
            with reader.reading() as tx:
                found = [event.seq for event in events.after(tx, last, limit=100_000)]
            seen.extend(found)
            last = found[-1] if found else last
            if over and not found:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(len(writers)) as threads:
        list(threads.map(lambda number: [say(writers[number], "x", 2) for _ in range(50)], range(len(writers))))
    done.set()
    follower.join(PATIENCE_S)
    with reader.reading() as tx:
        assert seen == [event.seq for event in events.after(tx, 0, limit=100_000)]
    assert len(seen) == 4 + 4 * 50 * 2


def test_other_processes_are_heard_once_and_in_order(open_store: OpenStore) -> None:
    here, there = open_store(), open_store()
    say(there, "before")
    ear = Ear()
    here.subscribe(ear)
    here.start_notifications(poll_s=0.05)
    say(there, "foreign 1")
    ear.wait_for(1)
    say(here, "own")
    say(there, "foreign 2", 2)
    say(there, "foreign 3")
    assert [event.kind for event in ear.wait_for(5)] == ["foreign 1", "own", "foreign 2", "foreign 2", "foreign 3"]
    say(here, "last")
    assert [event.kind for event in ear.wait_for(6)][-1] == "last"
    here.close()
    assert len(ear.heard) == 6


def test_a_notification_wakes_faster_than_the_slow_look(postgres_url: str) -> None:
    here, there = Store(postgres_url), Store(postgres_url)
    ear = Ear()
    here.subscribe(ear)
    here.start_notifications(poll_s=3600)
    say(there, "foreign")
    assert [event.kind for event in ear.wait_for(1)] == ["foreign"]
    here.close()
    there.close()
