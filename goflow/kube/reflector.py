"""A view of some objects of a namespace that stays true: list, watch from there, go on where a watch was cut, and list
again when the server no longer knows that place.

What makes watches hard and is survived here: the server ends every watch after a while; a version that is too old is
answered by 410 or by an ``ERROR`` event; a connection whose other end has vanished stays silent for ever (bookmarks
come every minute, so a longer silence is a break); events come twice; proxies answer in the server's stead; and who is
told may fail to take it. After a list, objects that are no longer there are told as deleted, so that nothing is missed
however long the break was.
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import orjson
import structlog
import urllib3

from goflow.kube import protobuf
from goflow.kube.api import JSON, Json, KubeApi, Query
from goflow.kube.errors import GoneError, KubeError, UnavailableError

log = structlog.get_logger(__name__)

WATCH_S = 290
"""Seconds that the server is asked to keep one watch open."""
SILENCE_S = 90.0
"""Longest silence on a watch: the server sends bookmarks about every minute."""
PAGE = 500
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 15.0
RESUME_TRIES = 4
"""Breaks in a row after which the version is no longer trusted: a server restored from a backup does not know it."""
SHORTEST_WATCH_S = 1.0
"""A watch that ends sooner, without an event, counts as broken, so that it is not asked for again without a pause."""
STOP_S = 2.0
GATHERS_S = 0.1
"""Where much is told, it is read in bursts, with so many seconds between: to be woken for each word costs more than to
read it."""
BUSY_FROM = 10
"""Words within that time that are much."""
TELL_AGAIN_AFTER_S = (0.2, 1.0)
"""Pauses before the handler is tried again, in place, so that the order is kept; then it has to wait for a list."""
LIST_AGAIN_AFTER_S = 5.0
"""How long a handler that failed all the same is left alone; the next event then, if only a bookmark, makes a list."""

Change = Literal["seen", "deleted"]
Handler = Callable[[Change, Json], None]


class Reflector:
    """Tells HANDLER of every object at PATH that LABEL_SELECTOR picks: ``seen`` when it is new or has changed,
    ``deleted`` when it is gone. The handler is called from one thread, in order; what it raises is logged, and the
    object is told again, at once and by a list that follows soon. FIELD_SELECTOR picks further. REMEMBERS gives what
    is held of an object: that is told when a list no longer has it. LEAN: changes are told with no more of an object
    than `goflow.kube.protobuf` reads. STOPPING is what pauses wait on, for tests."""

    def __init__(
        self,
        api: KubeApi,
        path: str,
        label_selector: str,
        handler: Handler,
        *,
        field_selector: str = "",
        lean: bool = False,
        watch_s: int = WATCH_S,
        silence_s: float = SILENCE_S,
        longest_pause_s: float = LONGEST_PAUSE_S,
        remembers: Callable[[Json], Json] = lambda item: item,
        stopping: threading.Event | None = None,
    ) -> None:
        self.api = api
        self.path = path
        self.handler = handler
        self._selectors: Query = {"labelSelector": label_selector, "fieldSelector": field_selector or None}
        self._accept = f"{protobuf.MEDIA_TYPE}, {JSON}" if lean else JSON
        self._watch_s = watch_s
        self._silence_s = silence_s
        self._longest_pause_s = longest_pause_s
        self._remembers = remembers
        self.synced = threading.Event()
        """Set after the first list has been told."""
        self.trouble: str | None = None
        """Why the view may be old just now; None while list or watch work."""
        self._said: str | None = None
        """The trouble that is in the log, until a watch is open again."""
        self.heard_at = time.monotonic()
        self._stopping = stopping or threading.Event()
        self._known: dict[str, Json] = {}
        self._version = ""
        """Where the next watch begins; empty when only a list can tell."""
        self._breaks = 0
        """How often it broke since the last event."""
        self._untold_since: float | None = None
        """Since when there are objects that the handler could not take."""
        self._open: urllib3.BaseHTTPResponse | None = None
        self._thread = threading.Thread(target=self._run, name=f"reflector {path}", daemon=True)

    def start(self) -> None:
        """Begin; ``synced`` tells when the first list is through."""
        self._thread.start()

    def stop(self) -> None:
        """End, and cut the watch that is open; nothing is told any more once this has returned."""
        self._stopping.set()
        watch = self._open
        if watch is not None:
            with contextlib.suppress(ValueError, RuntimeError, OSError, AttributeError):  # it has just ended by itself
                watch.shutdown()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if not self._version:
                    self._version = self._list()
                    self.trouble = None
                    self.synced.set()
                self._watch()
            except KubeError as problem:
                self._broken(problem, problem.retry_after_s or 0)
            except Exception as problem:
                log.exception("a watch met what it does not know", path=self.path)
                self._version = ""
                self._broken(problem, 0)

    def _broken(self, problem: Exception, retry_after_s: float) -> None:
        """Pause, longer each time until something is heard again. A watch that was merely cut goes on where it was."""
        if self._stopping.is_set():
            return
        self._breaks += 1
        if not isinstance(problem, UnavailableError) or self._breaks >= RESUME_TRIES:
            self._version = ""
        if isinstance(problem, GoneError):
            log.info("watch too old; listing again", path=self.path, problem=str(problem))
        else:
            self.trouble = str(problem)
            if self.trouble != self._said:
                log.warning("watch broken", path=self.path, problem=self.trouble)
            self._said = self.trouble
        pause = 0.0
        if self._breaks > 1:  # the first time at once: servers end watches, and proxies cut them
            pause = min(FIRST_PAUSE_S * 2 ** min(self._breaks - 2, 10), self._longest_pause_s)
            pause *= random.uniform(0.5, 1.5)  # noqa: S311
        self._stopping.wait(max(retry_after_s, pause))

    def _list(self) -> str:
        """Tell all that is there and what has gone; the version to watch from."""
        found: dict[str, Json] = {}
        token = ""
        while True:
            answer = self.api.request(
                "GET",
                self.path,
                query={**self._selectors, "limit": PAGE, "continue": token or None},
            )
            for item in answer.get("items") or []:
                found[item["metadata"]["uid"]] = item
            token = (answer.get("metadata") or {}).get("continue") or ""
            if not token:
                break
        self._untold_since = None
        for uid in [uid for uid in self._known if uid not in found]:
            self._tell_deleted(uid, self._known[uid])
        for uid, item in found.items():
            self._known[uid] = self._remembers(item)
            self._tell("seen", item)
        self.heard_at = time.monotonic()
        return str(answer["metadata"]["resourceVersion"])

    def _watch(self) -> None:
        """Watch once, until the server ends it. Raises GoneError when the version is too old, UnavailableError when the
        stream breaks."""
        query: Query = {
            **self._selectors,
            "watch": True,
            "allowWatchBookmarks": True,
            "resourceVersion": self._version,
            "timeoutSeconds": self._watch_s,
        }
        began = time.monotonic()
        heard = False
        silence_s, accept = self._silence_s, self._accept
        with self.api.stream(self.path, query=query, read_timeout_s=silence_s, accept=accept) as response:
            self._open = response
            self.trouble = self._said = None
            try:
                if self._stopping.is_set():
                    return
                is_protobuf = protobuf.is_protobuf(response.headers.get("Content-Type"))
                events = protobuf.Changes().events if is_protobuf else _events
                for event in events(self._in_bursts(response.stream(1 << 16, decode_content=True))):
                    self._version = self._take(event) or self._version
                    self._breaks, heard = 0, True
                    self.heard_at = time.monotonic()
                    if self._stopping.is_set() or self._must_list_again():
                        return
            finally:
                self._open = None
        if not heard and time.monotonic() - began < SHORTEST_WATCH_S:
            raise UnavailableError(0, "WatchEnded", "the server ended the watch at once")
        self._breaks = 0

    def _in_bursts(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """CHUNKS as they come; where many do, after each burst of them a pause for more to come."""
        began, count = time.monotonic(), 0
        for chunk in chunks:
            yield chunk
            count += 1
            now = time.monotonic()
            if now - began >= GATHERS_S:
                if count >= BUSY_FROM:
                    self._stopping.wait(GATHERS_S)
                began, count = time.monotonic(), 0

    def _must_list_again(self) -> bool:
        if self._untold_since is None or time.monotonic() - self._untold_since < LIST_AGAIN_AFTER_S:
            return False
        self._version = ""
        return True

    def _take(self, event: Json) -> str | None:
        kind, item = event.get("type"), event.get("object") or {}
        if kind == "ERROR":
            raise GoneError(int(item.get("code") or 410), str(item.get("reason")), str(item.get("message")))
        metadata = item.get("metadata") or {}
        uid = str(metadata.get("uid"))
        if kind in {"ADDED", "MODIFIED"}:
            self._known[uid] = self._remembers(item)
            self._tell("seen", item)
        elif kind == "DELETED":
            self._tell_deleted(uid, item)
        version: str | None = metadata.get("resourceVersion")
        return version

    def _tell_deleted(self, uid: str, item: Json) -> None:
        """It stays known until that was taken, so that the next list tells it again."""
        self._known[uid] = item
        if self._tell("deleted", item):
            del self._known[uid]

    def _tell(self, change: Change, item: Json) -> bool:
        """Whether the handler took it."""
        pauses = TELL_AGAIN_AFTER_S if self._untold_since is None else ()
        for pause in (*pauses, None):
            if self._stopping.is_set():
                return False
            try:
                self.handler(change, item)
            except Exception:
                name = (item.get("metadata") or {}).get("name")
                log.exception("an observation could not be taken", change=change, name=name)
                if pause is not None:
                    self._stopping.wait(pause)
            else:
                return True
        self._untold_since = self._untold_since or time.monotonic()
        return False


def _events(chunks: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """Whole lines of a chunked stream, as JSON objects. Raises UnavailableError for one that is none."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield _event(line)


def _event(line: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise UnavailableError(0, "StreamGarbled", f"a line of a watch is no event: {line[:100]!r}")
    return event
