"""The reading processes: begun when there is something to read, ended when there is not.

A file that makes its process die or hang costs that process and no more: the file gets a diagnostic, the next one a
fresh process.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from goflow.domain.diagnostics import Diagnostic
from goflow.importer import endings
from goflow.importer.messages import Parsed, Setup, TookTooLongError, receive, send
from goflow.importer.settings import ImportSettings
from goflow.importer.zygote import Forked, Zygote

_MOST_TOGETHER = 32
"""Files that are taken at once: what they do to the database, they do in one transaction."""
_GATHER_S = 0.1
"""Seconds that a file waits for others that may be taken with it: each time costs the database as much."""
_MOST_AHEAD = 4 * _MOST_TOGETHER
"""Files that may have been read and not been taken."""
_WORTH = 10
"""Files to each process that are worth the beginning of another."""
_MOST_FILES = 1000
"""After so many files, or one that has made it large, a process is replaced: whatever it keeps is given back."""


class ReaderPool:
    """Up to ``settings.processes`` reading processes. One thread at a time may read."""

    def __init__(self, settings: ImportSettings) -> None:
        self._settings = settings
        self._zygote = Zygote(settings)
        self._readers = [_Reader(settings, self._zygote) for _ in range(settings.processes)]
        self._free = list(self._readers)
        self._guard = threading.Lock()

    def read(self, setup: Setup, paths: Sequence[str]) -> Iterator[Parsed]:
        """What each of PATHS is, in that order; a file that cannot be read has a diagnostic that says why."""
        for batch in self.read_together(setup, paths):
            yield from batch

    def read_together(
        self, setup: Setup, paths: Sequence[str], meanwhile: Callable[[], None] = lambda: None
    ) -> Iterator[list[Parsed]]:
        """The same; those together that have been read meanwhile. MEANWHILE is done while the first are."""
        wanted = iter(paths)
        for reader in self._readers:
            reader.setup = setup
        worth = max(self.running, min(len(self._readers), -(-len(paths) // _WORTH)))
        threads = ThreadPoolExecutor(max(1, worth), thread_name_prefix="reader")
        under_way = deque(threads.submit(self._read_one, path) for path in itertools.islice(wanted, _MOST_AHEAD))
        try:
            meanwhile()
            while under_way:
                batch = [under_way.popleft().result()]
                until = time.monotonic() + _GATHER_S
                while under_way and len(batch) < _MOST_TOGETHER and _is_done(under_way[0], until):
                    batch.append(under_way.popleft().result())
                under_way.extend(threads.submit(self._read_one, path) for path in itertools.islice(wanted, len(batch)))
                yield batch
        finally:  # also when nobody asks for the rest any more
            threads.shutdown(wait=True, cancel_futures=True)

    def _read_one(self, path: str) -> Parsed:
        with self._guard:  # one that is there already, if there is one
            reader = self._free.pop(next((at for at, free in enumerate(self._free) if free.running), 0))
        try:
            return reader.read(path)
        finally:
            with self._guard:
                self._free.append(reader)

    def warm(self, most: int | None = None) -> None:
        """Begin the processes, or MOST of them, and do not wait: they load what they need meanwhile."""
        for reader in self._readers[:most]:
            reader.begin()

    def ready(self) -> None:
        """Begin the processes, and wait until each has loaded what it needs."""
        self.warm()
        for reader in self._readers:
            reader.ready()

    @property
    def running(self) -> int:
        """How many processes there are now."""
        return sum(reader.running for reader in self._readers)

    def pids(self) -> list[int]:
        """The process ids of those that there are now and are ready."""
        return [reader.pid for reader in self._readers if reader.pid is not None]

    def rest(self) -> None:
        """End the processes, but for the one that others are forked from: they are there again at once."""
        for reader in self._readers:
            reader.close()

    def close(self) -> None:
        """End all processes; the next ``read`` begins others."""
        self.rest()
        self._zygote.close()


class _Reader:
    """One reading process, or the lack of it."""

    def __init__(self, settings: ImportSettings, zygote: Zygote) -> None:
        self._settings = settings
        self._zygote = zygote
        self._process: Forked | None = None
        self._told: Setup | None = None
        self._files = 0
        self.setup: Setup | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int | None:
        """Its process id, while it is there and ready."""
        return self._process.pid if self._process is not None and self._process.running else None

    def read(self, path: str) -> Parsed:
        """What the file PATH is. Never raises for what the file does to the process."""
        begun = time.monotonic()
        try:
            return self._ask(path)
        except TookTooLongError:
            self._given_back(Forked.kill)
            return _given_up(endings.too_long(path, self._settings.parse_timeout_s), begun)
        except (EOFError, BrokenPipeError):
            return _given_up(endings.ended(path, self._given_back(Forked.exit_code)), begun)

    def begin(self) -> None:
        """Have a process, and a fresh one instead of one that has read much."""
        if not self.running or self._files >= _MOST_FILES:
            self.close()
            self._process = self._zygote.begin()
            self._files = 0
            self._told = None

    def ready(self) -> Forked:
        """Have a process that waits for a file: what it loads is not the file's time."""
        self.begin()
        assert self._process is not None
        try:
            self._process.ready()
        except EOFError:  # what it was to be forked from was killed meanwhile
            self.close()
            self._process = self._zygote.begin()
            self._process.ready()
        return self._process

    def close(self) -> None:
        """End the process."""
        self._given_back(Forked.end)

    def _ask(self, path: str) -> Parsed:
        process = self.ready()
        if self._told is not self.setup:
            send(process.input, self.setup)
            self._told = self.setup
        send(process.input, path)
        answer = receive(process.output, timeout_s=self._settings.parse_timeout_s)
        assert isinstance(answer, Parsed)
        self._files = _MOST_FILES if answer.memory_mb > self._settings.parse_memory_mb // 4 else self._files + 1
        return answer

    def _given_back(self, how: Callable[[Forked], int]) -> int:
        """Have no process any more; what it ended with."""
        process, self._process = self._process, None
        return 0 if process is None else how(process)


def _is_done(reading: Future[Parsed], until: float) -> bool:
    """Whether READING is done, be it after a wait until the moment UNTIL of the monotonic clock."""
    return reading.done() or reading in wait([reading], max(0.0, until - time.monotonic())).done


def _given_up(finding: Diagnostic, begun: float) -> Parsed:
    return Parsed(path=finding.span.path, diagnostics=(finding,), seconds=time.monotonic() - begun, crashed=True)
