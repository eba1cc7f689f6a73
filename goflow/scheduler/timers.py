"""What will be due at a moment to come: a heap of moments with keys. Whoever is woken looks whether it still holds."""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Timers(Generic[K]):
    """Keys with the moment at which each is due; the same key at the same moment stands in it once."""

    def __init__(self) -> None:
        self._heap: list[tuple[dt.datetime, int, K]] = []
        self._known: set[tuple[dt.datetime, K]] = set()
        self._order = itertools.count()

    def add(self, at: dt.datetime, key: K) -> None:
        """Have KEY due at AT."""
        if (at, key) not in self._known:
            self._known.add((at, key))
            heapq.heappush(self._heap, (at, next(self._order), key))

    def next_at(self) -> dt.datetime | None:
        """When the next key is due; None: never."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: dt.datetime) -> list[K]:
        """Take out what is due at NOW, the longest due first."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            at, _, key = heapq.heappop(self._heap)
            self._known.discard((at, key))
            found.append(key)
        return found
