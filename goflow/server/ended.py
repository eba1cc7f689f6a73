"""Histograms of what has ended: how long launches and runs took to begin and to end, and what tasks have used.

Events only say which; what is measured is read a little later, many at a time and in a thread of its own, so that
neither the scheduler's nor the executor's way is any longer for it, and a daemon that was away measures what ends now
from when it began.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from typing import Any, TypeVar

import structlog

from goflow.domain.usage import Usage
from goflow.service import ThreadService
from goflow.store import Store, usage
from goflow.store.errors import DatabaseBusyError
from goflow.store.usage import seconds
from goflow.telemetry import metrics
from goflow.telemetry.dag_labels import DagLabels

log = structlog.get_logger(__name__)
T = TypeVar("T")

EVERY_S = 2.0
LATER_S = 15.0
"""Seconds after its end at which a launch is looked at: the samples of one without a runner are written by then."""
MOST_HELD = 20_000
"""Ends that wait to be looked at; of more the oldest are passed over."""
AT_ONCE = 500


class Ended(ThreadService):
    """Observes ends in STORE; LABELS of DAGs are bounded."""

    def __init__(self, store: Store, labels: DagLabels, *, later_s: float = LATER_S) -> None:
        super().__init__("ended")
        self.store = store
        self._labels = labels
        self._later_s = later_s
        self._launches: deque[tuple[float, str]] = deque(maxlen=MOST_HELD)
        self._runs: deque[tuple[float, tuple[str, str]]] = deque(maxlen=MOST_HELD)

    def launch(self, launch_id: str) -> None:
        """A launch has ended. Any thread may say so."""
        self._launches.append((time.monotonic(), launch_id))

    def dag_run(self, dag_id: str, run_id: str) -> None:
        """A run has ended. Any thread may say so."""
        self._runs.append((time.monotonic(), (dag_id, run_id)))

    def run(self) -> None:
        """Look every two seconds until stopped."""
        while not self.stopping.wait(EVERY_S):
            try:
                self.look(time.monotonic())
            except DatabaseBusyError as problem:
                log.debug("what has ended is looked at later", problem=str(problem))
            except Exception:
                log.exception("what has ended could not be measured")

    def look(self, now: float) -> None:
        """Observe what had ended by then. Raises DatabaseBusyError; nothing is lost then."""
        while ids := _taken(self._launches, now - self._later_s):
            with self.store.reading() as tx:
                found = usage.ended_launches(tx, ids)
            for _ in ids:
                self._launches.popleft()
            for row, used in found:
                self._launch_ended(row, used)
        while keys := _taken(self._runs, now):
            with self.store.reading() as tx:
                rows = usage.ended_runs(tx, keys)
            for _ in keys:
                self._runs.popleft()
            for row in rows:
                self._run_ended(row)

    def _launch_ended(self, row: Any, used: Usage) -> None:
        label = self._labels.of(row.dag_id)
        _observe(metrics.LAUNCH_CREATE_SECONDS, row.planned_at, row.created_at)
        _observe(metrics.LAUNCH_START_SECONDS, row.created_at or row.planned_at, row.claimed_at)
        _observe(metrics.TASK_SECONDS.labels(label), row.claimed_at, row.ended_at)
        if used.cpu_seconds is not None:
            metrics.TASK_CPU_SECONDS.labels(label).inc(max(0.0, used.cpu_seconds))
        if used.needed_bytes is not None:
            metrics.TASK_MEMORY_BYTES.labels(label).observe(used.needed_bytes)

    def _run_ended(self, row: Any) -> None:
        _observe(metrics.RUN_SECONDS.labels(self._labels.of(row.dag_id)), row.start_date, row.end_date)
        _observe(metrics.RUN_DELAY_SECONDS, max(row.run_after, row.queued_at or row.run_after), row.start_date)


def _taken(waiting: deque[tuple[float, T]], before: float) -> list[T]:
    """The first of WAITING, those that came before that moment."""
    found: list[T] = []
    for at, what in list(waiting)[:AT_ONCE]:
        if at > before:
            break
        found.append(what)
    return found


def _observe(histogram: Any, begin: dt.datetime | None, end: dt.datetime | None) -> None:
    took = seconds(begin, end)
    if took is not None:
        histogram.observe(took)
