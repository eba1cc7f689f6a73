"""Changes that are written together: by one of those who wait, and each for itself where one of them fails."""

import threading

import pytest

from goflow.executor.notes import EACH_S, LONGER, MANY, Notes
from goflow.store.errors import DatabaseBusyError
from tests.unit.executor.kit import WAIT_S


def each(tx, changes):
    """Makes changes that are functions."""
    return [change(tx) for change in changes]


class Several:
    """Threads that write while another one is at it, which goes on when all of them wait."""

    def __init__(self, store):
        self.notes = Notes(store)
        self.done, self.raised = [], {}
        self._writing, self._go_on = threading.Event(), threading.Event()

    def write(self, changes):
        first = threading.Thread(target=self.notes.write_with, args=(each, self._slow))
        first.start()
        assert self._writing.wait(WAIT_S)
        others = [threading.Thread(target=self._one, args=pair) for pair in changes.items()]
        for other in others:
            other.start()
        while len(self.notes._waiting) < len(others):
            threading.Event().wait(0.001)
        assert self.done == []
        self._go_on.set()
        for thread in (first, *others):
            thread.join(WAIT_S)

    def note(self, name):
        return lambda tx: self.done.append((name, id(tx)))

    def _one(self, name, change):
        try:
            self.notes.write_with(each, change)
        except Exception as problem:
            self.raised[name] = str(problem)

    def _slow(self, tx):
        self._writing.set()
        assert self._go_on.wait(WAIT_S)


def test_one_alone_is_written_at_once(sqlite_store):
    several = Several(sqlite_store)
    several.notes.write_with(each, several.note("a"))
    assert [name for name, _ in several.done] == ["a"]


def test_those_who_wait_are_written_in_one_transaction(sqlite_store):
    several = Several(sqlite_store)
    several.write({name: several.note(name) for name in "abc"})
    assert sorted(name for name, _ in several.done) == ["a", "b", "c"]
    assert len({tx for _, tx in several.done}) == 1


@pytest.mark.parametrize(
    ("count", "pause"),
    [(1, EACH_S), (3, 3 * EACH_S), (100, 0.3)],
    ids=["one change", "as many as there were", "up to a bound"],
)
def test_the_next_transaction_waits_as_long_as_the_one_before_was_worth(sqlite_store, clock, count, pause):
    pauses = []
    notes = Notes(sqlite_store, 0.3, pauses.append)
    for _ in range(count):
        notes.write_soon(each, lambda tx: None, lambda answer, problem: None)
    notes.flush()
    assert pauses == [], "the first one does not wait"
    notes.write_with(each, lambda tx: None)
    assert pauses == pytest.approx([pause])
    clock.advance(1.0)
    notes.write_with(each, lambda tx: None)
    assert len(pauses) == 1


@pytest.mark.parametrize(
    ("count", "took_s", "pause"),
    [
        (MANY, 0.025, 0.25),
        (MANY, 0.001, MANY * EACH_S),
        (MANY, 9.0, LONGER * 0.3),
        (MANY - 1, 9.0, (MANY - 1) * EACH_S),
    ],
    ids=["ten times as long", "no less than for a short one", "up to a bound", "not where little is written"],
)
def test_after_one_that_took_long_the_next_transaction_waits_longer(
    sqlite_store, clock, count: int, took_s: float, pause: float
):
    pauses: list[float] = []
    notes = Notes(sqlite_store, 0.3, pauses.append)
    for number in range(count):
        takes_s = 0.0 if number else took_s
        notes.write_soon(each, lambda tx, takes_s=takes_s: clock.advance(takes_s), lambda answer, problem: None)
    notes.flush()
    notes.write_with(each, lambda tx: None)
    assert pauses == pytest.approx([pause])


def test_what_is_to_be_last_comes_after_the_others_of_its_transaction(sqlite_store):
    notes, done = Notes(sqlite_store), []
    for name, last in (("end", True), ("beginning", False)):
        notes.write_soon(each, lambda tx, name=name: done.append(name), lambda answer, problem: None, last=last)
    notes.flush()
    assert done == ["beginning", "end"]


def test_one_that_fails_costs_no_other_and_hears_it_itself(sqlite_store):
    several = Several(sqlite_store)

    def fail(tx):
        raise ValueError("no")

    several.write({"a": several.note("a"), "bad": fail, "b": several.note("b")})
    assert several.raised == {"bad": "no"}
    assert {name for name, _ in several.done} == {"a", "b"}


def test_a_database_that_is_away_is_not_asked_for_each(sqlite_store):
    several, asked = Several(sqlite_store), []

    def away(tx):
        asked.append(1)
        raise DatabaseBusyError("away")

    several.write(dict.fromkeys("abc", away))
    assert (sorted(several.raised), len(asked)) == (["a", "b", "c"], 1)


def test_whoever_is_told_and_fails_keeps_nobody_else_from_being_told_or_from_writing(sqlite_store):
    notes, told = Notes(sqlite_store), []

    def fail(answer, problem):
        raise ValueError("no")

    notes.write_soon(each, lambda tx: None, fail)
    notes.write_soon(each, lambda tx: "b", lambda answer, problem: told.append(answer))
    notes.flush()
    assert told == ["b"]
    later = threading.Thread(target=notes.write_with, args=(each, lambda tx: told.append("c")), daemon=True)
    later.start()
    later.join(WAIT_S)
    assert told == ["b", "c"]
