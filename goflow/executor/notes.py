"""Small changes of launches that many threads make at once, written together: one transaction for all that wait.

Whoever comes while nobody writes writes at once. Those who come meanwhile wait, and then the first of them writes for
all. Each gets back when its own change is written, or with what kept it from that: as with a transaction of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from goflow.store import Store, Tx
from goflow.store.errors import DatabaseBusyError

AT_ONCE = 500
"""Changes in one transaction, so that it stays short."""
T = TypeVar("T")
R = TypeVar("R")
Together = Callable[[Tx, Sequence[T]], Sequence[R]]
"""Makes several changes of one kind; an answer for each, in order."""


@dataclass(eq=False, slots=True)
class _Note:
    together: Together[Any, Any]
    what: Any
    woken: threading.Event = field(default_factory=threading.Event)
    """When it is done, or is to write for all that wait."""
    done: bool = False
    answer: Any = None
    problem: Exception | None = None


class Notes:
    """Changes of STORE."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Note] = deque()
        self._lock = threading.Lock()
        self._somebody_writes = False

    def write_with(self, together: Together[T, R], what: T) -> R:
        """Have WHAT written by TOGETHER, a function, with all else that waits for it; its answer. Raises what that
        raises, and DatabaseBusyError."""
        note = _Note(together, what)
        with self._lock:
            self._waiting.append(note)
            mine, self._somebody_writes = not self._somebody_writes, True
        if not mine:
            note.woken.wait()
        if not note.done:
            self._write_for_all(note)
        if note.problem is not None:
            raise note.problem
        answer: R = note.answer
        return answer

    def _write_for_all(self, mine: _Note) -> None:
        """Write what waits until MINE is written, and have the first of those that came meanwhile go on."""
        while not mine.done:
            with self._lock:
                notes = [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]
            self._write_all(notes)
            for note in notes:
                note.woken.set()
        with self._lock:
            self._somebody_writes = bool(self._waiting)
            if self._waiting:
                self._waiting[0].woken.set()

    def _write_all(self, notes: Sequence[_Note]) -> None:
        """Write NOTES; where one of them fails, each by itself, so that it costs no other."""
        problem: Exception | None = None
        try:
            self._write(notes)
        except DatabaseBusyError as busy:  # it is no better for one alone
            problem = busy
        except Exception as its_own:
            problem = its_own
            if len(notes) > 1:
                for note in notes:
                    self._write_all([note])
                return
        for note in notes:
            note.problem, note.done = problem, True

    def _write(self, notes: Sequence[_Note]) -> None:
        kinds: dict[Together[Any, Any], list[_Note]] = {}
        for note in notes:
            kinds.setdefault(note.together, []).append(note)
        with self._store.transaction() as tx:
            for together, alike in kinds.items():
                answers = together(tx, [note.what for note in alike])
                for note, answer in zip(alike, answers, strict=True):
                    note.answer = answer
