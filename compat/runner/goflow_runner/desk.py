"""The daemon's desk: where attempts of the local backend claim their launch and tell its end, over a Unix socket.

It is the task API's ``claim`` and ``finish`` without HTTP: every task needs just these two, and an attempt that imports
no client of HTTP is forked in a fraction of the time. A call is one line of JSON, ``{"call": "claim" | "finish",
"launch": ID, "token": ..., "body": ...}``; so is its answer, ``{"status": n, "body": ...}`` or ``{"status": n,
"detail": words}``, with the task API's statuses.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from goflow_runner.client import (
    CALL_TIMEOUT_S,
    PATIENCE_S,
    Patience,
    RefusedError,
    TaskClient,
    claim_of,
    is_answer,
    read_token,
)
from goflow_runner.wire import ENV_TOKEN_FILE, Finish, TaskInput

if TYPE_CHECKING:
    from pathlib import Path

SOCKET = "desk.sock"


class DeskClient:
    """Speaks for one launch at the desk whose socket is ADDRESS; what the desk has no call for goes to the task API."""

    def __init__(
        self,
        address: Path,
        launch_id: str,
        environment: Mapping[str, str],
        *,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self.launch_id = launch_id
        self.patience_s = patience_s
        self._environment = environment
        self._sleep = sleep
        self._connection: socket.socket | None = None

    def another(self) -> TaskClient:
        """A client of the task API for the same launch."""
        return TaskClient.from_environment(self.launch_id, self._environment)

    def claim(self, claimant: str) -> TaskInput:
        """`TaskClient.claim`."""
        return cast(TaskInput, self._call("claim", claim_of(claimant)))

    def finish(self, finish: Finish) -> None:
        """`TaskClient.finish`."""
        self._call("finish", finish)

    def logs_as_written(self, lines: list[bytes], written: int = 0, *, last: bool = False) -> None:
        """`TaskClient.logs_as_written`."""
        client = self.another()
        try:
            client.logs_as_written(lines, written, last=last)
        finally:
            client.close()

    def close(self) -> None:
        """Give the connection back; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _call(self, name: str, body: object) -> dict[str, Any]:
        """One call, tried again with growing pauses while the daemon is away or in trouble. Raises RefusedError,
        ServerAwayError."""
        token_file = self._environment[ENV_TOKEN_FILE]
        patience = Patience(self.patience_s, token_file, self._sleep)
        while True:
            try:
                request = {"call": name, "launch": self.launch_id, "token": read_token(token_file), "body": body}
                answer = self._ask(json.dumps(request).encode() + b"\n")
                status = int(answer["status"])
                if status == 200:
                    return cast("dict[str, Any]", answer["body"])
                if is_answer(status):
                    raise RefusedError(status, str(answer.get("detail")))
                trouble = f"{status}: {answer.get('detail')}"
            except (OSError, ValueError, KeyError) as problem:
                self.close()
                trouble = f"{type(problem).__name__}: {problem}"
            patience.wait(self.address, trouble)

    def _ask(self, line: bytes) -> dict[str, Any]:
        """The answer to LINE. Raises OSError where there is none, and ValueError for one that is cut off."""
        is_kept = self._connection is not None
        try:
            return self._asked(line)
        except (ConnectionError, EOFError) as problem:
            if not is_kept:
                raise ConnectionResetError(str(problem)) from problem
            self.close()  # one that was left open, and that the desk has closed: both calls may be repeated
            return self._asked(line)

    def _asked(self, line: bytes) -> dict[str, Any]:
        if self._connection is None:
            self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._connection.settimeout(CALL_TIMEOUT_S)
            with short_address(self.address) as address:
                self._connection.connect(address)
        self._connection.sendall(line)
        answer: dict[str, Any] = json.loads(read_line(self._connection))
        return answer


def read_line(connection: socket.socket) -> bytes:
    """What comes up to the end of a line. Raises ConnectionResetError where nothing comes."""
    parts: list[bytes] = []
    while not parts or not parts[-1].endswith(b"\n"):
        part = connection.recv(1 << 18)
        if not part:
            raise ConnectionResetError("it closed the connection without an answer")
        parts.append(part)
    return b"".join(parts)


@contextlib.contextmanager
def short_address(path: Path) -> Iterator[str]:
    """Another name for the socket PATH, however deep it lies: a socket's address has at most 107 bytes (unix(7))."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
