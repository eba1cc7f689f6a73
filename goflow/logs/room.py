"""How many lines may wait in the database for a log store that is away: beyond that, runners keep what can wait."""

from __future__ import annotations

import random
import threading

from goflow.store import Store, log_batches

LOOK_EVERY_S = 5.0
"""Seconds for which what the database was asked holds; what came in since then is counted here."""
SOONEST_S, LATEST_S = 5, 15
"""Seconds after which those who were sent away may come back: not all at once."""


class LogRoom:
    """Of STORE, where MOST characters may wait; 0: as many as there are. Each daemon looks for itself."""

    def __init__(self, store: Store, most: int) -> None:
        self.store = store
        self.most = most
        self._lock = threading.Lock()
        self._waiting = 0
        self._look_at = 0.0

    def wait_s(self, size: int) -> int:
        """Seconds after which SIZE characters may come back; 0: there is room, and they are counted in."""
        if not self.most or not self.store.ships_logs:
            return 0
        with self._lock:
            now = self.store.clock.monotonic()
            if now >= self._look_at:
                with self.store.reading() as tx:
                    self._waiting = log_batches.backlog(tx).size
                self._look_at = now + LOOK_EVERY_S
            if self._waiting + size > self.most and self._waiting:
                return random.randint(SOONEST_S, LATEST_S)  # noqa: S311
            self._waiting += size
            return 0
