"""What the backend has seen, on its way to whoever stores it: of many launches at once, of each in its order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from goflow.executor.backend import Observation

LANES = 3
"""Threads that take what was seen; what is seen of one launch is always taken by the same, in order."""
MOST_AT_ONCE = 200
"""Observations that are taken together, so that what they change is written together."""


class Lanes:
    """Has TAKE called, in LANES threads, with what was seen of some launches, as soon as there is any."""

    def __init__(self, take: Callable[[Sequence[Observation]], None]) -> None:
        self._take = take
        self._queues: list[queue.SimpleQueue[Observation | None]] = [queue.SimpleQueue() for _ in range(LANES)]
        self._closed = False
        self.threads = [
            threading.Thread(target=self._work, args=(lane,), name=f"executor-seen-{number}", daemon=True)
            for number, lane in enumerate(self._queues)
        ]

    def put(self, seen: Observation) -> None:
        """SEEN is taken soon."""
        self._queues[hash(seen.launch_id) % LANES].put(seen)

    def close(self) -> None:
        """Nothing more is taken; the backend tells it again at the next start. The threads end."""
        self._closed = True
        for lane in self._queues:
            lane.put(None)

    def empty(self) -> bool:
        """Whether nothing waits."""
        return all(lane.empty() for lane in self._queues)

    def work_off(self) -> None:
        """Take what waits, in the caller's thread."""
        for lane in self._queues:
            while not lane.empty():
                self._take_some(lane)

    def _work(self, lane: queue.SimpleQueue[Observation | None]) -> None:
        while not self._closed:
            self._take_some(lane)

    def _take_some(self, lane: queue.SimpleQueue[Observation | None]) -> None:
        """Take what waits in LANE, or what comes next."""
        found = [lane.get()]
        while len(found) < MOST_AT_ONCE and not lane.empty():
            found.append(lane.get())
        seen = [one for one in found if one is not None]
        if seen and not self._closed:
            self._take(seen)
