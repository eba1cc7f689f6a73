"""Logs of containers that are not ours, followed through the kubelet until they end.

Many are followed at the same time by two threads: one reads all of them (`goflow.kube.log_streams`), one writes what
has come, together, twice a second. Lines are numbered from the container's first, so that following again after a
restart stores nothing twice. One that writes faster than the database takes it is read no further meanwhile.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from goflow.executor.backend import Observation, Phase
from goflow.executor.pods import RESULT_ANNOTATION, VERDICT_ANNOTATION
from goflow.kube.api import KubeApi
from goflow.kube.errors import KubeError
from goflow.kube.log_streams import LogStream, LogStreams
from goflow.operators.manifest import MAIN
from goflow.operators.plan import Verdict
from goflow.store import DatabaseBusyError, Store, logs
from goflow.store.cache import Cache
from goflow.store.rows import LogRow

log = structlog.get_logger(__name__)

STORE_EVERY_S = 0.5
STORE_AT_LINES = 500
MOST_WAITING = 2000
"""Lines of one container that wait for the database; it is read no further until they are stored."""
TRIES = 5
AGAIN_AFTER_S = 1.0
BEGIN_AFTER_S = 0.5
"""A container is followed when it has run for so long. The log of one that ends before is read once, over
a connection that others have used: that spares everybody on the way a handshake, and a stream that lingers."""
SILENCE_S = 5.0
"""A log that is followed ends about a second after its container. One that goes on without a word for so long is read
once more, as it is then."""
MOST_DONE = 20_000
"""Pods of which it is remembered that they were read; one that is told of again after that is read again, in vain."""
MOST_LINES = 100_000
"""Lines of output that become a result at most."""


class _Followed:
    """One container's log on its way. The loop's thread fills it, the writer's empties it."""

    def __init__(self, launch_id: str, pod: dict[str, Any], container: str) -> None:
        self.launch_id = launch_id
        self.pod = pod
        self.container = container
        self.pod_uid = str(pod["metadata"]["uid"])
        self.waiting: list[LogRow] = []
        self.has_ended = False
        self.is_over = False
        """Whether the container has ended: its log grows no more."""
        self.has_begun = False
        self.stream: LogStream | None = None
        self.tries = 0
        self.room: asyncio.Event | None = None
        """Set when there is room again; None: nobody waits."""
        self._rest = b""
        self._number = 0
        self._stored = 0

    def begin(self) -> None:
        """It is read from its first line."""
        self.tries += 1
        self._rest, self._number = b"", 0

    def take(self, chunk: bytes) -> None:
        """The next bytes."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for raw in whole:
            self._line(raw)

    def end(self) -> None:
        """There are no more."""
        if self._rest:
            self._line(self._rest)
        self._rest, self.has_ended = b"", True

    def store(self, count: int) -> None:
        """The first COUNT lines that wait are in the database."""
        self._stored = self.waiting[count - 1].seq
        del self.waiting[:count]

    def _line(self, raw: bytes) -> None:
        self._number += 1
        known = self.waiting[-1].seq if self.waiting else self._stored
        if self._number > known:  # the same container's log, read once more after it was cut off
            at, text = _line(raw)
            self.waiting.append(LogRow(seq=self._number, at=at, stream="out", text=text))


class LogFollower:
    """Follows each foreign container once. POD_OF gives the newest pod that is known of a launch. MASK takes secrets
    out of lines; where lines are a task's result they stay in until they leave the database."""

    name = "log follower"

    def __init__(
        self,
        store: Store,
        api: KubeApi,
        pod_of: Callable[[str], dict[str, Any] | None],
        mask: Callable[[Sequence[LogRow]], Sequence[LogRow]] = lambda rows: rows,
    ) -> None:
        self.store = store
        self.pod_of = pod_of
        self._mask = mask
        self._streams = LogStreams(api)
        self._busy: dict[str, list[_Followed]] = {}
        """By launch, of which there may be several pods; a launch without any is left out."""
        self._done: Cache[str, bool] = Cache(MOST_DONE)
        """The pods, by their uids, that were read to their end."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._writer: threading.Thread | None = None

    # What the executor asks --------------------------------------------------------------------------------------

    def consider(self, seen: Observation) -> None:
        """Begin to follow if this is a foreign container that has begun and is not followed yet."""
        if seen.phase not in {Phase.RUNNING, Phase.ENDED}:
            return
        pod = self.pod_of(seen.launch_id)
        if pod is None:
            return
        if (pod["metadata"].get("annotations") or {}).get(VERDICT_ANNOTATION) == Verdict.RUNNER:
            return
        self.follow(seen.launch_id, pod, is_over=seen.phase is Phase.ENDED)

    def follow(self, launch_id: str, pod: dict[str, Any], *, is_over: bool, container: str = MAIN) -> None:
        """Begin to follow the log of a CONTAINER that has begun, as the launch's, unless it is followed or was.
        IS_OVER: it has ended."""
        uid = str(pod["metadata"]["uid"])
        with self._lock:
            if self._stopping.is_set():
                return
            followed = next((one for one in self._busy.get(launch_id, ()) if one.pod_uid == uid), None)
            if followed is None:
                if self._done.get(uid):
                    return
                followed = _Followed(launch_id, pod, container)
                self._busy.setdefault(launch_id, []).append(followed)
                self._have_written()
                if not is_over:
                    begin = functools.partial(self._begin, followed)
                    self._streams.call_later(BEGIN_AFTER_S, begin)
                    return
            if followed.is_over or not is_over:
                return
            followed.is_over = True
            if followed.stream is not None:
                self._streams.give_up_when_silent(followed.stream, SILENCE_S)
        self._begin(followed)

    def _have_written(self) -> None:
        """Have the writer at work. The lock is held."""
        self._wake.set()
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="log-writer", daemon=True)
            self._writer.start()

    def _begin(self, followed: _Followed) -> None:
        """Read it, if that has not begun yet."""
        with self._lock:
            if followed.has_begun:
                return
            followed.has_begun = True
        self._follow(followed)

    def busy(self, launch_id: str) -> bool:
        """Whether a log of this launch is still being read: its pod must not be cleaned up yet."""
        with self._lock:
            return launch_id in self._busy

    def has_result(self, launch_id: str) -> bool:
        """Whether lines of the launch's output are its task's result."""
        return bool(self._result_lines(launch_id))

    def result(self, launch_id: str) -> dict[str, Any] | None:
        """That result, as a runner would report it: the last line, or the list of all; None where there is no line."""
        which = self._result_lines(launch_id)
        with self.store.reading() as tx:
            if which == "last":
                lines = [row.text for row in logs.tail(tx, launch_id, 1)]
            else:
                lines = [row.text for row in logs.read(tx, launch_id, limit=MOST_LINES)]
        if not lines:
            return None
        value = lines[-1] if which == "last" else lines
        return {"xcoms": [{"key": "return_value", "value": value, "length": None if which == "last" else len(lines)}]}

    def _result_lines(self, launch_id: str) -> str:
        pod = self.pod_of(launch_id)
        return str(((pod or {}).get("metadata", {}).get("annotations") or {}).get(RESULT_ANNOTATION) or "")

    # Life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Nothing runs until there is something to follow."""

    def stop(self, timeout_s: float = 10.0) -> None:
        """Leave all logs; who follows them next reads them from their first line."""
        self._stopping.set()
        self._streams.stop()
        self._wake.set()
        if self._writer is not None:
            self._writer.join(timeout_s)

    # Reading, in the streams' thread -----------------------------------------------------------------------------

    def _follow(self, followed: _Followed) -> None:
        followed.begin()
        metadata = followed.pod["metadata"]

        async def take(chunk: bytes) -> None:
            with self._lock:
                followed.take(chunk)
                waiting = len(followed.waiting)
                if waiting >= MOST_WAITING:
                    followed.room = asyncio.Event()
                room = followed.room
            if waiting >= STORE_AT_LINES:
                self._wake.set()
            if room is not None:
                await room.wait()

        def end(problem: KubeError | None) -> None:
            if problem is not None:
                log.warning("a container's log is cut", launch=followed.launch_id, problem=str(problem))
                if followed.tries < TRIES:
                    loop = asyncio.get_running_loop()
                    loop.call_later(AGAIN_AFTER_S, lambda: self._follow(followed))
                    return
            with self._lock:
                followed.end()
                if not followed.waiting:
                    self._be_done(followed)
                    return
            if self.has_result(followed.launch_id):  # its task's end waits for these lines
                self._wake.set()

        with self._lock:
            where = (metadata["namespace"], metadata["name"], followed.container)
            followed.stream = self._streams.read(*where, take, end, follow=not followed.is_over)

    # Writing, in a thread of its own -----------------------------------------------------------------------------

    def _write(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(STORE_EVERY_S if self._busy else None)
            self._wake.clear()
            try:
                self._store_all()
            except DatabaseBusyError:  # which the store has told: lines wait, and so do those who write them
                self._stopping.wait(STORE_EVERY_S)
            except Exception:
                log.exception("containers' logs could not be stored; it is tried again")
                self._stopping.wait(STORE_EVERY_S)

    def _store_all(self) -> None:
        """Store everything that waits, in one transaction; what has ended and is stored is done."""
        with self._lock:
            found = [(followed, list(followed.waiting)) for some in self._busy.values() for followed in some]
        lines: dict[str, list[LogRow]] = {}
        for followed, rows in found:
            if rows:
                kept = rows if self.has_result(followed.launch_id) else self._mask(rows)
                lines.setdefault(followed.launch_id, []).extend(kept)
        self._append(lines)
        with self._lock:
            for followed, rows in found:
                if rows:
                    followed.store(len(rows))
                if followed.room is not None:
                    self._streams.call_soon(followed.room.set)
                    followed.room = None
                if followed.has_ended and not followed.waiting:
                    self._be_done(followed)

    def _be_done(self, followed: _Followed) -> None:
        """All of its lines are stored; the reading and the writing thread may both find that. The lock is held."""
        self._done.put(followed.pod_uid, True)
        others = self._busy.get(followed.launch_id, [])
        if followed in others:
            others.remove(followed)
        if not others:
            self._busy.pop(followed.launch_id, None)

    def _append(self, lines: dict[str, list[LogRow]]) -> None:
        """Store LINES by launch. Raises DatabaseBusyError; what cannot be stored for another reason is let go."""
        if not lines:
            return
        try:
            with self.store.transaction() as tx:
                logs.append_many(tx, lines)
        except DatabaseBusyError:
            raise
        except Exception:
            if len(lines) == 1:
                log.exception("a container's lines cannot be stored, and are let go", launch=next(iter(lines)))
                return
            for launch_id, rows in lines.items():  # one of them alone: its run was deleted, say
                self._append({launch_id: rows})


def _line(raw: bytes) -> tuple[float, str]:
    """(seconds since 1970, text) of a line; the kubelet leads each with its time stamp in nanoseconds."""
    stamp, _, text = raw.decode("utf-8", "replace").partition(" ")
    try:
        micros = stamp[:26].rstrip("Z")  # Python reads microseconds, the kubelet writes nanoseconds
        at = dt.datetime.fromisoformat(f"{micros}+00:00").timestamp()
    except ValueError:
        return 0.0, raw.decode("utf-8", "replace")
    return at, text.rstrip("\r")
