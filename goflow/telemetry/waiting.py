"""What this process waits for just now: told to the log when it begins and ends, to metrics and ``/readyz`` always."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import ModuleType

import structlog

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wait:
    """WHAT is waited for (``database``, ``disk``, ``kubernetes``, ``quota``: a metric's label), WHERE where there are
    several of it, and WHY in words. BLOCKS: nothing at all goes on without it."""

    what: str
    where: str
    why: str
    blocks: bool
    since: float
    asked: float
    """When it was asked in vain the last time."""

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.what}{place}: {self.why}, for {time.monotonic() - self.since:.0f} s now"


class Waits:
    """All that is waited for. Thread-safe; cheap to ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], Wait] = {}
        self._counted: dict[tuple[str, str], float] = {}

    def begin(self, what: str, why: str, *, where: str = "", blocks: bool = True, retry: bool = True) -> bool:
        """It is waited for, and was asked in vain once more unless RETRY is false; true when that is news."""
        with self._lock:
            now = time.monotonic()  # in here, so that no two threads' moments come in the wrong order
            known = self._found.get((what, where))
            since, asked = (now, now) if known is None else (known.since, now if retry else known.asked)
            self._found[what, where] = Wait(what, where, why, blocks, since, asked)
            self._count((what, where), now)
        if retry:
            _metrics().WAIT_RETRIES.labels(what).inc()
        if known is None:
            log.warning("it waits", wait=what, where=where or None, why=why)
        return known is None

    def end(self, what: str, *, where: str = "", quiet_s: float = 0.0) -> None:
        """It is there again, and nobody has asked in vain for QUIET_S; harmless when it was not waited for."""
        known = self._found.get((what, where))
        if known is None or time.monotonic() - known.asked < quiet_s:
            return
        with self._lock:
            known = self._found.pop((what, where), None)
            if known is not None:
                self._count((what, where), time.monotonic())
                del self._counted[what, where]
            self._show(what)
        if known is not None:
            log.info("it goes on", wait=what, where=where or None, waited_s=round(time.monotonic() - known.since, 1))

    def is_on_any(self, *whats: str) -> bool:
        """Whether one of those is waited for anywhere."""
        return any(what in whats for what, _ in list(self._found))  # of a list: others begin and end meanwhile

    def told(self) -> list[Wait]:
        """Everything, in the order in which it began."""
        return list(self._found.values())

    def count(self) -> None:
        """Bring the metric of seconds up to now."""
        with self._lock:
            for key in self._found:
                self._count(key, time.monotonic())

    def _count(self, key: tuple[str, str], now: float) -> None:
        _metrics().WAITED_SECONDS.labels(key[0]).inc(now - self._counted.get(key, now))
        self._counted[key] = now
        self._show(key[0])

    def _show(self, what: str) -> None:
        _metrics().WAITING.labels(what).set(sum(1 for known, _ in self._found if known == what))


def _metrics() -> ModuleType:
    """Loaded when something is waited for: a command that opens the database does without."""
    from goflow.telemetry import metrics

    return metrics
