"""Steps of launches that wait for a moment of their own: to be tried again, or for the end of what is kept."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from goflow.domain.clock import Clock
from goflow.executor.work import Kind, Work, WorkQueue


class Later:
    """Gives QUEUE each step when its moment has come, by CLOCK; once, however often a launch or a clean-up is put here.

    Bounded, as the queue is: launches are left in the database, and of what is to be cleaned the first goes before its
    time, of which HURRY is told.
    """

    def __init__(self, clock: Clock, queue: WorkQueue, hurry: Callable[[str], None]) -> None:
        self._clock = clock
        self._queue = queue
        self._hurry = hurry
        self._heap: list[tuple[float, int, Work]] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._here: dict[Kind, set[str]] = {"launch": set(), "clean": set()}
        """Launches of which that step is here."""

    def has(self, kind: Kind, launch_id: str) -> bool:
        """Whether that step of a launch waits here."""
        return launch_id in self._here.get(kind, ())

    def __len__(self) -> int:
        """How much waits here."""
        return len(self._heap)

    def works(self) -> list[Work]:
        """All that waits here."""
        with self._lock:
            return [work for _, _, work in sorted(self._heap)]

    def put(self, work: Work, after_s: float) -> None:
        """Do WORK in AFTER_S seconds."""
        kind, what = work
        with self._lock:
            here = self._here.get(kind)
            if here is not None:
                if what in here:
                    return
                if kind == "launch" and len(here) >= self._queue.most:
                    self._queue.leave("launch")
                    return
                here.add(str(what))
            heapq.heappush(self._heap, (self._clock.monotonic() + after_s, next(self._numbers), work))
            if kind == "clean" and len(self._here["clean"]) > self._queue.most:
                self._clean_early()

    def look(self) -> None:
        """Give the queue what is due."""
        now = self._clock.monotonic()
        with self._lock:
            while self._heap and self._heap[0][0] <= now:
                self._queue.put(self._take())

    def _take(self) -> Work:
        kind, what = work = heapq.heappop(self._heap)[2]
        if kind in self._here:
            self._here[kind].discard(str(what))
        return work

    def _clean_early(self) -> None:
        """Clean now what is to be cleaned first."""
        others = []
        while self._heap[0][2][0] != "clean":  # few: what else waits is due within seconds
            others.append(heapq.heappop(self._heap))
        work = self._take()
        for other in others:
            heapq.heappush(self._heap, other)
        self._hurry(str(work[1]))
        self._queue.put(work)
