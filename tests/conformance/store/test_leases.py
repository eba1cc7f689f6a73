"""Every store case runs on SQLite and on PostgreSQL: leases with epochs, their fence, and who is there."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from goflow.domain.clock import SystemClock
from goflow.store import Store, leases, members
from goflow.store.errors import DatabaseBusyError
from tests.stores import START, OpenStore


def test_an_earlier_life_of_the_holder_does_not_hold_it(store: Store) -> None:
    with store.transaction() as tx:
        first = leases.acquire(tx, "scheduler", "a", 30)
        assert first is not None
        again = leases.acquire(tx, "scheduler", "a", 30, anew=True)
        assert again is not None
        assert again.epoch == 2
        assert leases.renew(tx, first, 30) is None
        assert leases.acquire(tx, "scheduler", "b", 30, anew=True) is None


def test_epochs_may_be_begun_higher_and_never_go_back(store: Store) -> None:
    with store.transaction() as tx:
        first = leases.acquire(tx, "scheduler", "a", 30, at_least=7)
        assert first is not None
        assert first.epoch == 7
        assert leases.seize(tx, "scheduler", "b", 30, 7) is None
        seized = leases.seize(tx, "scheduler", "b", 30, 9)
        assert seized is not None
        assert leases.seize(tx, "scheduler", "a", 30, 8) is None
        assert leases.get(tx, "scheduler") == seized
        assert leases.all_(tx) == [seized]
        leases.release(tx, seized)
        third = leases.acquire(tx, "scheduler", "a", 30, at_least=3)
        assert third is not None
        assert third.epoch == 10


def test_the_fence_lets_only_the_epoch_in_force_pass(store: Store) -> None:
    with store.transaction() as tx:
        assert not leases.in_force(tx, "scheduler", "a", 1)
        leases.acquire(tx, "scheduler", "a", 30)
        assert leases.in_force(tx, "scheduler", "a", 1)
        assert not leases.in_force(tx, "scheduler", "b", 1)
        store.clock.advance(31)  # type: ignore[attr-defined]
        assert leases.in_force(tx, "scheduler", "a", 1), "nobody has taken it yet"
        leases.acquire(tx, "scheduler", "b", 30)
        assert not leases.in_force(tx, "scheduler", "a", 1)
        assert leases.in_force(tx, "scheduler", "b", 2)
    with store.reading() as tx:
        assert leases.in_force(tx, "scheduler", "b", 2)


def test_of_many_that_want_it_at_once_one_gets_it(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(4)]
    line = threading.Barrier(len(stores))

    def want(number: int) -> bool:
        with stores[number].transaction() as tx:
            line.wait(30) if tx.store.dialect == "postgresql" else None
            return leases.acquire(tx, "scheduler", f"d{number}", 30) is not None

    with ThreadPoolExecutor(len(stores)) as threads:
        assert sum(threads.map(want, range(len(stores)))) == 1


@pytest.mark.postgres
def test_a_batch_under_way_is_waited_for_and_a_renewal_is_not_held_up(postgres_url: str) -> None:
    """What the fence is: the next holder begins when the last one's transaction has ended, never beside it."""
    store, other = Store(postgres_url), Store(postgres_url)
    with store.transaction() as tx:
        mine = leases.acquire(tx, "scheduler", "a", 0.0)
        assert mine is not None
    taken = threading.Event()

    def take() -> int:
        with other.transaction() as tx:
            lease = leases.acquire(tx, "scheduler", "b", 30)
        taken.set()
        return 0 if lease is None else lease.epoch

    with ThreadPoolExecutor(1) as thread:
        with store.transaction() as tx:
            assert leases.in_force(tx, "scheduler", "a", 1)
            with other.transaction() as renewing:
                assert leases.renew(renewing, mine, 0.0) is not None
            taking = thread.submit(take)
            wait_for_a_lock(postgres_url)
            assert not taken.is_set()
        assert taking.result(30) == 2
    with store.transaction() as tx:
        assert not leases.in_force(tx, "scheduler", "a", 1)
    store.close()
    other.close()


@pytest.mark.postgres
def test_what_a_daemon_that_fell_silent_holds_can_be_taken_from_it(postgres_url: str) -> None:
    """It was stopped in the middle of a batch, with its locks; its other sessions are left alone."""
    slept, awake = Store(postgres_url), Store(postgres_url)
    with slept.transaction() as tx:
        leases.acquire(tx, "scheduler", "a", 0.0)
    found: list[object] = []

    def be_robbed() -> None:
        with slept.transaction() as tx:
            tx.lock_name("scheduling")
            found.append(leases.in_force(tx, "scheduler", "a", 1))
            with awake.transaction() as other:
                found.append(members.end_sessions(other, slept.identity))
            with awake.transaction() as other:
                lease = leases.acquire(other, "scheduler", "b", 30)
                other.lock_name("scheduling")
            found.append(lease is not None and lease.epoch)
            members.beat(tx, "a", slept.identity, 6)

    with pytest.raises(DatabaseBusyError):
        be_robbed()
    assert found == [True, 1, 2]
    with slept.transaction() as tx:
        assert not leases.in_force(tx, "scheduler", "a", 1)
    slept.close()
    awake.close()


@pytest.mark.postgres
def test_times_are_the_databases_where_clocks_are_the_machines(postgres_url: str) -> None:
    class Wrong(SystemClock):
        def now(self):
            return START

    store = Store(postgres_url, clock=Wrong())
    with store.transaction() as tx:
        lease = leases.acquire(tx, "scheduler", "a", 30)
        assert lease is not None
        assert 29 < (lease.expires_at - SystemClock().now()).total_seconds() < 31
    store.close()


def test_daemons_join_are_heard_of_and_leave(store: Store) -> None:
    about = {"name": "pod-1", "backend": "local", "version": "1", "ttl_s": 6}
    with store.transaction() as tx:
        members.join(tx, daemon_id="a", session="a1", **about)  # type: ignore[arg-type]
        members.join(tx, daemon_id="b", session="b1", **about)  # type: ignore[arg-type]
        store.clock.advance(5)  # type: ignore[attr-defined]
        assert members.beat(tx, "a", "a1", 6)
        assert [(one.id, (one.expires_at - START).total_seconds()) for one in members.all_(tx)] == [("a", 11), ("b", 6)]
        members.join(tx, daemon_id="a", session="a2", **about)  # type: ignore[arg-type]
        assert not members.beat(tx, "a", "a1", 6), "another life of it has begun"
        assert not members.leave(tx, "a", "a1")
        assert members.leave(tx, "a", "a2")
        assert not members.beat(tx, "a", "a2", 6)
        assert [one.id for one in members.all_(tx)] == ["b"]


def wait_for_a_lock(url: str) -> None:
    """Until somebody waits for a lock in that database."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(url, autocommit=True) as connection:
        while not connection.execute(waiting).fetchone()[0]:  # type: ignore[index]
            pass
