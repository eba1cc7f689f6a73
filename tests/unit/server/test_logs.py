"""Logs over REST and the task API: read back from wherever they are, searched, secrets masked, gaps told."""

from __future__ import annotations

import httpx
import pytest
from goflow_runner.client import ServerBusyError, TaskClient
from goflow_runner.output import SEND_AT_LINES, Output

from goflow.domain.clock import VirtualClock
from goflow.logs.contract import LogStoreAwayError
from goflow.logs.masking import Masker
from goflow.logs.reading import LogReader
from goflow.logs.room import LOOK_EVERY_S, LogRoom
from goflow.logs.shipper import LogShipper
from goflow.server.task_api import TaskApi
from goflow.store import Store, logs, variables
from tests.logs_kit import MemoryLogs, append, rows, writer
from tests.runners import bash
from tests.unit.server.serving import serving

LOG = "/goflow/v1/dags/{dag_id}/dagRuns/{run_id}/taskInstances/first/logs/1"


@pytest.fixture
def asked(sqlite_store: Store):
    """A client of REST whose reader has a store of its own, and that store."""
    target = MemoryLogs()
    reader = LogReader(sqlite_store, target)
    with (
        serving(sqlite_store, open=True, log_reader=reader) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        yield client, target


def test_a_message_is_found_and_says_where(sqlite_store: Store):
    launch, source = writer(sqlite_store, "orders")
    append(sqlite_store, launch, rows(1, 3))
    writer(sqlite_store, "bills")
    with serving(sqlite_store, open=True) as url:
        ask = httpx.Client(base_url=url, trust_env=False, timeout=60).get
        found = ask("/goflow/v1/logs/search", params={"q": "LINE 2", "dag_id": "orders"}).json()
        assert found == {
            "lines": [
                {
                    "dag_id": "orders", "dag_run_id": source.run_id, "task_id": "first", "map_index": -1, "try_number": 1,
                    "launch_id": launch.id, "seq": 2, "at": 1002.0, "stream": "out", "text": "line 2",
                }
            ],
            "partial": None,
        }  # fmt: skip
        assert ask("/goflow/v1/logs/search", params={"q": "line", "dag_id": "bills"}).json()["lines"] == []
        assert (
            ask("/goflow/v1/logs/search", params={"q": "line", "since": "2026-01-01T00:00:00Z"}).json()["lines"] == []
        )
        assert ask("/goflow/v1/logs/search").status_code == 422


def test_a_log_that_is_in_a_store_that_is_away_is_asked_for_again_later(sqlite_store: Store, asked):
    client, target = asked
    launch, source = writer(sqlite_store)
    append(sqlite_store, launch, rows(1, 3))
    path = LOG.format(dag_id=source.dag_id, run_id=source.run_id)
    assert len(client.get(path).json()["lines"]) == 3
    with sqlite_store.transaction() as tx:
        tx.connection.exec_driver_sql(f"INSERT INTO launch_logs VALUES ('{launch.id}', 0, 3)")
    target.before = [LogStoreAwayError("it sleeps")]
    answer = client.get(path)
    assert answer.status_code == 503
    assert "it sleeps" in answer.json()["detail"]
    assert len(client.get(path).json()["lines"]) == 3


def test_lines_are_masked_when_they_come_and_what_was_written_is_noted(server):
    masker = Masker(server.store)
    server.api = TaskApi(server.store, server.api.door.guard, server.api.inputs, mask=masker.rows)
    server.stop()
    server.come_back()
    with server.store.transaction() as tx:
        variables.set_(tx, "api_token", "hunter22", who="test")
    started = server.launch(bash("t", "true"))
    client = TaskClient.from_environment(started.id, started.environment())
    client.patience_s = 0.0
    client.claim("me")
    client.logs_as_written([b'{"seq": 1, "at": 1.0, "stream": "out", "text": "is hunter22"}'], 40)
    client.logs([{"seq": 2, "at": 1.0, "stream": "out", "text": "plain"}])
    with server.store.reading() as tx:
        assert [row.text for row in logs.read(tx, started.id)] == ["is ***", "plain"]
        assert logs.standing(tx, started.id).written == 40


@pytest.fixture
def narrow(server):
    """A task server where 3,000 characters may wait for the log store; what ships them; and a client of a launch."""
    server.store.ships_logs = True
    server.api.room = LogRoom(server.store, 3000)
    started = server.launch(bash("t", "true"))
    client = TaskClient.from_environment(started.id, started.environment())
    client.claim("me")
    return server, LogShipper(server.store, MemoryLogs(), Masker(server.store), keep_s=0, retention_days=0), client


def texts(store: Store, launch_id: str) -> list[str]:
    with store.reading() as tx:
        return [row.text for row in logs.read(tx, launch_id, limit=10**6)]


def line(number: int) -> bytes:
    return b'{"seq": %d, "at": 1.0, "stream": "out", "text": "%s"}' % (number, b"x" * 2000)


def test_runners_keep_their_lines_while_too_many_wait_for_the_log_store(narrow):
    server, _, client = narrow
    client.logs_as_written([line(1)])
    with pytest.raises(ServerBusyError) as told:
        client.logs_as_written([line(2)])
    assert 5 <= told.value.after_s <= 15
    client.logs_as_written([line(2)], last=True)
    client.logs([{"seq": 3, "at": 1.0, "stream": "out", "text": "of a runner that does not know of it"}])
    assert len(texts(server.store, client.launch_id)) == 3


def test_a_runner_comes_back_when_it_is_told_to_and_loses_nothing(narrow, tmp_path):
    server, shipper, client = narrow
    pauses = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        while shipper.look() == 0.0:  # the log store is back
            pass
        server.api.room._look_at = 0.0

    output = Output(tmp_path / "spool", client, sleep=sleep)
    for number in range(4 * SEND_AT_LINES):
        output.say(f"line {number}")
    rest = output.close()
    assert pauses
    sent = texts(server.store, client.launch_id)
    assert [*sent, *(row["text"] for row in rest)] == [f"line {number}" for number in range(4 * SEND_AT_LINES)]


def test_what_waits_is_looked_at_every_few_seconds_and_counted_in_between(sqlite_store: Store, clock: VirtualClock):
    store = sqlite_store
    store.ships_logs = True
    launch, _ = writer(store)
    room = LogRoom(store, 1000)
    assert [room.wait_s(600), room.wait_s(400)] == [0, 0]
    assert room.wait_s(1) > 0
    clock.advance(LOOK_EVERY_S)
    assert room.wait_s(900) == 0, "nothing of that has come"
    append(store, launch, rows(1, 200))
    clock.advance(LOOK_EVERY_S)
    assert room.wait_s(1) > 0
    assert LogRoom(store, 0).wait_s(10**9) == 0, "any number may wait"
    store.ships_logs = False
    assert room.wait_s(10**9) == 0, "they stay in the database anyway"


def test_lines_are_taken_whatever_their_size_where_none_wait(sqlite_store: Store):
    sqlite_store.ships_logs = True
    assert LogRoom(sqlite_store, 10).wait_s(1000) == 0
