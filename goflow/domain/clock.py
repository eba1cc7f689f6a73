"""The time, as something that is handed in: rooms never ask the system for it, so that tests may turn it."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> dt.datetime:
        """The moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean something."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> dt.datetime:
        """The moment, aware, in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards, and go on while the machine sleeps: what has run out then has run out."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


class VirtualClock:
    """A clock that stands still until it is turned: for tests and simulations."""

    def __init__(self, start: dt.datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware start")
        self._now = start.astimezone(dt.UTC)
        self._monotonic = 0.0

    def now(self) -> dt.datetime:
        """The moment it was turned to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds turned so far."""
        return self._monotonic

    def advance(self, seconds: float) -> dt.datetime:
        """Turn the clock on by SECONDS, and say what it shows then."""
        self._now += dt.timedelta(seconds=seconds)
        self._monotonic += seconds
        return self._now
