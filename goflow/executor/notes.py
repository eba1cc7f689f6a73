"""Small changes of launches that many threads make at once, written together: one transaction for all that wait.

Whoever comes while nobody writes writes at once. Those who come meanwhile wait, and then the first of them writes for
all. Each gets back when its own change is written, or with what kept it from that: as with a transaction of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from goflow.store import Store, Tx
from goflow.store.errors import DatabaseBusyError

AT_ONCE = 500
"""Changes in one transaction, so that it stays short."""
Change = Callable[[Tx], object]


@dataclass(eq=False, slots=True)
class _Note:
    change: Change
    done: bool = False
    problem: Exception | None = None


class Notes:
    """Changes of STORE."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Note] = deque()
        self._writing = threading.Lock()

    def write(self, change: Change) -> None:
        """Have CHANGE written. Raises what it raises, and DatabaseBusyError."""
        note = _Note(change)
        self._waiting.append(note)
        with self._writing:
            while not note.done:
                self._write_all([self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))])
        if note.problem is not None:
            raise note.problem

    def _write_all(self, together: Sequence[_Note]) -> None:
        """Write the changes of TOGETHER; where one of them fails, each by itself, so that it costs no other."""
        problem: Exception | None = None
        try:
            self._write(together)
        except DatabaseBusyError as busy:  # it is no better for one alone
            problem = busy
        except Exception as its_own:
            problem = its_own
            if len(together) > 1:
                for note in together:
                    self._write_all([note])
                return
        for note in together:
            note.problem, note.done = problem, True

    def _write(self, together: Sequence[_Note]) -> None:
        with self._store.transaction() as tx:
            for note in together:
                note.change(tx)
