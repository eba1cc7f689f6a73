"""Many events of one change become one hint: when it has been quiet for a moment, or when it never gets quiet."""

from __future__ import annotations


class Debouncer:
    """Says when what has been seen is to be told. All moments are seconds of one monotonic clock.

    QUIET_S: how long nothing may have happened. LONGEST_S: after so long the first of what was seen waits no longer,
    though there is still no quiet (somebody writes a large repository).
    """

    def __init__(self, quiet_s: float, longest_s: float) -> None:
        self._quiet_s = quiet_s
        self._longest_s = longest_s
        self._first: float | None = None
        self._last = 0.0

    def saw(self, now: float) -> None:
        """Something happened at NOW."""
        if self._first is None:
            self._first = now
        self._last = now

    @property
    def waiting(self) -> bool:
        """Whether there is anything to be told."""
        return self._first is not None

    def wait_s(self, now: float) -> float:
        """Seconds from NOW until it is to be told, 0.0 when that is now. Only while ``waiting``."""
        assert self._first is not None
        due = min(self._last + self._quiet_s, self._first + self._longest_s)
        return max(0.0, due - now)

    def told(self) -> None:
        """Begin anew."""
        self._first = None
