"""The desk of local attempts: the same claims and ends as the task API's, many at a time."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from goflow_runner.client import RefusedError, ServerAwayError
from goflow_runner.desk import SOCKET, DeskClient, read_line, short_address

from goflow.domain.state import TaskState
from goflow.server.desk import Desk
from goflow.server.launch_calls import LaunchCalls
from goflow.store import events
from tests.runners import Started, TaskServer, bash

SUCCESS: Any = {"outcome": {"state": "success", "exit_code": 0}, "lines": []}
LONG = "x" * (3 << 20)


class Counted(LaunchCalls):
    """Counts what comes together; while it is held, what comes is gathered."""

    def __init__(self, server: TaskServer) -> None:
        super().__init__(server.store, server.api.inputs)
        self.claimed: list[int] = []
        self.began, self.free = threading.Event(), threading.Event()
        self.free.set()

    def claim(self, claims: Any) -> Any:
        self.claimed.append(len(claims))
        self.began.set()
        assert self.free.wait(30)
        return super().claim(claims)


@pytest.fixture
def calls(server: TaskServer) -> Counted:
    return Counted(server)


@pytest.fixture
def desk(server: TaskServer, calls: Counted, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / SOCKET, calls, server.mint.check)
    made.start()
    yield made
    made.stop()


def caller(desk: Desk, started: Started, **more: Any) -> DeskClient:
    return DeskClient(desk.path, started.id, started.environment(), **more)


@contextlib.contextmanager
def line_to(desk: Desk) -> Iterator[socket.socket]:
    """A connection."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        with short_address(desk.path) as address:
            line.connect(address)
        yield line


def test_an_attempt_claims_its_launch_and_tells_its_end(server: TaskServer, desk: Desk) -> None:
    started = server.launch(bash("t", "true"))
    client = caller(desk, started)
    told = client.claim("1:1")
    assert (told["task_id"], told["task"]["fields"]) == ("t", {"bash_command": "true"})
    assert started.instance.state is TaskState.RUNNING
    line = {"seq": 1, "at": 0.0, "stream": "out", "text": "bye"}
    client.finish({**SUCCESS, "lines": [line], "xcoms": [{"key": "return_value", "value": LONG, "length": None}]})
    client.finish(SUCCESS)  # harmless
    assert started.instance.state is TaskState.SUCCESS
    assert started.output == ["bye"]


def test_what_is_long_is_told_whole(server: TaskServer, desk: Desk) -> None:
    started = server.launch(bash("t", f": {LONG}"))
    assert caller(desk, started).claim("1:1")["task"]["fields"]["bash_command"] == f": {LONG}"


@pytest.mark.parametrize("what", ["another's token", "another has it", "no such call", "another protocol"])
def test_what_is_refused(server: TaskServer, desk: Desk, what: str) -> None:
    started = server.launch(bash("t", "true"))
    client = caller(desk, started)
    body: dict[str, Any] = {"protocol": 1, "claimant": "1:1"}
    name, status = "claim", {"another has it": 409, "no such call": 404, "another protocol": 409}.get(what, 401)
    if what == "another's token":
        (started.folder / "token").write_text(server.mint.token("another"))
    elif what == "another has it":
        caller(desk, started).claim("2:2")
    elif what == "no such call":
        name = "dance"
    else:
        body["protocol"] = 7
    with pytest.raises(RefusedError) as refused:
        client._call(name, body)
    assert refused.value.status == status


@pytest.mark.parametrize(
    "line", [b"\n", b"{\n", b"[]\n", b'{"call": "claim"}\n', b'{"call": 1, "launch": 2, "token": 3}\n']
)
def test_what_is_no_call_is_refused_and_costs_nobody_else(server: TaskServer, desk: Desk, line: bytes) -> None:
    with line_to(desk) as stranger:
        stranger.sendall(line)
        assert b'"status":4' in stranger.recv(1000)
    assert caller(desk, server.launch(bash("t", "true"))).claim("1:1")["task_id"] == "t"


def test_those_that_come_while_it_is_busy_are_claimed_together(server: TaskServer, desk: Desk, calls: Counted) -> None:
    several = [server.launch(bash("t", "true"), dag_id=f"d{number}") for number in range(6)]
    with server.store.reading() as tx:
        before = events.last_seq(tx)
    calls.free.clear()
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(line_to(desk)) for _ in several]
        for number, (line, started) in enumerate(zip(lines, several, strict=True)):
            body = {"protocol": 1, "claimant": f"{number}:1"}
            token = server.mint.token(started.id)
            call = {"call": "claim", "launch": started.id, "token": token, "body": body}
            line.sendall(json.dumps(call).encode() + b"\n")
            assert calls.began.wait(30), "it is busy with the first"
        calls.free.set()
        found = [json.loads(read_line(line))["body"] for line in lines]
    assert [one["dag_id"] for one in found] == [f"d{number}" for number in range(6)]
    assert sum(calls.claimed) == 6
    assert max(calls.claimed) > 1
    with server.store.reading() as tx:
        kinds = [event.kind for event in events.after(tx, before)]
    assert kinds.count(events.LAUNCH_STATE) == kinds.count(events.TASK_STATE) == 6


def test_an_end_that_cannot_be_stored_costs_no_other(server: TaskServer, desk: Desk) -> None:
    good, bad = (server.launch(bash("t", "true"), dag_id=name) for name in ("good", "bad"))
    clients = [caller(desk, started) for started in (good, bad)]
    for number, client in enumerate(clients):
        client.claim(f"{number}:1")
    with ThreadPoolExecutor(2) as threads:
        told = threads.submit(clients[0].finish, SUCCESS)
        refused = threads.submit(clients[1].finish, {"outcome": {"state": "queued"}, "lines": []})
        told.result(30)
        assert isinstance(refused.exception(30), RefusedError)
    assert good.instance.state is TaskState.SUCCESS
    assert bad.instance.state is TaskState.RUNNING


def test_a_daemon_that_comes_back_is_found(server: TaskServer, desk: Desk, calls: Counted, tmp_path: Path) -> None:
    started = server.launch(bash("t", "true"))
    client = caller(desk, started)
    client.claim("1:1")
    desk.stop()
    back = Desk(tmp_path / SOCKET, calls, server.mint.check)
    pauses: list[float] = []

    def come_back(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            back.start()

    client._sleep = come_back
    client.finish(SUCCESS)
    back.stop()
    assert len(pauses) >= 2
    assert started.instance.state is TaskState.SUCCESS


def test_a_daemon_that_stays_away_is_not_waited_for_for_ever(server: TaskServer, tmp_path: Path) -> None:
    started = server.launch(bash("t", "true"))
    client = DeskClient(tmp_path / SOCKET, started.id, started.environment(), patience_s=0.0)
    with pytest.raises(ServerAwayError):
        client.claim("1:1")


def test_only_its_own_user_reaches_it(desk: Desk) -> None:
    assert os.stat(desk.path).st_mode & 0o777 == 0o600
