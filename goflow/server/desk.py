"""The desk: where attempts of the local backend claim their launches and tell their ends (`goflow_runner.desk`).

One thread takes all calls that have come since it last looked, and answers them together: the busier it is, the more
of them share a transaction.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from goflow_runner.desk import short_address

from goflow.server import task_bodies
from goflow.server.door import LARGEST_BODY, RequestRefusedError, answered
from goflow.server.launch_calls import LaunchCalls, claimant_of

log = structlog.get_logger(__name__)

BACKLOG = 1024
LONGEST_SILENCE_S = 60.0
"""Seconds after which a connection is closed on which nothing is said; the attempt opens another when it needs one."""
AT_ONCE = 200
"""Calls in one transaction, so that it stays short."""
BUSY_ANSWERS = 8
BUSY_WITHIN_S = 0.1
"""Where calls were answered so many times within so many seconds, the next answers are so far apart:"""
LINGER_S = 0.02
_READ_AT_ONCE = 1 << 18


class _Caller:
    """An attempt's connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.heard = bytearray()
        self.to_say = bytearray()
        self.last_at = time.monotonic()


class _Call(NamedTuple):
    caller: _Caller
    name: str
    launch_id: str
    body: Mapping[str, Any]
    claimant: str


class Desk:
    """Serves CALLS on the Unix socket PATH, which only this user can reach. ALLOWS: whether a token is a launch's."""

    name = "desk"

    def __init__(self, path: Path, calls: LaunchCalls, allows: Callable[[str, str], bool]) -> None:
        self.path = path
        self.calls = calls
        self._allows = allows
        self._selector = selectors.DefaultSelector()
        self._listener: socket.socket | None = None
        self._callers: set[_Caller] = set()
        self._calls: list[_Call] = []
        self._answered_at: deque[float] = deque(maxlen=BUSY_ANSWERS)
        self._thread: threading.Thread | None = None
        self._woken, self._wake = os.pipe()
        self._stopping = False

    def start(self) -> None:
        """Listen; a socket that a daemon has left there is replaced."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        staging = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        staging.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        with short_address(staging) as address:
            listener.bind(address)
        staging.chmod(0o600)
        listener.listen(BACKLOG)
        staging.replace(self.path)
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Answer what was asked, and end. Attempts ask again until a desk is there."""
        if self._thread is None or self._stopping:
            return
        self._stopping = True
        os.write(self._wake, b"x")
        self._thread.join(timeout_s)

    def _serve(self) -> None:
        looked = time.monotonic()
        try:
            while not self._stopping:
                for key, events in self._selector.select(LONGEST_SILENCE_S / 2):
                    self._turn_to(key, events)
                self._linger()
                while self._calls:
                    calls, self._calls = self._calls[:AT_ONCE], self._calls[AT_ONCE:]
                    self._answer(calls)
                if time.monotonic() - looked > LONGEST_SILENCE_S / 2:
                    looked = time.monotonic()
                    self._dismiss_the_silent(looked)
        finally:
            assert self._listener is not None
            for caller in list(self._callers):
                self._dismiss(caller)
            self._listener.close()

    def _linger(self) -> None:
        """Where many calls come, wait for more of them: together they cost a fraction. A single chain never waits."""
        now = time.monotonic()
        if not self._calls:
            return
        if len(self._answered_at) == BUSY_ANSWERS and now - self._answered_at[0] < BUSY_WITHIN_S:
            until = self._answered_at[-1] + LINGER_S
            while (left := until - time.monotonic()) > 0 and len(self._calls) < AT_ONCE and not self._stopping:
                for key, events in self._selector.select(left):
                    self._turn_to(key, events)
        self._answered_at.append(time.monotonic())

    def _turn_to(self, key: selectors.SelectorKey, events: int) -> None:
        if key.fileobj is self._listener:
            self._accept()
        elif isinstance(key.data, _Caller):
            try:
                if events & selectors.EVENT_WRITE:
                    self._say(key.data, b"")
                if events & selectors.EVENT_READ:
                    self._hear(key.data)
            except OSError:
                self._dismiss(key.data)

    def _accept(self) -> None:
        assert self._listener is not None
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                connection, _ = self._listener.accept()
                connection.setblocking(False)
                caller = _Caller(connection)
                self._callers.add(caller)
                self._selector.register(connection, selectors.EVENT_READ, caller)
                with contextlib.suppress(BlockingIOError):  # its first call has mostly come with it
                    self._hear(caller)

    def _hear(self, caller: _Caller) -> None:
        part = caller.connection.recv(_READ_AT_ONCE)
        if not part or len(caller.heard) > LARGEST_BODY:
            self._dismiss(caller)
            return
        caller.heard += part
        caller.last_at = time.monotonic()
        if not part.endswith(b"\n"):  # a call at a time: the next one follows the answer
            return
        line, caller.heard = bytes(caller.heard), bytearray()
        try:
            self._calls.append(self._understood(caller, line))
        except RequestRefusedError as refusal:
            self._refuse(caller, refusal)

    def _understood(self, caller: _Caller, line: bytes) -> _Call:
        """The call that LINE is. Raises RequestRefusedError."""
        told = answered(lambda: task_bodies.mapping(task_bodies.parse(line)))
        name, launch_id, token = (answered(task_bodies.text, told, word) for word in ("call", "launch", "token"))
        body = answered(task_bodies.mapping, told.get("body"))
        if not self._allows(launch_id, token):
            raise RequestRefusedError(401, "this token is not good for this launch")
        if name not in {"claim", "finish"}:
            raise RequestRefusedError(404, "the desk has no such call")
        claimant = answered(claimant_of, body) if name == "claim" else ""
        return _Call(caller, name, launch_id, body, claimant)

    def _answer(self, calls: Sequence[_Call]) -> None:
        """Do what CALLS ask for, ends first: they make room for others."""
        self._answer_alike([call for call in calls if call.name == "finish"], self._finish)
        self._answer_alike([call for call in calls if call.name == "claim"], self._claim)

    def _answer_alike(self, calls: Sequence[_Call], do: Callable[[Sequence[_Call]], Sequence[Any]]) -> None:
        """What DO makes of CALLS together; where that fails, of each by itself, so that it costs no other."""
        if not calls:
            return
        try:
            answers = answered(do, calls)
        except RequestRefusedError as refusal:
            if len(calls) == 1 or refusal.status == 503:  # the database is away, and no better for one alone
                answers = [refusal] * len(calls)
            else:
                for call in calls:
                    self._answer_alike([call], do)
                return
        for call, answer in zip(calls, answers, strict=True):
            if isinstance(answer, RequestRefusedError):
                self._refuse(call.caller, answer)
            else:
                self._reply(call.caller, {"status": 200, "body": answer})

    def _claim(self, calls: Sequence[_Call]) -> list[Any]:
        answers: list[Any] = []
        for together in _apart(calls):
            found = self.calls.claim({call.launch_id: call.claimant for call in together})
            answers += [found[call.launch_id] for call in together]
        return answers

    def _finish(self, calls: Sequence[_Call]) -> list[Any]:
        self.calls.finish([(call.launch_id, call.body) for call in calls])
        return [{}] * len(calls)

    def _refuse(self, caller: _Caller, refusal: RequestRefusedError) -> None:
        self._reply(caller, {"status": refusal.status, "detail": refusal.detail})

    def _reply(self, caller: _Caller, answer: Mapping[str, Any]) -> None:
        try:
            self._say(caller, json.dumps(answer, separators=(",", ":")).encode() + b"\n")
        except OSError:
            self._dismiss(caller)

    def _say(self, caller: _Caller, line: bytes) -> None:
        """Send LINE, and what was left to be said before; what does not go now goes when there is room."""
        had_more = bool(caller.to_say)
        caller.to_say += line
        try:
            sent = caller.connection.send(caller.to_say)
        except BlockingIOError:
            sent = 0
        del caller.to_say[:sent]
        if bool(caller.to_say) != had_more:
            more = selectors.EVENT_WRITE if caller.to_say else 0
            self._selector.modify(caller.connection, selectors.EVENT_READ | more, caller)

    def _dismiss(self, caller: _Caller) -> None:
        if caller in self._callers:
            self._callers.discard(caller)
            self._selector.unregister(caller.connection)
            caller.connection.close()

    def _dismiss_the_silent(self, now: float) -> None:
        for caller in [one for one in self._callers if now - one.last_at > LONGEST_SILENCE_S]:
            self._dismiss(caller)


def _apart(calls: Sequence[_Call]) -> list[list[_Call]]:
    """CALLS in as few lists as there are calls for one launch at most."""
    lists: list[list[_Call]] = []
    count: dict[str, int] = {}
    for call in calls:
        number = count[call.launch_id] = count.get(call.launch_id, -1) + 1
        if number == len(lists):
            lists.append([])
        lists[number].append(call)
    return lists
