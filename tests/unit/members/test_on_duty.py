"""A service that only one daemon may run: when it works, what wakes it, and what becomes of errors."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

import pytest

from goflow.domain.runs import Event
from goflow.members import on_duty
from goflow.members.duties import NotLeadingError
from goflow.members.on_duty import OnDuty
from goflow.store import DatabaseBusyError, Store, events

WAIT_S = 30.0


class Handed:
    """A duty that a test hands over."""

    def __init__(self) -> None:
        self.leads = True
        self.changed: Callable[[], None] = lambda: None

    def watch(self, callback: Callable[[], None]) -> None:
        self.changed = callback

    def hand(self, leads: bool) -> None:
        self.leads = leads
        self.changed()


class Worker(OnDuty):
    """Tells each of its turns, and raises what it is told to."""

    def __init__(self, store: Store, duty: Handed) -> None:
        super().__init__("worker", store, duty)  # type: ignore[arg-type] # a duty of the test's own
        self.turns: queue.Queue[str] = queue.Queue()
        self.problems: list[Exception] = []

    def work(self) -> None:
        self.turns.put("work")
        if self.problems:
            raise self.problems.pop()

    def rest(self) -> None:
        self.turns.put("rest")

    def is_news(self, event: Event) -> bool:
        return event.kind == events.DAG_PAUSED

    def turn(self) -> str:
        return self.turns.get(timeout=WAIT_S)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    made = Store(sqlite_url)
    yield made
    made.close()


@pytest.fixture
def duty() -> Handed:
    return Handed()


@pytest.fixture
def worker(store: Store, duty: Handed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setattr(on_duty, "PAUSE_AFTER_ERROR_S", 0.01)
    made = Worker(store, duty)
    made.start()
    assert made.turn() == "work"
    yield made
    made.stop()
    assert not made.alive


def tell(store: Store, kind: str) -> None:
    with store.transaction() as tx:
        events.emit(tx, kind, dag_id="d", who="test")


def test_it_works_when_something_is_news_to_it(worker: Worker, store: Store) -> None:
    tell(store, events.DAG_PAUSED)
    assert worker.turn() == "work"
    tell(store, events.DAG_UNPAUSED)
    worker.wake.set()  # one turn for this, and none for what is no news
    assert worker.turn() == "work"
    assert worker.turns.empty()


def test_it_rests_while_another_has_the_duty(worker: Worker, duty: Handed, store: Store) -> None:
    duty.hand(False)
    assert worker.turn() == "rest"
    tell(store, events.DAG_PAUSED)
    assert worker.turn() == "rest"
    duty.hand(True)
    assert worker.turn() == "work"


@pytest.mark.parametrize("problem", [NotLeadingError("x"), DatabaseBusyError("away"), RuntimeError("a bug")])
def test_it_goes_on_after_an_error(worker: Worker, problem: Exception) -> None:
    worker.problems.append(problem)
    worker.wake.set()
    assert [worker.turn(), worker.turn()] == ["work", "work"]
    assert worker.failure is None


def test_it_hears_no_more_when_it_was_stopped(worker: Worker, store: Store) -> None:
    worker.stop()
    tell(store, events.DAG_PAUSED)
    assert worker.turns.empty()
