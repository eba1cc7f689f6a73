"""The first of several meters that may be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from goflow.domain.clock import Clock
from goflow.domain.usage import Sample
from goflow.telemetry import metrics
from goflow.usage.contract import Meter, RefusedError

log = structlog.get_logger(__name__)

ASK_AGAIN_S = 600.0
"""Seconds after which a meter is asked once more that may not be asked: somebody may have granted it meanwhile."""


class FirstThatAnswers:
    """Asks the first of METERS, by CLOCK; where that is refused the next. Each refusal is told once, and counted."""

    def __init__(self, meters: Sequence[Meter], clock: Clock) -> None:
        self._meters = meters
        self._clock = clock
        self._refused: dict[str, float] = {}
        self._told: set[str] = set()
        self.source = meters[0].source

    def measure(self) -> Mapping[str, Sample]:
        """What running launches have used; nothing where no meter may be asked."""
        now = self._clock.monotonic()
        for meter in self._meters:
            if self._refused.get(meter.source, now) > now:
                continue
            try:
                found = meter.measure()
            except RefusedError as refusal:
                self._refused[meter.source] = now + ASK_AGAIN_S
                metrics.USAGE_FAILURES.labels(meter.source).inc()
                if meter.source not in self._told:
                    self._told.add(meter.source)
                    log.warning("what tasks use cannot be asked for", source=meter.source, why=refusal.why)
                continue
            self._told.discard(meter.source)
            self.source = meter.source
            return found
        return {}
