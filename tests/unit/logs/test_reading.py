"""Logs read back: from the database and the log store as one, gaps told."""

from __future__ import annotations

import pytest

from goflow.domain.clock import VirtualClock
from goflow.logs.contract import LogStoreAwayError, Query
from goflow.logs.masking import Masker
from goflow.logs.reading import GAP, LogReader
from goflow.logs.shipper import LogShipper
from goflow.store import Store, connections, launches, logs
from goflow.store.rows import Connection, LogRow
from tests.logs_kit import MemoryLogs, append, rows, writer


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    sqlite_store.ships_logs = True
    return sqlite_store


@pytest.fixture
def target() -> MemoryLogs:
    return MemoryLogs()


def page(store: Store, reader: LogReader, launch, cursor: str = "", limit: int = 100):
    with store.reading() as tx:
        found, instance = launches.with_task(tx, launch.id)
    return reader.page(instance, [found], cursor, limit)


def texts(store: Store, reader: LogReader, launch) -> list[str]:
    return [line.text for line in page(store, reader, launch).lines]


def shipped(store: Store, target: MemoryLogs, clock: VirtualClock) -> None:
    """Everything so far is in TARGET alone."""
    one = LogShipper(store, target, Masker(store), keep_s=60, retention_days=0)
    while one.look() == 0.0:
        pass
    clock.advance(100_000)
    assert one.prune()


def test_what_was_pruned_and_what_came_after_it_are_one_log(store: Store, target: MemoryLogs, clock: VirtualClock):
    launch, _ = writer(store)
    append(store, launch, rows(1, 10))
    shipped(store, target, clock)
    append(store, launch, rows(11, 15))
    reader = LogReader(store, target)
    assert texts(store, reader, launch) == [f"line {n}" for n in range(1, 16)]
    first = page(store, reader, launch, limit=7)
    assert first.full
    second = page(store, reader, launch, first.cursor, limit=7)
    third = page(store, reader, launch, second.cursor, limit=7)
    assert [line.seq for one in (first, second, third) for line in one.lines] == list(range(1, 16))
    assert not third.full


def test_the_store_is_asked_only_for_what_was_pruned(store: Store, target: MemoryLogs, clock: VirtualClock):
    launch, _ = writer(store)
    append(store, launch, rows(1, 10))
    shipped(store, target, clock)
    append(store, launch, rows(11, 15))
    reader = LogReader(store, target)
    target.before = [LogStoreAwayError("it sleeps")]
    assert [line.seq for line in page(store, reader, launch, "1.10").lines] == [11, 12, 13, 14, 15]
    with pytest.raises(LogStoreAwayError, match="it sleeps"):
        page(store, reader, launch)


@pytest.mark.parametrize("is_pruned", [False, True])
def test_lines_that_never_came_are_a_gap_of_known_size(
    store: Store, target: MemoryLogs, clock: VirtualClock, is_pruned: bool
):
    launch, _ = writer(store, state="cleaned")
    append(store, launch, [*rows(1, 2), *rows(6, 7), *rows(9, 9)])
    with store.transaction() as tx:
        logs.note_written(tx, launch.id, 20)
        logs.note_written(tx, launch.id, 12)
    if is_pruned:
        shipped(store, target, clock)
    reader = LogReader(store, target)
    found = page(store, reader, launch).lines
    assert [line.text for line in found if line.stream == GAP] == [
        "(3 lines lost with the pod: never sent to the server)",
        "(1 line lost with the pod: never sent to the server)",
        "(11 lines lost with the pod: never sent to the server)",
    ]
    assert [line.seq for line in found] == [1, 2, 5, 6, 7, 8, 9, 20]


def test_a_launch_that_runs_may_send_the_rest_yet(store: Store):
    launch, _ = writer(store)
    append(store, launch, rows(1, 2))
    with store.transaction() as tx:
        logs.note_written(tx, launch.id, 20)
    assert texts(store, LogReader(store), launch) == ["line 1", "line 2"]


def test_what_the_store_has_removed_is_told(store: Store, target: MemoryLogs, clock: VirtualClock):
    launch, _ = writer(store, state="cleaned")
    append(store, launch, rows(1, 10))
    shipped(store, target, clock)
    target.kept.clear()
    assert texts(store, LogReader(store, target), launch) == ["(10 lines: not in the log store any more)"]
    append(store, launch, rows(11, 11))
    assert texts(store, LogReader(store, target), launch) == ["(10 lines: not in the log store any more)", "line 11"]


def test_without_a_store_a_search_looks_in_the_database(store: Store):
    launch, source = writer(store)
    append(store, launch, [*rows(1, 3), LogRow(seq=4, at=9.0, stream="out", text="100% of_it")])
    [found] = LogReader(store).search(Query(words="100% OF_it")).lines
    assert (found.source, found.row.seq) == (source, 4)
    assert LogReader(store).search(Query(words="100_ of")).lines == [], "what is searched for is no pattern"


def test_while_the_store_is_away_a_search_says_what_it_did_not_look_at(store: Store, target: MemoryLogs):
    launch, _ = writer(store)
    append(store, launch, rows(1, 3))
    target.before = [LogStoreAwayError("it sleeps")]
    found = LogReader(store, target).search(Query(words="line 2"))
    assert [line.row.seq for line in found.lines] == [2]
    assert "it sleeps" in found.partial


def test_secrets_in_the_database_are_not_shown(store: Store):
    launch, _ = writer(store)
    append(store, launch, [LogRow(seq=1, at=1.0, stream="out", text="psql://u:pass%20word@h and pass word")])
    with store.transaction() as tx:
        connections.set_(tx, Connection(conn_id="c", conn_type="postgres", password="pass word"), who="test")
    assert texts(store, LogReader(store), launch) == ["psql://u:***@h and ***"]
