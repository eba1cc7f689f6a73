"""A task's output on its way to the server: read from a pipe, numbered by line, spooled, sent while it is written."""

from __future__ import annotations

import json
import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path

from goflow_runner.client import RefusedError, ServerAwayError, TaskClient
from goflow_runner.wire import LogLine

SEND_EVERY_S = 0.5
SEND_AT_LINES = 500
LONGEST_LINE = 64 * 1024
"""Characters of one line; a longer one is cut into several, so that no line outgrows a request."""
KEEP_SENT_LINES = 2000
"""Lines that may wait for the server in memory; what is beyond waits in the spool file alone."""


class Output:
    """Takes what a task writes (``fd`` is the pipe's write end) and what the runner itself says (``say``).

    Lines go to SPOOL (JSON lines, so that they survive a server that is away) and to SEND, some at a time. ``close``
    gives back the lines that have not been sent: they travel with the last call.
    """

    def __init__(self, spool: Path | None, client: TaskClient | None, clock: Callable[[], float] = time.time) -> None:
        self._spool = spool.open("a", encoding="utf-8") if spool else None
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[LogLine] = []
        self._seq = 0
        self._partial = b""
        self.last_line = ""
        """The line that the task has written last: BashOperator's result."""
        self._read_fd, self.fd = os.pipe()
        os.set_inheritable(self.fd, True)
        self._done_reading = threading.Event()
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read, name="output-reader", daemon=True)
        self._sender: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read."""
        self._reader.start()

    def say(self, text: str) -> None:
        """A line of the runner's own."""
        with self._lock:
            self._add("runner", text)

    def close(self, drain_s: float = 1.0) -> list[LogLine]:
        """Stop when all is read (a background process may hold the pipe: wait DRAIN_S seconds at most for it).

        The lines not sent yet are given back.
        """
        os.close(self.fd)
        self._done_reading.wait(drain_s)
        self._closing.set()
        sender = self._sender
        if sender is not None:
            sender.join(30.0)
        with self._lock:
            if self._partial:
                self._add("out", self._partial.decode("utf-8", "replace"))
                self._partial = b""
            if self._spool:
                self._spool.close()
                self._spool = None
            waiting, self._waiting = self._waiting, []
        return waiting

    def _read(self) -> None:
        try:
            while not self._closing.is_set():
                if not select.select([self._read_fd], [], [], 0.5)[0]:
                    continue
                chunk = os.read(self._read_fd, 1 << 16)
                if not chunk:
                    break
                self._take(chunk)
        finally:
            self._done_reading.set()
            os.close(self._read_fd)

    def _take(self, chunk: bytes) -> None:
        with self._lock:
            *whole, self._partial = (self._partial + chunk).split(b"\n")
            while len(self._partial) > LONGEST_LINE:
                whole.append(self._partial[:LONGEST_LINE])
                self._partial = self._partial[LONGEST_LINE:]
            for raw in whole:
                for start in range(0, max(len(raw), 1), LONGEST_LINE):
                    self._add("out", raw[start : start + LONGEST_LINE].decode("utf-8", "replace").rstrip("\r"))
            if self._sender is None and self._client is not None and self._waiting:
                self._sender = threading.Thread(target=self._send, name="output-sender", daemon=True)
                self._sender.start()

    def _add(self, stream: str, text: str) -> None:
        self._seq += 1
        line: LogLine = {"seq": self._seq, "at": self._clock(), "stream": stream, "text": text}
        if stream == "out":
            self.last_line = text
        self._waiting.append(line)
        if self._spool:
            self._spool.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._spool.flush()

    def _send(self) -> None:
        """Send what waits, every half second; lines are taken off only when the server has them."""
        assert self._client is not None
        client = self._client.another()
        client.patience_s = 5.0
        while not self._closing.wait(SEND_EVERY_S):
            with self._lock:
                batch = self._waiting[:SEND_AT_LINES]
            if not batch:
                continue
            try:
                client.logs(batch)
            except (RefusedError, ServerAwayError):
                continue
            with self._lock:
                del self._waiting[: len(batch)]
        client.close()
