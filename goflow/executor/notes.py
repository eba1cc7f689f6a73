"""Small changes of launches that need not be there at once, written together: one transaction for all that wait.

Whoever comes while nobody writes writes at once; whoever comes meanwhile leaves its change to the one that writes, and
goes on. What is noted says what is so already (a Job is there, an end is cleaned up after), so that doing the step
again is harmless where the transaction fails or the daemon is killed before it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from goflow.store import Store, Tx

AT_ONCE = 500
"""Changes in one transaction, so that it stays short."""
W = TypeVar("W")
Change = Callable[[Tx], object]


class Notes(Generic[W]):
    """Changes of STORE, each with the work that it ends; FAILED is told of work whose change could not be written."""

    def __init__(self, store: Store, failed: Callable[[W, Exception], None]) -> None:
        self._store = store
        self._failed = failed
        self._waiting: deque[tuple[W, Change]] = deque()
        self._writing = threading.Lock()

    def write(self, work: W, change: Change) -> None:
        """Have CHANGE written, which ends WORK; by now, or by the thread that is writing."""
        self._waiting.append((work, change))
        while self._waiting and self._writing.acquire(blocking=False):
            try:
                self._write_all()
            finally:
                self._writing.release()

    def _write_all(self) -> None:
        while self._waiting:
            together: list[tuple[W, Change]] = []
            while self._waiting and len(together) < AT_ONCE:
                together.append(self._waiting.popleft())
            try:
                self._write(together)
            except Exception as problem:
                self._one_by_one(together, problem)

    def _one_by_one(self, together: Sequence[tuple[W, Change]], problem: Exception) -> None:
        """One of them may be what failed: it alone is to be done again."""
        if len(together) == 1:
            self._failed(together[0][0], problem)
            return
        for one in together:
            try:
                self._write([one])
            except Exception as its_own:
                self._failed(one[0], its_own)

    def _write(self, together: Sequence[tuple[W, Change]]) -> None:
        with self._store.transaction() as tx:
            for _, change in together:
                change(tx)
