"""Since when this daemon has been there without a gap: what could not reach it before is not to blame for that."""

from __future__ import annotations

import datetime as dt

from goflow.domain.clock import Clock

GAP_S = 60.0
"""Seconds between two looks at the clock after which the daemon was away in between: frozen, or its machine asleep."""
BACK_S = 15.0
"""Seconds after which everybody has found a daemon that is back: runners ask again every five seconds."""


class Here:
    """Looks at CLOCK with every `tick`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dt.datetime | None = None
        self.since: dt.datetime | None = None
        """None: it has just begun."""

    def tick(self) -> None:
        """It is there."""
        now = self._clock.now()
        if self._seen is None or (now - self._seen).total_seconds() > GAP_S:
            self.since = now
        self._seen = now

    @property
    def found(self) -> bool:
        """Whether everybody has had the time to find it again."""
        return self.since is not None and (self._clock.now() - self.since).total_seconds() >= BACK_S

    def all_along(self, since: dt.datetime | None) -> bool:
        """Whether it has been there from that moment on."""
        return since is not None and self.since is not None and self.since <= since
