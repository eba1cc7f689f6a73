"""Databases in trouble: what is told, and that it goes on when the trouble is over."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest

from goflow.store import DatabaseBusyError, Store, events, pools, variables
from goflow.store import databases as store_databases
from tests.conformance.store.test_events import Ear, say
from tests.postgres import Server

PATIENCE_S = 30.0


def end_connections(server: Server) -> None:
    """What a restart of the server does to everybody."""
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'goflow%'")


@pytest.mark.postgres
def test_a_server_that_was_away_is_used_again(postgres_server: Server, postgres_url: str) -> None:
    here, there = Store(postgres_url), Store(postgres_url)
    ear = Ear()
    here.subscribe(ear)
    here.start_notifications(poll_s=3600)
    say(there, "before")
    ear.wait_for(1)
    end_connections(postgres_server)
    with pytest.raises(DatabaseBusyError):
        say(there, "lost")
    for store in (there, here):  # one that has noticed has forgotten its other connections, too
        if store is here:
            with contextlib.suppress(DatabaseBusyError), store.reading() as tx:  # or its notifications have noticed
                events.last_seq(tx)
        with store.reading() as tx:
            assert [event.kind for event in events.after(tx, 0)] == ["before"]
    say(there, "after")
    assert [event.kind for event in ear.wait_for(2)] == ["before", "after"]
    here.close()
    there.close()


@pytest.mark.postgres
def test_a_deadlock_ends_one_of_two_and_leaves_the_other(postgres_url: str) -> None:
    store = Store(postgres_url)
    with store.transaction() as tx:
        for name in ("a", "b"):
            variables.set_(tx, name, "0", who="test")
    line = threading.Barrier(2)
    outcomes: list[str] = []

    def work(first: str, second: str) -> None:
        try:
            with store.transaction() as tx:
                variables.set_(tx, first, first, who="test")
                line.wait(PATIENCE_S)
                variables.set_(tx, second, first, who="test")
            outcomes.append("done")
        except DatabaseBusyError:
            outcomes.append("busy")

    threads = [threading.Thread(target=work, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(outcomes) == ["busy", "done"]
    with store.reading() as tx:
        values = variables.values(tx)
        assert values["a"] == values["b"] != "0"
    store.close()


def test_a_file_that_another_process_holds_is_waited_for_and_then_given_up(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_databases, "BUSY_TIMEOUT_MS", 50)
    store = Store(sqlite_url)
    holder = sqlite3.connect(tmp_path / "goflow.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusyError, match="locked"), store.transaction() as tx:
        pools.set_(tx, "x", 1, who="test")
    with store.reading() as tx:
        assert len(pools.list_(tx)) == 1, "readers do not wait"
    holder.execute("COMMIT")
    holder.close()
    with store.transaction() as tx:
        pools.set_(tx, "x", 1, who="test")
    store.close()


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(Exception, match=r"read-?only"), store.reading() as tx:
        pools.set_(tx, "x", 1, who="test")
    with store.reading() as tx:
        assert len(pools.list_(tx)) == 1


def test_readers_and_writers_do_not_wait_for_each_other(store: Store) -> None:
    with store.reading() as before:
        assert len(pools.list_(before)) == 1
        done = threading.Event()

        def write() -> None:
            with store.transaction() as tx:
                pools.set_(tx, "x", 1, who="test")
            done.set()

        threading.Thread(target=write).start()
        assert done.wait(PATIENCE_S)
    with store.transaction() as tx:
        pools.set_(tx, "y", 1, who="test")
        seen: list[int] = []

        def read() -> None:
            with store.reading() as other:
                seen.append(len(pools.list_(other)))

        reader = threading.Thread(target=read)
        reader.start()
        reader.join(PATIENCE_S)
        assert seen == [2], "what is not committed is not seen"
