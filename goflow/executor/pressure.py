"""How many launches are asked for at the same time: as many as the backend bears, and none while it is away.

What it bears is found out by what it does. The bound grows while launches succeed as quickly as when little was asked
(first with each of them, later by one for each round), and is halved when they become slow, or when the API server
asks to slow down. A ``Retry-After`` holds all of them back for as long as it says; a backend that does not answer is
asked by one launch at a time, less and less often.
https://kubernetes.io/docs/concepts/cluster-administration/flow-control/ (429 and Retry-After)
"""

from __future__ import annotations

import random
import threading

from goflow.domain.clock import Clock
from goflow.telemetry import metrics

FIRST = 4
"""Launches at once before anything is known."""
SLOW_S = 1.0
"""A launch that takes no longer is not slow, whatever others took."""
SLOW_TIMES = 5.0
"""A launch that takes so many times what one takes in quiet times is slow."""
ROUND_S = 1.0
"""The bound is lowered once in so many seconds: what was under way then tells of the bound before."""
WINDOW = 500
"""Launches over which the quiet time is remembered."""
LONGEST_PAUSE_S = 5.0
"""Longest pause before a backend that is away is asked again."""


class Pressure:
    """The bound on launches under way, between 1 and MOST. Thread-safe."""

    def __init__(self, clock: Clock, *, most: int) -> None:
        self.clock = clock
        self.most = max(1, most)
        self._lock = threading.Lock()
        self._limit = float(min(FIRST, self.most))
        self._is_new = True
        """Nothing has been too much yet: it grows quickly."""
        self._lowered_at = -ROUND_S
        self._resume_at = 0.0
        self._failures = 0
        self._quiet: tuple[float, float] = (float("inf"), float("inf"))
        """The least seconds of the window before, and of this one."""
        self._seen = 0
        self._told()

    @property
    def limit(self) -> int:
        """How many launches may be under way."""
        return int(self._limit)

    def pause_s(self) -> float:
        """Seconds for which none may begin."""
        return max(0.0, self._resume_at - self.clock.monotonic())

    def has_room(self, under_way: int) -> bool:
        """Whether one more may begin beside UNDER_WAY."""
        return under_way < self.limit and not self.pause_s()

    def succeeded(self, seconds: float, under_way: int) -> None:
        """One was made within SECONDS, with UNDER_WAY at once, itself among them."""
        with self._lock:
            self._failures = 0
            quiet = min(self._quiet)
            self._remember(seconds)
            if seconds > max(SLOW_S, SLOW_TIMES * quiet):
                self._lower()
            elif under_way >= self.limit:  # else it was not the bound that kept others from it
                self._limit = min(float(self.most), self._limit + (1.0 if self._is_new else 1.0 / self._limit))
            self._told()

    def throttled(self, retry_after_s: float) -> None:
        """The server asks to slow down, and to come back after RETRY_AFTER_S seconds."""
        with self._lock:
            self._lower()
            self._pause(retry_after_s)
            self._told()

    def away(self, retry_after_s: float = 0.0) -> float:
        """It did not answer; the seconds until it is asked again, by one launch."""
        with self._lock:
            now = self.clock.monotonic()
            if self._resume_at <= now:  # those that were under way together count as one
                self._failures += 1
            self._limit, self._is_new = 1.0, True
            pause = min(LONGEST_PAUSE_S, 0.5 * 2 ** min(self._failures, 10)) * random.uniform(0.8, 1.2)  # noqa: S311
            self._pause(max(retry_after_s, pause))
            self._told()
            return self._resume_at - now

    def _pause(self, seconds: float) -> None:
        now = self.clock.monotonic()
        until = max(self._resume_at, now + seconds)
        metrics.LAUNCH_THROTTLED_SECONDS.inc(until - max(now, self._resume_at))
        self._resume_at = until

    def _lower(self) -> None:
        now = self.clock.monotonic()
        if now - self._lowered_at >= ROUND_S:
            self._limit = max(1.0, self._limit / 2)
            self._lowered_at, self._is_new = now, False

    def _remember(self, seconds: float) -> None:
        before, this = self._quiet
        self._seen += 1
        if self._seen % WINDOW == 0:
            before, this = this, float("inf")
        self._quiet = before, min(this, seconds)

    def _told(self) -> None:
        metrics.LAUNCH_LIMIT.set(self.limit)
