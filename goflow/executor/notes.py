"""Small changes of launches that many threads make at once, written together: one transaction for all that wait.

Whoever comes while nobody writes writes at once. Those who come meanwhile wait, and then the first of them writes for
all. Each gets back when its own change is written, or with what kept it from that: as with a transaction of its own.

What nobody waits for is written before the next of these, or by `flush`. Where much is written, a moment's pause
between two transactions lets more come together in the next one: each of them costs as much as a few changes, and what
is woken by it as much again. Where the machine or the database is so busy that they take long, the pause is longer.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from goflow.store import Store, Tx
from goflow.store.errors import DatabaseBusyError

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""Changes in one transaction, or a few more, so that it stays short."""
EACH_S = 0.02
"""Seconds that each change keeps the next transaction back: at fifty changes a second and more they come together."""
MANY = 10
"""Changes in one transaction from which on it counts how long that took."""
TIMES = 10
"""How many times as long as such a transaction the pause after it is: about a tenth of the time goes into them."""
LONGER = 2
"""How many times as long as otherwise a pause may be for that."""
T = TypeVar("T")
R = TypeVar("R")
Then = Callable[[Any, Exception | None], None]
"""Takes the answer, or what kept the change from being written."""
Together = Callable[[Tx, Sequence[T]], Sequence[R]]
"""Makes several changes of one kind; an answer for each, in order."""


@dataclass(eq=False, slots=True)
class _Note:
    together: Together[Any, Any]
    what: Any
    answer: Any = None
    problem: Exception | None = None


@dataclass(eq=False, slots=True)
class _Some:
    """What one thread has to write."""

    notes: list[_Note]
    woken: threading.Event = field(default_factory=threading.Event)
    """When it is done, or is to write for all that wait."""
    done: bool = False


class Notes:
    """Changes of STORE. From one transaction to the next `EACH_S` go by for each change that was in the one before, up
    to ``gathers_s`` seconds, or up to LONGER as long (`TIMES`): nobody waits where little is going on. PAUSE is called
    for that."""

    def __init__(self, store: Store, gathers_s: float = 0.0, pause: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self.gathers_s = gathers_s
        self._pause = pause
        self._next_at = -math.inf
        """When, by the monotonic clock, there may be another transaction."""
        self._waiting: deque[_Some] = deque()
        self._unhurried: list[tuple[_Note, Then]] = []
        self._unhurried_last: list[tuple[_Note, Then]] = []
        self._lock = threading.Lock()
        self._somebody_writes = False

    def write_with(self, together: Together[T, R], what: T) -> R:
        """Have WHAT written by TOGETHER, a function, with all else that waits for it; its answer. Raises what that
        raises, and DatabaseBusyError."""
        [note] = self._written([_Note(together, what)])
        if note.problem is not None:
            raise note.problem
        answer: R = note.answer
        return answer

    def write_soon(self, together: Together[T, Any], what: T, then: Then, *, last: bool = False) -> None:
        """Have WHAT written before anything that comes later, without waiting for it; THEN is told, in the thread that
        writes, the answer, or what kept it from being written. LAST: after all others that nobody waits for."""
        with self._lock:
            (self._unhurried_last if last else self._unhurried).append((_Note(together, what), then))

    def flush(self) -> None:
        """Write what nobody waits for, if there is any; when it returns, nothing that came before is being written."""
        with self._lock:
            anything = self._unhurried or self._unhurried_last or self._somebody_writes
        if anything:
            self._written([])

    def _written(self, notes: list[_Note]) -> list[_Note]:
        """NOTES, once they are written, and with them all that waits."""
        some = _Some(notes)
        with self._lock:
            self._waiting.append(some)
            mine, self._somebody_writes = not self._somebody_writes, True
        if not mine:
            some.woken.wait()
        if not some.done:
            self._write_for_all(some)
        return notes

    def _write_for_all(self, mine: _Some) -> None:
        """Write what waits until MINE is written, and have the first of those that came meanwhile go on."""
        while not mine.done:
            self._let_more_come()
            taken: list[_Some] = []
            with self._lock:
                unhurried = self._unhurried + self._unhurried_last
                self._unhurried, self._unhurried_last = [], []
                count = len(unhurried)
                while self._waiting and (count < AT_ONCE or not taken):
                    taken.append(self._waiting.popleft())
                    count += len(taken[-1].notes)
            began = self._store.clock.monotonic()
            self._write_all([note for note, _ in unhurried] + [note for some in taken for note in some.notes])
            ended = self._store.clock.monotonic()
            self._next_at = ended + self._pause_s(count, ended - began)
            for some in taken:
                some.done = True
                some.woken.set()
            for note, then in unhurried:
                try:
                    then(note.answer, note.problem)
                except Exception:  # the others are told all the same, and whoever waits to write goes on
                    log.exception("what follows from a change failed")
        with self._lock:
            self._somebody_writes = bool(self._waiting)
            if self._waiting:
                self._waiting[0].woken.set()

    def _pause_s(self, count: int, took_s: float) -> float:
        """Seconds until the next transaction, after one of so many changes that took so long."""
        pause_s = min(self.gathers_s, EACH_S * count)
        return pause_s if count < MANY else min(LONGER * self.gathers_s, max(pause_s, TIMES * took_s))

    def _let_more_come(self) -> None:
        """Wait, if there was a transaction just now."""
        left_s = self._next_at - self._store.clock.monotonic()
        if left_s > 0:
            self._pause(left_s)

    def _write_all(self, notes: Sequence[_Note]) -> None:
        """Write NOTES; where one of them fails, each by itself, so that it costs no other."""
        if not notes:
            return
        problem: Exception | None = None
        try:
            self._write(notes)
        except DatabaseBusyError as busy:  # it is no better for one alone
            problem = busy
        except Exception as its_own:
            problem = its_own
            if len(notes) > 1:
                kind = type(problem).__name__  # its words may hold values
                log.info("changes that fail together are written one by one", count=len(notes), problem=kind)
                for note in notes:
                    self._write_all([note])
                return
        for note in notes:
            note.problem = problem

    def _write(self, notes: Sequence[_Note]) -> None:
        kinds: dict[Together[Any, Any], list[_Note]] = {}
        for note in notes:
            kinds.setdefault(note.together, []).append(note)
        with self._store.transaction() as tx:
            for together, alike in kinds.items():
                answers = together(tx, [note.what for note in alike])
                for note, answer in zip(alike, answers, strict=True):
                    note.answer = answer
