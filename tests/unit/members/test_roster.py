"""The members of one database, in virtual time: who leads, who has what, and what one that slept may still do."""

from __future__ import annotations

import pytest

from goflow.domain.clock import VirtualClock
from goflow.members.duties import NotLeadingError
from goflow.members.roster import NotHeardOfError, OtherBackendError, Roster
from goflow.store import Store, events, leases
from tests.stores import START

KEYS = [f"launch-{n}" for n in range(50)]


class Many:
    """Rosters of daemons on one database, looked after by hand."""

    def __init__(self, url: str, clock: VirtualClock) -> None:
        self.url, self.clock = url, clock
        self.opened: list[Store] = []

    def join(self, name: str, backend: str = "local") -> Roster:
        store = Store(self.url, clock=self.clock)
        self.opened.append(store)
        roster = Roster(store, name, name=f"pod-{name}", backend=backend, version="1", ttl_s=6)
        roster.duty("scheduler")
        roster._wait_for_others()
        roster._join()
        roster.started.set()
        return roster

    def look(self, *rosters: Roster, times: int = 2) -> None:
        for _ in range(times):
            for roster in rosters:
                roster.look()

    def told(self, kind: str) -> list[dict]:
        with self.opened[0].reading() as tx:
            return [dict(event.data) for event in events.after(tx, 0) if event.kind == kind]


@pytest.fixture
def many(sqlite_url: str, clock: VirtualClock):
    made = Many(sqlite_url, clock)
    yield made
    for store in made.opened:
        store.close()


def leaders(*rosters: Roster) -> list[str]:
    return [roster.id for roster in rosters if roster.duties["scheduler"].leads]


def test_one_leads_and_each_key_is_somebodys(many: Many):
    a, b = many.join("a"), many.join("b")
    many.look(a, b)
    assert len(leaders(a, b)) == 1
    assert [one.id for one in a.live] == [one.id for one in b.live] == ["a", "b"]
    shares = [[key for key in KEYS if roster.has(key)] for roster in (a, b)]
    assert all(len(share) > 10 for share in shares)
    assert sorted(shares[0] + shares[1]) == sorted(KEYS)
    assert [key for key in KEYS if a.may_have(key)] == shares[0]


def test_one_that_falls_silent_is_given_up_when_its_time_is_over(many: Many):
    a = many.join("a")
    many.look(a)
    b = many.join("b")
    many.look(b)
    changed: list[int] = []
    b.watch(lambda: changed.append(len(b.live)))
    many.clock.advance(5.9)
    many.look(b)
    assert (leaders(b), changed) == ([], [])
    assert b._pause_s() < 0.2, "it looks again when the other's time is over, not a beat later"
    many.clock.advance(0.2)
    many.look(b)
    assert (leaders(b), changed, b.duties["scheduler"].epoch) == (["b"], [1], 2)
    assert all(b.has(key) for key in KEYS)
    assert many.told(events.DAEMON_LEFT) == [{"daemon": "a", "name": "pod-b", "lost": True}]


def test_one_that_slept_does_nothing_until_it_has_joined_again(many: Many):
    a = many.join("a")
    many.look(a)
    b = many.join("b")
    many.look(a, b)
    heard: list[bool] = []
    a.duties["scheduler"].watch(lambda: heard.append(a.duties["scheduler"].leads))
    many.clock.advance(5.5)
    assert not a.is_sure
    assert leaders(a) == []
    with pytest.raises(NotHeardOfError):
        a.has(KEYS[0])
    assert all(a.may_have(key) for key in KEYS)
    many.clock.advance(1)
    many.look(b)
    assert leaders(b) == ["b"]
    with a.store.transaction() as tx, pytest.raises(NotLeadingError):
        a.duties["scheduler"].check(tx)
    changed: list[bool] = []
    a.watch(lambda: changed.append(True))
    many.look(a)
    assert (leaders(a, b), changed, heard) == (["b"], [True], [False])
    assert [one.id for one in a.live] == ["a", "b"]
    many.look(b)
    assert sum(roster.has(key) for key in KEYS for roster in (a, b)) == len(KEYS)


def test_a_lease_that_could_not_be_renewed_in_time_and_that_nobody_took_goes_on(many: Many):
    """As when the database was away: it leads again under the same epoch, and says so."""
    a = many.join("a")
    many.look(a)
    duty = a.duties["scheduler"]
    heard: list[bool] = []
    duty.watch(lambda: heard.append(duty.leads))
    many.clock.advance(100)
    assert (duty.leads, duty.is_lost) == (False, False)
    many.look(a)
    assert (duty.leads, duty.epoch, heard) == (True, 1, [True])
    with a.store.transaction() as tx:
        assert duty.check(tx) == 1


def test_a_clean_end_hands_over_at_once(many: Many):
    a = many.join("a")
    many.look(a)
    b = many.join("b")
    many.look(a, b)
    a.leave()
    a.leave()
    many.look(b)
    assert (leaders(a, b), [one.id for one in b.live]) == (["b"], ["b"])
    many.look(a)
    assert [one.id for one in b.live] == ["b"], "one that has left does not come back"
    with pytest.raises(NotHeardOfError):
        a.has(KEYS[0])
    assert many.told(events.LEASE_RELEASED) == [{"lease": "scheduler", "epoch": 1}]


def test_others_events_wake_it_at_once(many: Many):
    a, b = many.join("a"), many.join("b")
    b._unsubscribe = b.store.subscribe(b._heard)
    with b.store.transaction() as tx:
        b._tell(tx, events.DAEMON_JOINED, "b")
    assert not b.wake.is_set(), "its own does not"
    with b.store.transaction() as tx:
        a._tell(tx, events.DAEMON_LEFT, "a")
    assert b.wake.is_set()


def test_a_daemon_that_is_killed_and_comes_back_goes_on_without_waiting(many: Many):
    a = many.join("a")
    many.look(a)
    b = many.join("b")
    many.look(b)
    many.clock.advance(1)
    again = many.join("a")
    many.look(again)
    assert (leaders(again, b), again.duties["scheduler"].epoch) == (["a"], 2)
    with a.store.transaction() as tx, pytest.raises(NotLeadingError):
        a.duties["scheduler"].check(tx)


def test_an_earlier_life_that_was_only_stopped_is_fenced_off_by_the_new_one(many: Many):
    a = many.join("a")
    many.look(a)
    again = many.join("a")
    many.look(a, again)
    with a.store.transaction() as tx, pytest.raises(NotLeadingError):
        a.duties["scheduler"].check(tx)
    with pytest.raises(NotHeardOfError):
        a.has(KEYS[0])
    assert (leaders(a, again), again.duties["scheduler"].epoch) == (["a"], 2)
    many.clock.advance(7)
    many.look(a)
    assert (leaders(a), a.duties["scheduler"].epoch) == (["a"], 3)


def test_daemons_of_another_backend_are_not_joined(many: Many, monkeypatch):
    many.join("a", "kubernetes")
    moments = iter(range(100))
    monkeypatch.setattr("goflow.members.roster.time.monotonic", lambda: next(moments))
    with pytest.raises(OtherBackendError, match="pod-a runs tasks on 'kubernetes'"):
        many.join("b")
    many.clock.advance(7)
    many.join("c")


def test_an_epoch_is_not_taken_back_by_the_clock(many: Many):
    a = many.join("a")
    many.look(a)
    with a.store.reading() as tx:
        lease = leases.get(tx, "scheduler")
    assert lease is not None
    assert (lease.holder, lease.epoch, (lease.expires_at - START).total_seconds()) == ("a", 1, 6)
    assert a.duties["scheduler"].age_s == 0
    many.clock.advance(2)
    assert a.duties["scheduler"].age_s == 2
