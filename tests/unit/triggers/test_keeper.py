"""As many trigger runners as are wanted, and none while nothing is deferred."""

from __future__ import annotations

import pytest

from goflow.domain.triggers import Deferral
from goflow.store import tasks, transitions, triggers
from goflow.triggers.keeper import FIRST_WORD_S, IDLE_S, TriggerKeeper
from tests.stores import begin, make_run


class Place:
    """Runners that are names."""

    def __init__(self) -> None:
        self.alive: list[str] = []
        self.dead: list[str] = []
        self.begun = 0

    def begin(self, runner_id: str) -> None:
        self.alive.append(runner_id)
        self.begun += 1

    def gone(self) -> list[str]:
        lost, self.dead = self.dead, []
        return lost

    def living(self) -> list[str]:
        return list(self.alive)

    def end(self, timeout_s: float) -> None:
        self.dead, self.alive = self.dead + self.alive, []

    def kill(self, runner_id: str) -> None:
        self.alive.remove(runner_id)
        self.dead.append(runner_id)


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def keeper(sqlite_store, place) -> TriggerKeeper:
    return TriggerKeeper(sqlite_store, place, wanted=2, capacity=10)


def defer(store) -> int:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        launch = begin(tx, ti)
        deferral = Deferral(classpath="a.B", next_method="m")
        transitions.defer_task(tx, tasks.get(tx, ti.id), launch.id, deferral, who="test")
    return ti.id


def known(store) -> list[str]:
    with store.reading() as tx:
        return [runner.id for runner in triggers.runners(tx)]


def test_there_is_none_until_something_is_deferred(keeper, place, sqlite_store):
    assert not keeper.look()
    assert place.begun == 0
    defer(sqlite_store)
    assert keeper.look()
    assert keeper.look()
    assert place.begun == 2
    assert known(sqlite_store) == place.alive


def test_one_that_is_gone_is_given_up_at_once_and_replaced(keeper, place, sqlite_store):
    defer(sqlite_store)
    keeper.look()
    [first, second] = place.alive
    with sqlite_store.transaction() as tx:
        transitions.claim_triggers(tx, first, 5)
    place.kill(first)
    keeper.look()
    assert place.begun == 3
    assert first not in known(sqlite_store)
    assert second in known(sqlite_store)
    with sqlite_store.reading() as tx:
        assert triggers.count_for_runners(tx, unheld=True) == 1


def test_one_that_falls_silent_is_given_up_when_its_time_is_over(keeper, place, sqlite_store, clock):
    defer(sqlite_store)
    keeper.look()
    clock.advance(FIRST_WORD_S + 1)
    keeper.look()
    assert known(sqlite_store) == []
    assert len(place.alive) == 2, "their processes live: nobody is killed for it"
    keeper.look()
    assert known(sqlite_store) == place.alive[2:]
    assert place.begun == 4, "but others are begun"
    clock.advance(FIRST_WORD_S + 1)
    keeper.look()
    keeper.look()
    assert place.begun == 4, "though not more and more of them"


def test_those_that_end_again_and_again_are_begun_after_pauses(keeper, place, sqlite_store, clock):
    defer(sqlite_store)
    for _ in range(3):
        keeper.look()
        for name in place.living():
            place.kill(name)
    begun = place.begun
    keeper.look()
    assert place.begun == begun
    clock.advance(40)
    keeper.look()
    assert place.begun == begun + 2


def test_they_end_when_nothing_has_been_deferred_for_a_while(keeper, place, sqlite_store, clock):
    ti_id = defer(sqlite_store)
    keeper.look()
    with sqlite_store.transaction() as tx:
        transitions.clear_tasks(tx, {ti_id: 0}, who="test")
    assert keeper.look()
    clock.advance(IDLE_S - 1)
    assert keeper.look()
    assert place.alive
    clock.advance(2)
    keeper.look()
    assert not place.alive
    assert not keeper.look()
    assert known(sqlite_store) == []


def test_without_a_place_of_its_own_it_only_gives_up_the_silent(place, sqlite_store, clock):
    keeper = TriggerKeeper(sqlite_store, place, wanted=0, capacity=1)
    defer(sqlite_store)
    with sqlite_store.transaction() as tx:
        triggers.runner_seen(tx, "pod", capacity=5, ttl_s=15)
    assert keeper.look()
    assert known(sqlite_store) == ["pod"]
    assert keeper.status() == {"waiting": 1, "unheld": 1, "runners": {"pod": 0}, "watches": []}
    clock.advance(16)
    keeper.look()
    assert known(sqlite_store) == []
    assert place.begun == 0
