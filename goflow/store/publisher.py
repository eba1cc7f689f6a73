"""Telling subscribers in this process what was committed, in order, one batch at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from goflow.domain.runs import Event

log = structlog.get_logger(__name__)

MOST_HELD = 20_000
"""Events that wait for slow subscribers before those who write wait, too."""
PATIENCE_S = 1.0
"""Seconds for which a writer waits at most: whom a subscriber waits for may be one."""

Callback = Callable[[Sequence[Event]], None]


class Publisher:
    """A queue of batches, those who want them, and a memory of which events this process wrote itself.

    ``put`` is called while the writer is alone and so fixes the order; ``deliver`` is called outside of every lock. If
    another thread is delivering, that thread takes these batches along.
    """

    def __init__(self) -> None:
        self._batches: deque[Sequence[Event]] = deque()
        self._delivering = threading.Lock()
        self._callbacks: tuple[Callback, ...] = ()
        self._held = 0
        """Events in the batches, those that are being handed on among them."""
        self._less = threading.Condition()
        self._deliverer: int | None = None
        self._guard = threading.Lock()
        self._own: list[tuple[int, int]] = []

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Add CALLBACK; what comes back removes it."""
        self._callbacks = (*self._callbacks, callback)

        def unsubscribe() -> None:
            self._callbacks = tuple(other for other in self._callbacks if other is not callback)

        return unsubscribe

    def claim(self, first: int, last: int) -> None:
        """Remember, before the commit, that the events FIRST to LAST are this process's own."""
        with self._guard:
            if self._own and self._own[-1][1] == first - 1:
                first = self._own.pop()[0]
            self._own.append((first, last))
            del self._own[:-1000]

    def disown(self, first: int, last: int) -> None:
        """Take a claim back: the commit failed, and the numbers may come to belong to somebody else."""
        with self._guard:
            kept = [(a, b) for a, b in self._own if b < first]
            kept += [(a, first - 1) for a, b in self._own if a < first <= b]
            kept += [(last + 1, b) for a, b in self._own if a <= last < b]
            self._own = kept + [(a, b) for a, b in self._own if a > last]

    def skip_own(self, seq: int) -> int:
        """The highest number that follows SEQ through events of this process's own alone."""
        with self._guard:
            for first, last in self._own:
                if first - 1 <= seq < last:
                    seq = last
        return seq

    def is_own(self, seq: int) -> bool:
        """Whether this process wrote that event, and so has told its subscribers already."""
        with self._guard:
            return any(first <= seq <= last for first, last in self._own)

    def put(self, events: Sequence[Event]) -> None:
        """Queue a batch."""
        if events and self._callbacks:
            with self._less:
                self._held += len(events)
            self._batches.append(events)

    def deliver(self) -> None:
        """Hand queued batches to the subscribers, unless somebody does so already. Where that one lags far behind it is
        waited for a while, so that those who write are not faster than those who hear."""
        while self._batches:
            if not self._delivering.acquire(blocking=False):
                self._wait_for_room()
                return
            self._deliverer = threading.get_ident()
            try:
                while self._batches:
                    batch = self._batches.popleft()
                    for callback in self._callbacks:
                        self._call(callback, batch)
                    with self._less:
                        self._held -= len(batch)
                        self._less.notify_all()
            finally:
                self._deliverer = None
                self._delivering.release()

    def _wait_for_room(self) -> None:
        if self._held > MOST_HELD and self._deliverer != threading.get_ident():  # a subscriber may write in its turn
            with self._less:
                self._less.wait_for(lambda: self._held <= MOST_HELD, PATIENCE_S)

    @staticmethod
    def _call(callback: Callback, batch: Sequence[Event]) -> None:
        try:
            callback(batch)
        except Exception:
            log.exception("a subscriber failed", subscriber=repr(callback))
