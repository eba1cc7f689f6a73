"""Changes that are written together: by whoever writes, once, and each for itself where one of them fails."""

import threading

import pytest

from goflow.executor.notes import Notes
from goflow.store import Store, variables
from tests.unit.executor.kit import WAIT_S


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    made.upgrade()
    yield made
    made.close()


def note(name, done):
    """A change that writes NAME down."""

    def change(tx):
        done.append((name, id(tx)))

    return change


def test_what_comes_while_nobody_writes_is_written_by_now(store):
    done = []
    Notes(store, None).write("a", note("a", done))
    assert [name for name, _ in done] == ["a"]


def test_what_comes_meanwhile_is_left_to_the_one_that_writes_in_one_transaction(store):
    done, writing, go_on = [], threading.Event(), threading.Event()
    notes = Notes(store, None)

    def slow(tx):
        writing.set()
        assert go_on.wait(WAIT_S)

    first = threading.Thread(target=notes.write, args=("slow", slow))
    first.start()
    assert writing.wait(WAIT_S)
    for name in "abc":
        notes.write(name, note(name, done))
    assert done == [], "nobody waits for the one that writes"
    go_on.set()
    first.join(WAIT_S)
    assert [name for name, _ in done] == ["a", "b", "c"]
    assert len({tx for _, tx in done}) == 1


def test_one_that_fails_costs_no_other(store):
    failed = []
    writing, go_on = threading.Event(), threading.Event()
    notes = Notes(store, lambda work, problem: failed.append((work, str(problem))))

    def slow(tx):
        writing.set()
        assert go_on.wait(WAIT_S)

    def keep(name):
        def change(tx):
            variables.set_(tx, name, "x", who="test")

        return change

    def fail(tx):
        raise ValueError("no")

    first = threading.Thread(target=notes.write, args=("slow", slow))
    first.start()
    assert writing.wait(WAIT_S)
    for name, change in {"a": keep("a"), "bad": fail, "b": keep("b")}.items():
        notes.write(name, change)
    go_on.set()
    first.join(WAIT_S)
    assert failed == [("bad", "no")]
    with store.reading() as tx:
        assert [variable.name for variable in variables.list_(tx)] == ["a", "b"]
