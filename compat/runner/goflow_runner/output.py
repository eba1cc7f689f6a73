"""A task's output on its way to the server: read from a pipe, numbered by line, spooled, sent while it is written."""

from __future__ import annotations

import contextlib
import json
import os
import select
import threading
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

from goflow_runner.client import RefusedError, ServerAwayError, ServerBusyError, TaskClient
from goflow_runner.wire import LogLine

if TYPE_CHECKING:
    from goflow_runner.desk import DeskClient

SEND_EVERY_S = 0.5
SEND_AT_LINES = 500
SEND_AT_BYTES = 1 << 20
"""Bytes of spool that one request takes at most (and one line at least, which is at most six times as long)."""
LONGEST_LINE = 64 * 1024
"""Bytes of one line; a longer one is cut into several, between characters, so that no line outgrows a request."""
LONGEST_TRANSLATED = 1 << 20
"""Bytes of a line that is translated; a longer one is shown as it is."""
LONGEST_RESULT = 8 << 20
"""Characters of the last line that are kept as a result: written as JSON, they may become six times as many."""
DRAIN_S = 5.0
"""Seconds for which the end of the pipe is waited for once the task has ended: something may still hold it open."""
LARGEST_BACKLOG = 512 << 20
"""Bytes of spool that wait to be sent; lines beyond are lost, and counted, until there is room again."""
RECLAIM_AT_BYTES = 16 << 20
"""Bytes of spool that were all sent, from which on the file begins anew."""
BUSY_S = 60.0
"""Seconds for which the end of a task waits for a server that takes no lines just now; then they are sent as the last
ones, which it takes in any case."""
MOST_REFUSALS = 10
"""Requests that the server may refuse for what is in them, before no more are sent."""
_REFUSED_FOR_GOOD = frozenset({401, 403, 404, 410})


class Output:
    """Takes what a task writes (``fd`` is the pipe's write end) and what the runner itself says (``say``).

    Lines go to SPOOL (JSON lines), and from there to the server, some at a time: so they survive a server that is away,
    and the memory they take does not grow with them. ``drain`` ends the reading, ``ship`` sends what is left.
    Bytes that are no UTF-8 are shown as ``\\xNN``, as Airflow's SubprocessHook shows them.
    """

    def __init__(
        self,
        spool: Path | None,
        client: TaskClient | DeskClient | None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.translate: Callable[[str], list[str]] | None = None
        """What is to be shown for a line, set before the first one."""
        self._path = spool
        self._spool: FileIO | None = None
        """The file, once there is a line: most tasks that only run a command write none."""
        self._spooled = 0
        self._sent = 0
        self._shipped = False
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._seq = 0
        self._partial = b""
        self._lost: tuple[int, str] = (0, "")
        self._refusals = 0
        self._line: list[str] = []
        self._line_length = 0
        self._line_ended = False
        self._read_fd, self.fd = os.pipe()
        os.set_inheritable(self.fd, True)
        self._done_reading = threading.Event()
        self._closing = threading.Event()
        self._reader: threading.Thread | None = None
        self._send_from: float | None = None
        """When what was written is to be sent at the latest, as ``time.monotonic`` counts."""
        self._sender: threading.Thread | None = None

    @property
    def last_line(self) -> str | None:
        """The line that the task has written last, whole: BashOperator's result. None when it is too long to keep."""
        return None if self._line_length > LONGEST_RESULT else "".join(self._line)

    def start(self) -> None:
        """Begin to read, in a thread. Whoever has a loop of its own calls `to_read` and `read_some` instead."""
        self._reader = threading.Thread(target=self._read, name="output-reader", daemon=True)
        self._reader.start()

    def to_read(self) -> list[int]:
        """The end of the pipe that there may be something to read from; nothing once all is read."""
        return [] if self._reader is not None or self._done_reading.is_set() else [self._read_fd]

    def read_some(self) -> bool:
        """Read what is there, and wait for it if nothing is; false at its end."""
        chunk = os.read(self._read_fd, 1 << 16)
        if chunk:
            self._take(chunk)
        else:
            self._end_reading()
        return bool(chunk)

    def due(self) -> float | None:
        """When whoever calls `read_some` is to call `send`, as ``time.monotonic`` counts; None: not yet."""
        return self._send_from if self._reader is None and self._sender is None else None

    def send(self) -> None:
        """Begin to send what is written, in a thread, if it is time."""
        with self._lock:
            if self._send_from is None or self._sender is not None or time.monotonic() < self._send_from:
                return
            self._sender = threading.Thread(target=self._send, name="output-sender", daemon=True)
            self._sender.start()

    def say(self, text: str) -> None:
        """A line of the runner's own."""
        with self._lock:
            self._keep([("runner", text)])

    def drain(self, wait_s: float = DRAIN_S) -> None:
        """Stop reading when all is read, or after WAIT_S seconds if something still holds the pipe."""
        if self._closing.is_set():
            return
        os.close(self.fd)
        if self._reader is not None:
            self._done_reading.wait(wait_s)
        else:
            self._read_rest(time.monotonic() + wait_s)
        self._closing.set()
        with self._lock:
            if self._partial:
                self._keep([("out", piece) for line in self._lines(self._partial) for piece in self._cut(line)])
                self._partial = b""

    def ship(self, busy_s: float = BUSY_S) -> list[LogLine]:
        """Send what is left but for the last few lines, which are given back: they travel with the last call. A server
        that takes none just now is waited for up to BUSY_S seconds."""
        self._closing.set()
        if self._sender is not None:
            self._sender.join(40.0)  # it may be in the midst of a call
        if self._client is not None:
            with contextlib.suppress(ServerAwayError):
                self._send_the_rest(self._client, busy_s)
        with self._lock:
            if self._lost[0]:
                self._keep([])
        lines, end, _ = self._batch()
        while self._spooled > end:  # the server was away, or it wants no more: the end of the log is what tells most
            self._sent = end
            lines, end, _ = self._batch()
        with self._lock:
            self._shipped = True
            if self._spool:
                self._spool.close()
                self._spool = None
        return [cast(LogLine, json.loads(line)) for line in lines]

    def close(self) -> list[LogLine]:
        """`drain` and `ship`."""
        self.drain()
        return self.ship()

    # Reading ---------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            while not self._closing.is_set():
                if select.select([self._read_fd], [], [], 0.5)[0] and not self.read_some():
                    return
                self.send()
        finally:
            self._end_reading()

    def _read_rest(self, until: float) -> None:
        while not self._done_reading.is_set():
            if not select.select([self._read_fd], [], [], max(0.0, until - time.monotonic()))[0]:
                self._end_reading()
                return
            self.read_some()

    def _end_reading(self) -> None:
        if not self._done_reading.is_set():
            self._done_reading.set()
            os.close(self._read_fd)

    def _take(self, chunk: bytes) -> None:
        with self._lock:
            *whole, rest = (self._partial + chunk).split(b"\n")
            pieces: list[tuple[str, str]] = []
            for raw in whole:
                for line in self._lines(raw.removesuffix(b"\r")):
                    pieces += [("out", piece) for piece in self._cut(line, ended=True)]
            while len(rest) > (LONGEST_LINE if self.translate is None else LONGEST_TRANSLATED):
                end = _boundary(rest)
                pieces.append(("out", self._text(rest[:end])))
                rest = rest[end:]
            self._partial = rest
            if pieces:
                self._keep(pieces)
            if self._send_from is None and self._client is not None and self._spooled:
                self._send_from = time.monotonic() + SEND_EVERY_S

    def _lines(self, raw: bytes) -> list[bytes]:
        """What is shown for a line."""
        if self.translate is None:
            return [raw]
        return [line.encode("utf-8", "replace") for line in self.translate(raw.decode("utf-8", "backslashreplace"))]

    def _cut(self, raw: bytes, *, ended: bool = False) -> list[str]:
        """A line's pieces, at least one; they become the last line."""
        pieces = []
        while len(raw) > LONGEST_LINE:
            end = _boundary(raw)
            pieces.append(self._text(raw[:end]))
            raw = raw[end:]
        pieces.append(self._text(raw))
        self._line_ended = ended
        return pieces

    def _text(self, raw: bytes) -> str:
        text = raw.decode("utf-8", "backslashreplace")
        if self._line_ended:
            self._line, self._line_length, self._line_ended = [], 0, False
        self._line_length += len(text)
        if self._line_length > LONGEST_RESULT:
            self._line = []
        else:
            self._line.append(text)
        return text

    def _keep(self, lines: list[tuple[str, str]]) -> None:
        """Number LINES (stream, text) and write them to the spool. A disk that is full must not stop the task."""
        if self._path is None or self._shipped:
            return
        lost, why = self._lost
        if lost:
            lines = [("runner", f"{lost} lines were lost: {why}"), *lines]
        at, first = self._clock(), self._seq + 1
        made = [
            {"seq": first + number, "at": at, "stream": stream, "text": text}
            for number, (stream, text) in enumerate(lines)
        ]
        content = "".join(f"{json.dumps(line)}\n" for line in made).encode("ascii")
        if self._spooled - self._sent + len(content) > LARGEST_BACKLOG:
            self._lost = (lost + len(lines) - bool(lost), f"{LARGEST_BACKLOG >> 20} MiB of them wait for the server")
            return
        try:
            if self._spool is None:
                self._spool = FileIO(self._path, "ab")
            written = 0
            while written < len(content):
                written += self._spool.write(content[written:]) or 0
        except OSError as problem:
            with contextlib.suppress(OSError):
                if self._spool is not None:
                    self._spool.truncate(self._spooled)
            self._lost = (lost + len(lines) - bool(lost), problem.strerror or str(problem))
            return
        self._spooled += len(content)
        self._seq += len(lines)
        self._lost = (0, "")

    # Sending ---------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        """Send what is spooled, every half second; at once while there is more than one request's worth."""
        assert self._client is not None
        client = self._client.another()
        client.patience_s = 5.0
        while not self._closing.is_set():
            pause = SEND_EVERY_S
            try:
                while self._spooled > self._sent and not self._closing.is_set():
                    if not self._send_batch(client):
                        self._closing.wait()
            except ServerBusyError as busy:
                pause = busy.after_s
            except ServerAwayError:
                pass
            self._closing.wait(pause)
        client.close()

    def _send_the_rest(self, client: TaskClient | DeskClient, busy_s: float) -> None:
        """Send all but the last few lines. Raises ServerAwayError."""
        while self._spooled - self._sent > SEND_AT_BYTES or self._batch()[2] >= SEND_AT_LINES:
            try:
                if not self._send_batch(client, last=busy_s <= 0):
                    return
            except ServerBusyError as busy:
                pause = min(busy.after_s, busy_s)
                self._sleep(pause)
                busy_s -= pause

    def _send_batch(self, client: TaskClient | DeskClient, *, last: bool = False) -> bool:
        """Send the next lines; false when the server wants no more. Raises ServerAwayError."""
        lines, end, _ = self._batch()
        try:
            client.logs_as_written(lines, self._seq, last=last)
        except RefusedError as refusal:
            self._refusals += 1
            if refusal.status in _REFUSED_FOR_GOOD or self._refusals > MOST_REFUSALS:
                return False
            with self._lock:
                self._keep([("runner", f"the server refused {len(lines)} lines: {refusal}")])
        self._sent = end
        self._reclaim()
        return True

    def _reclaim(self) -> None:
        """Begin the spool anew where it is large and all of it was sent."""
        with self._lock:
            if self._spool is not None and self._sent == self._spooled >= RECLAIM_AT_BYTES:
                with contextlib.suppress(OSError):
                    self._spool.truncate(0)
                    self._sent = self._spooled = 0

    def _batch(self) -> tuple[list[bytes], int, int]:
        """The next lines of the spool that were not sent, where they end in it, and how many they are."""
        if self._path is None or self._spooled <= self._sent:
            return [], self._sent, 0
        with self._path.open("rb") as file:
            file.seek(self._sent)
            content = file.read(min(self._spooled - self._sent, SEND_AT_BYTES))
            if b"\n" not in content:
                content += file.readline()
        lines = content.split(b"\n")[:SEND_AT_LINES] if b"\n" in content else []
        whole = content.count(b"\n")
        lines = lines[:whole]
        return lines, self._sent + sum(len(line) + 1 for line in lines), len(lines)


def _boundary(raw: bytes) -> int:
    """Where to cut RAW so that the first part is at most `LONGEST_LINE` long and no character of UTF-8 is torn."""
    for end in range(LONGEST_LINE, LONGEST_LINE - 4, -1):
        if raw[end] & 0xC0 != 0x80:
            return end
    return LONGEST_LINE
