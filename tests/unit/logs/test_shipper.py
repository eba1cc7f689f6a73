"""The shipper: nothing is lost and nothing doubled, whoever is killed and whatever the log store answers."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.domain.clock import VirtualClock
from goflow.logs.contract import LogRequestTooLargeError, LogStoreAwayError
from goflow.logs.masking import Masker
from goflow.logs.shipper import FIRST, LEAST, LONGEST_PAUSE_S, POLL_S, LogShipper
from goflow.members.duties import NotLeadingError
from goflow.store import Store, log_batches, logs, variables
from goflow.store.rows import LogRow
from tests.logs_kit import MemoryLogs, append, rows, writer

KEEP_S = 3600.0


@pytest.fixture
def store(store: Store) -> Store:
    store.ships_logs = True
    return store


@pytest.fixture
def target() -> MemoryLogs:
    return MemoryLogs()


def shipper(store: Store, target: MemoryLogs, **more) -> LogShipper:
    given = {"keep_s": KEEP_S, "retention_days": 0, **more}
    return LogShipper(store, target, Masker(store), **given)


def ship_all(one: LogShipper) -> None:
    while one.look() == 0.0:
        pass


def pending(store: Store) -> int:
    with store.reading() as tx:
        return log_batches.backlog(tx).batches


def here(store: Store, launch) -> int:
    with store.reading() as tx:
        return len(logs.read(tx, launch.id, limit=10**6))


def test_lines_of_many_launches_are_sent_once_and_in_order(store: Store, target: MemoryLogs):
    made = [writer(store)[0] for _ in range(5)]
    for first in range(1, 100, 20):
        for launch in made:
            append(store, launch, rows(first, first + 19))
    one = shipper(store, target)
    ship_all(one)
    assert all(target.texts(launch) == [row.text for row in rows(1, 100)] for launch in made)
    assert pending(store) == 0
    sent = list(target.writes)
    ship_all(one)
    assert target.writes == sent, "nothing is sent twice"
    assert all(here(store, launch) == 100 for launch in made), "the database keeps them for a while"


def test_what_is_killed_between_sending_and_marking_is_sent_again_and_is_there_once(store: Store, target: MemoryLogs):
    launch, _ = writer(store)
    append(store, launch, rows(1, 10))
    target.after = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        shipper(store, target).look()
    assert len(target.kept) == 10
    assert pending(store) == 1
    ship_all(shipper(store, target))
    assert target.writes == [10, 10]
    assert target.texts(launch) == [row.text for row in rows(1, 10)]
    assert pending(store) == 0


def test_while_the_store_is_away_lines_wait_in_the_database(store: Store, target: MemoryLogs, clock: VirtualClock):
    launch, _ = writer(store)
    append(store, launch, rows(1, 10))
    one = shipper(store, target)
    target.before = [LogStoreAwayError("no route") for _ in range(8)]
    pauses = [one.look() for _ in range(8)]
    assert pauses[0] < 1
    assert LONGEST_PAUSE_S / 2 <= pauses[-1] <= LONGEST_PAUSE_S
    assert "no route" in one.in_words()
    assert one.status()["trouble"]
    append(store, launch, rows(11, 20))
    ship_all(one)
    assert target.texts(launch) == [row.text for row in rows(1, 20)]
    assert one.status()["trouble"] is None
    assert target.prepared == 9, "what comes back may be another one"


def test_a_busy_store_gets_less_at_once_and_a_quick_one_more(store: Store, target: MemoryLogs):
    launch, _ = writer(store)
    one = shipper(store, target)
    one.look()
    for first in range(1, 2000, 100):
        append(store, launch, rows(first, first + 99, "x" * 1000))
    target.before = [LogStoreAwayError("429", busy=True) for _ in range(10)]
    for _ in range(10):
        assert one.look() > 0
    assert one.limit == LEAST
    ship_all(one)
    assert len(target.texts(launch)) == 2000
    assert one.limit > FIRST
    assert target.writes[0] < 100 < max(target.writes)


def test_a_request_that_is_too_large_is_sent_in_parts(store: Store, target: MemoryLogs):
    launch, _ = writer(store)
    append(store, launch, rows(1, 8))
    target.before = [LogRequestTooLargeError("8"), LogRequestTooLargeError("4"), None]
    one = shipper(store, target)
    ship_all(one)
    assert target.writes == [2, 2, 4]
    assert target.texts(launch) == [row.text for row in rows(1, 8)]


def test_one_batch_that_is_large_is_several_requests(store: Store, target: MemoryLogs):
    launch, _ = writer(store)
    append(store, launch, rows(1, 100, "y" * 60_000))
    ship_all(shipper(store, target))
    assert len(target.writes) > 5
    assert len(target.texts(launch)) == 100


def test_a_line_that_is_taken_never_stays_in_the_database(store: Store, target: MemoryLogs, clock: VirtualClock):
    launch, _ = writer(store, state="cleaned")
    other, _ = writer(store, state="cleaned")
    target.takes_never = {"line 2"}
    append(store, launch, rows(1, 3))
    append(store, other, rows(5, 7))
    one = shipper(store, target)
    ship_all(one)
    assert target.texts(launch) == ["line 1", "line 3"]
    clock.advance(KEEP_S + 100)
    one.prune()
    assert here(store, launch) == 3
    assert here(store, other) == 0


def test_lines_are_pruned_when_the_store_has_them_for_long_enough(
    store: Store, target: MemoryLogs, clock: VirtualClock
):
    over, _ = writer(store, state="cleaned")
    runs, _ = writer(store)
    one = shipper(store, target)
    for launch in (over, runs):
        append(store, launch, rows(1, 10))
    ship_all(one)
    append(store, over, rows(11, 12))
    clock.advance(KEEP_S - 1)
    assert one.prune() == 0
    clock.advance(2)
    assert one.prune() == 1
    assert here(store, over) == 2, "what was not sent stays"
    assert here(store, runs) == 10, "its result may be in there"
    with store.reading() as tx:
        assert logs.standing(tx, over.id).pruned_to == 10
        assert logs.last_seq(tx, over.id) == 12
        assert logs.missing(tx, over.id) == 0, "what was pruned did come"
    ship_all(one)
    clock.advance(86400)
    one.prune()
    assert (here(store, over), here(store, runs)) == (0, 0)
    with store.reading() as tx:
        assert logs.last_seq(tx, over.id) == 12, "what follows is numbered on"


def test_what_the_database_has_is_sent_when_a_store_is_set_first(store: Store, target: MemoryLogs):
    store.ships_logs = False
    launch, _ = writer(store)
    append(store, launch, rows(1, 2500))
    assert pending(store) == 0
    store.ships_logs = True
    ship_all(shipper(store, target))
    assert target.texts(launch) == [row.text for row in rows(1, 2500)]
    sent = len(target.writes)
    ship_all(shipper(store, target))
    assert len(target.writes) == sent, "a restart sends nothing again"


def test_lines_wait_for_others_where_a_store_likes_few_requests(store: Store, target: MemoryLogs, clock: VirtualClock):
    launch, _ = writer(store)
    target.linger_s = 10.0
    one = shipper(store, target)
    one.look()
    append(store, launch, rows(1, 5))
    clock.advance(6)
    assert one.look() == POLL_S
    assert target.writes == []
    append(store, launch, rows(6, 10))
    clock.advance(5)
    ship_all(one)
    assert target.writes == [10]
    append(store, launch, rows(11, 14, "z" * FIRST))
    ship_all(one)
    assert len(target.texts(launch)) == 14, "enough of them wait for nobody"


def test_secrets_are_masked_before_they_leave(store: Store, target: MemoryLogs):
    launch, _ = writer(store)
    append(store, launch, [LogRow(seq=1, at=1.0, stream="out", text="token is hunter22 today")])
    with store.transaction() as tx:
        variables.set_(tx, "api_token", "hunter22", who="test")
    ship_all(shipper(store, target))
    assert target.texts(launch) == ["token is *** today"]


class Lost:
    """The duty of a daemon that has just lost it, and does not know."""

    leads = True
    is_lost = False

    def check(self, tx) -> int:
        raise NotLeadingError("logs")

    def watch(self, callback) -> None:
        pass


def test_who_has_lost_the_duty_marks_nothing(store: Store, target: MemoryLogs):
    launch, _ = writer(store)
    append(store, launch, rows(1, 3))
    lost = shipper(store, target, duty=Lost())
    lost._is_ready = True
    assert lost.look() == POLL_S
    assert pending(store) == 1
    ship_all(shipper(store, target))
    assert target.texts(launch) == ["line 1", "line 2", "line 3"]


def test_old_days_are_removed_but_for_those_that_may_still_be_written(
    store: Store, target: MemoryLogs, clock: VirtualClock
):
    today = clock.now().date()
    one = shipper(store, target, retention_days=10)
    writer(store, state="cleaned", day=today - dt.timedelta(days=50))
    one.look()
    assert target.expired == [today - dt.timedelta(days=10)]
    open_since = today - dt.timedelta(days=20)
    writer(store, day=open_since)
    clock.advance(3601)
    one.look()
    assert target.expired[1:] == [open_since]
    one.look()
    assert len(target.expired) == 2, "once an hour"


def test_a_run_that_is_deleted_meanwhile_is_passed_over(store: Store, target: MemoryLogs):
    launch, _ = writer(store)
    append(store, launch, rows(1, 3))
    one = shipper(store, target)
    with store.reading() as tx:
        batches = log_batches.pending(tx, 10)
    with store.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM dag_runs")
    assert one._lines(batches) == []
    ship_all(one)
    assert target.kept == {}


def test_it_runs_and_ends_as_a_service(store: Store, target: MemoryLogs):
    launch, _ = writer(store)
    one = shipper(store, target)
    one.start()
    append(store, launch, rows(1, 3))
    one.wake.set()
    one.stop()
    assert not one.alive
