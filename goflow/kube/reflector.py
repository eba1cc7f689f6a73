"""A view of some objects of a namespace that stays true: list, watch from there, and list again when that breaks.

What makes watches hard and is survived here: the server ends every watch after a while; a version that is too old is
answered by 410 or by an ``ERROR`` event; a connection whose other end has vanished stays silent for ever (bookmarks
come every minute, so a longer silence is a break); events come twice. After a list, objects that are no longer there
are told as deleted, so that nothing is missed however long the break was.
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import structlog

from goflow.kube.api import Json, KubeApi, Query
from goflow.kube.errors import GoneError, KubeError

log = structlog.get_logger(__name__)

WATCH_S = 290
"""Seconds that the server is asked to keep one watch open."""
SILENCE_S = 90.0
"""Longest silence on a watch: the server sends bookmarks about every minute."""
PAGE = 500
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 15.0

Change = Literal["seen", "deleted"]
Handler = Callable[[Change, Json], None]


class Reflector:
    """Tells HANDLER of every object at PATH that LABEL_SELECTOR picks: ``seen`` when it is new or has changed,
    ``deleted`` when it is gone. The handler is called from one thread, in order; what it raises is logged, and the
    object is told again after the next list."""

    def __init__(self, api: KubeApi, path: str, label_selector: str, handler: Handler) -> None:
        self.api = api
        self.path = path
        self.label_selector = label_selector
        self.handler = handler
        self.synced = threading.Event()
        """Set after the first list has been told."""
        self.trouble: str | None = None
        """Why the view may be old just now; None while list or watch work."""
        self.heard_at = time.monotonic()
        self._stopping = threading.Event()
        self._known: dict[str, Json] = {}
        self._thread = threading.Thread(target=self._run, name=f"reflector {path}", daemon=True)

    def start(self) -> None:
        """Begin; ``synced`` tells when the first list is through."""
        self._thread.start()

    def stop(self) -> None:
        """End soon; a watch that is open ends with the process or its time."""
        self._stopping.set()

    def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                version = self._list()
                self.trouble, pause = None, FIRST_PAUSE_S
                self.synced.set()
                self._watch_from(version)
            except GoneError:
                continue
            except KubeError as problem:
                self.trouble = str(problem)
                log.warning("watch broken", path=self.path, problem=str(problem))
                self._stopping.wait(max(problem.retry_after_s or 0, pause * random.uniform(0.5, 1.5)))  # noqa: S311
                pause = min(pause * 2, LONGEST_PAUSE_S)

    def _list(self) -> str:
        """Tell all that is there and what has gone; the version to watch from."""
        found: dict[str, Json] = {}
        token = ""
        while True:
            answer = self.api.request(
                "GET",
                self.path,
                query={"labelSelector": self.label_selector, "limit": PAGE, "continue": token or None},
            )
            for item in answer.get("items") or []:
                found[item["metadata"]["uid"]] = item
            token = (answer.get("metadata") or {}).get("continue") or ""
            if not token:
                break
        for uid in [uid for uid in self._known if uid not in found]:
            self._tell("deleted", self._known.pop(uid))
        for uid, item in found.items():
            self._known[uid] = item
            self._tell("seen", item)
        self.heard_at = time.monotonic()
        return str(answer["metadata"]["resourceVersion"])

    def _watch_from(self, version: str) -> None:
        """Watch until the stream breaks (KubeError), is too old (GoneError) or the reflector is stopped."""
        while not self._stopping.is_set():
            query: Query = {
                "labelSelector": self.label_selector,
                "watch": True,
                "allowWatchBookmarks": True,
                "resourceVersion": version,
                "timeoutSeconds": WATCH_S,
            }
            with self.api.stream(self.path, query=query, read_timeout_s=SILENCE_S) as response:
                for event in _events(response.stream(1 << 16, decode_content=True)):
                    if self._stopping.is_set():
                        return
                    self.heard_at = time.monotonic()
                    version = self._take(event) or version

    def _take(self, event: Json) -> str | None:
        kind, item = event.get("type"), event.get("object") or {}
        if kind == "ERROR":
            raise GoneError(int(item.get("code") or 410), str(item.get("reason")), str(item.get("message")))
        metadata = item.get("metadata") or {}
        uid = str(metadata.get("uid"))
        if kind in {"ADDED", "MODIFIED"}:
            self._known[uid] = item
            self._tell("seen", item)
        elif kind == "DELETED":
            self._known.pop(uid, None)
            self._tell("deleted", item)
        version: str | None = metadata.get("resourceVersion")
        return version

    def _tell(self, change: Change, item: Json) -> None:
        try:
            self.handler(change, item)
        except Exception:
            log.exception("an observation could not be taken", change=change, name=item["metadata"].get("name"))


def _events(chunks: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """Whole lines of a chunked stream, as JSON."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)
