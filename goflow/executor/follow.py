"""Logs of containers that are not ours, followed through the kubelet until they end.

Lines are numbered from the container's first, so that following again after a restart stores nothing twice.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import structlog

from goflow.executor.backend import Observation, Phase
from goflow.executor.pods import RESULT_ANNOTATION, VERDICT_ANNOTATION
from goflow.kube.api import KubeApi
from goflow.kube.errors import KubeError
from goflow.operators.manifest import MAIN
from goflow.operators.plan import Verdict
from goflow.store import Store, logs
from goflow.store.rows import LogRow

log = structlog.get_logger(__name__)

STORE_EVERY_S = 0.5
STORE_AT_LINES = 500
TRIES = 5
MOST_LINES = 100_000
"""Lines of output that become a result at most."""


class LogFollower:
    """Follows each foreign container once. POD_OF gives the newest pod that is known of a launch."""

    def __init__(self, store: Store, api: KubeApi, pod_of: Callable[[str], dict[str, Any] | None]) -> None:
        self.store = store
        self.api = api
        self.pod_of = pod_of
        self._busy: dict[str, threading.Thread] = {}
        self._done: set[str] = set()
        self._lock = threading.Lock()

    def consider(self, seen: Observation) -> None:
        """Begin to follow if this is a foreign container that has begun and is not followed yet."""
        if seen.phase not in {Phase.RUNNING, Phase.ENDED}:
            return
        pod = self.pod_of(seen.launch_id)
        if pod is None:
            return
        verdict = (pod["metadata"].get("annotations") or {}).get(VERDICT_ANNOTATION)
        key = f"{seen.launch_id}/{pod['metadata']['uid']}"
        with self._lock:
            if verdict == Verdict.RUNNER or key in self._done or key in self._busy:
                return
            thread = threading.Thread(target=self._follow, args=(key, pod), name="log-follower", daemon=True)
            self._busy[key] = thread
        thread.start()

    def busy(self, launch_id: str) -> bool:
        """Whether a log of this launch is still being read: its pod must not be cleaned up yet."""
        with self._lock:
            return any(key.startswith(launch_id) for key in self._busy)

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

    def _follow(self, key: str, pod: dict[str, Any]) -> None:
        launch_id = key.split("/")[0]
        try:
            for _ in range(TRIES):
                try:
                    self._read_all(launch_id, pod)
                    break
                except KubeError as problem:
                    log.warning("a container's log is cut", launch=launch_id, problem=str(problem))
                    time.sleep(1)
        except Exception:
            log.exception("a container's log could not be followed", launch=launch_id)
        finally:
            with self._lock:
                self._done.add(key)
                self._busy.pop(key, None)

    def _read_all(self, launch_id: str, pod: dict[str, Any]) -> None:
        metadata = pod["metadata"]
        waiting: list[LogRow] = []
        stored_at = time.monotonic()
        with self.api.pod_log(metadata["namespace"], metadata["name"], MAIN, follow=True) as chunks:
            for number, (at, text) in enumerate(_lines(chunks), start=1):
                waiting.append(LogRow(seq=number, at=at, stream="out", text=text))
                if len(waiting) >= STORE_AT_LINES or time.monotonic() - stored_at > STORE_EVERY_S:
                    self._store(launch_id, waiting)
                    waiting, stored_at = [], time.monotonic()
        self._store(launch_id, waiting)

    def _store(self, launch_id: str, rows: list[LogRow]) -> None:
        if rows:
            with self.store.transaction() as tx:
                logs.append(tx, launch_id, rows)


def _lines(chunks: Iterator[bytes]) -> Iterator[tuple[float, str]]:
    """(seconds since 1970, text) of each line; the kubelet leads each with its time stamp in nanoseconds."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from map(_line, whole)
    if rest:
        yield _line(rest)


def _line(raw: bytes) -> tuple[float, str]:
    stamp, _, text = raw.decode("utf-8", "replace").partition(" ")
    try:
        micros = stamp[:26].rstrip("Z")  # Python reads microseconds, the kubelet writes nanoseconds
        at = dt.datetime.fromisoformat(f"{micros}+00:00").timestamp()
    except ValueError:
        return 0.0, raw.decode("utf-8", "replace")
    return at, text.rstrip("\r")
