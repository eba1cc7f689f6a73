"""The sampler: asks a meter every so often, and writes down what it hears, many launches in one transaction.

What it holds in memory is of running launches alone, and bounded for each. The longer a launch runs the rarer its row
is written, up to once a minute; what is not written when the daemon dies is a minute of samples, and no more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import structlog

from goflow.domain.usage import Sample, Series
from goflow.service import ThreadService
from goflow.store import DatabaseBusyError, Store, usage
from goflow.store.tx import in_parts
from goflow.telemetry import metrics
from goflow.usage.contract import Meter

log = structlog.get_logger(__name__)

LONGEST_UNWRITTEN_S = 60.0
AT_ONCE = 200
"""Rows of one transaction, so that it stays short."""


class _Held:
    """The samples of one running launch. WRITTEN_AT: when its row was written last (``time.monotonic``)."""

    def __init__(self, series: Series, begun: float) -> None:
        self.series = series
        self.begun = begun
        self.written_at: float | None = None
        self.is_new = False

    def is_due(self, now: float) -> bool:
        if not self.is_new:
            return False
        return self.written_at is None or now - self.written_at >= min(LONGEST_UNWRITTEN_S, (now - self.begun) / 10)


class Sampler(ThreadService):
    """Has METER measured every EVERY_S seconds, into STORE."""

    def __init__(self, store: Store, meter: Meter, *, every_s: float) -> None:
        super().__init__("usage")
        self.store = store
        self.meter = meter
        self._every_s = every_s
        self._held: dict[str, _Held] = {}

    def run(self) -> None:
        """Round after round until stopped; what is held is written at the end."""
        while not self.stopping.wait(self._every_s):
            self.round()
        self._write_quietly(self._held)

    def round(self) -> None:
        """Ask once, and write what is due; nothing that goes wrong ends it."""
        begun = time.monotonic()
        try:
            found = self.meter.measure()
        except Exception:
            log.exception("what tasks use could not be measured; the next round tries again")
            return
        metrics.USAGE_ROUND_SECONDS.observe(time.monotonic() - begun)
        metrics.USAGE_SAMPLED.set(len(found))
        try:
            self._take(found, begun)
            over = [launch_id for launch_id in self._held if launch_id not in found]
            due = [launch_id for launch_id, held in self._held.items() if held.is_due(begun)]
            self._write({*due, *over})
        except DatabaseBusyError as problem:  # they are held, and written with the next
            log.debug("samples wait for the database", problem=str(problem))
            return
        for launch_id in over:
            self._held.pop(launch_id, None)

    def _take(self, found: Mapping[str, Sample], now: float) -> None:
        unknown = [launch_id for launch_id in found if launch_id not in self._held]
        if unknown:  # another daemon, or this one before it was started anew, may have begun
            with self.store.reading() as tx:
                known = usage.series(tx, unknown)
            for launch_id in unknown:
                self._held[launch_id] = _Held(known.get(launch_id) or Series(), now)
        for launch_id, sample in found.items():
            held = self._held[launch_id]
            held.series.source = self.meter.source
            held.is_new |= held.series.add(sample)

    def _write_quietly(self, ids: Iterable[str]) -> None:
        try:
            self._write(ids)
        except DatabaseBusyError as problem:
            log.info("the last samples are not written", problem=str(problem))

    def _write(self, ids: Iterable[str]) -> None:
        """Write those that have something new; of launches that are not there any more nothing is held."""
        wanted = sorted(launch_id for launch_id in ids if self._held[launch_id].is_new)
        for part in in_parts(wanted, AT_ONCE):
            with self.store.transaction() as tx:
                there = usage.save(tx, {launch_id: self._held[launch_id].series for launch_id in part})
            now = time.monotonic()
            for launch_id in part:
                self._held[launch_id].written_at, self._held[launch_id].is_new = now, False
                if launch_id not in there:
                    del self._held[launch_id]
