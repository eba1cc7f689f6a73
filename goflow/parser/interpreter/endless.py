"""Loops that only something unknown ends: ``while True: ... if UNKNOWN: break``.

How often the body runs is not known. After some rounds that may have been the last, what rounds leave differently is
made unknown, until one more round changes nothing that is known: that is what any number of them leaves.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.alternatives import MaybeGone, OneOf, UnknownMany
from goflow.parser.interpreter.journal import Arm
from goflow.parser.interpreter.mutations import forget_contents
from goflow.parser.interpreter.values import Unknown, UnknownKey

if TYPE_CHECKING:
    from goflow.parser.interpreter.bodies import Exit
    from goflow.parser.interpreter.session import Session

_FOLLOWED = 8
"""So many rounds that may be the last are followed one by one."""
_MISSING = object()


class Endless:
    """The rounds of one loop."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._undecided = 0
        self.is_settled = False
        """Whether more rounds change nothing that is known."""

    def round(self, body: Callable[[], Exit | None]) -> Exit | None:
        """Run BODY, how it is left."""
        before = self._ends()
        if self._undecided < _FOLLOWED:
            left = body()
            self._undecided += self._ends() > before
            return left
        journal, record = self.session.journal, Arm()
        journal.arms.append(record)
        try:
            left = body()
        finally:
            journal.drop(record)
            journal.pass_on(record)
        if left is None and self._ends() > before:
            self.is_settled = not self._join(record)
        return left

    def _ends(self) -> int:
        """How often something around this place may have been left by now."""
        return sum(len(attempt.found) for attempt in self.session.attempts)

    def _join(self, record: Arm) -> bool:
        """What the round of RECORD has changed is not known from now on. Whether any of it was."""
        why = next(attempt.found[-1].test for attempt in reversed(self.session.attempts) if attempt.found)
        was_known = False
        for thing, before in record.before.values():
            if isinstance(thing, dict):
                was_known |= self._join_dict(thing, before, why)
            elif not _is_alike(list(before), list(thing)):
                was_known |= not any(isinstance(inner, UnknownMany | Unknown) for inner in before)
                if isinstance(thing, list | collections.deque | set):
                    forget_contents(thing, why)
        return was_known

    def _join_dict(self, thing: dict[Any, Any], before: dict[Any, Any], why: Unknown) -> bool:
        was_known = False
        for name in [*before, *(name for name in thing if name not in before)]:
            old, new = before.get(name, _MISSING), thing.get(name, _MISSING)
            if _is_same(old, new) or type(name) is UnknownKey:
                continue
            was_known |= not isinstance(old, Unknown)
            self.session.journal.touch(thing)
            is_there = old is not _MISSING and new is not _MISSING
            thing[name] = OneOf.of(why, [old, new]) if is_there else MaybeGone.of(why, [old, new])
        return was_known


def _is_alike(before: list[Any], after: list[Any]) -> bool:
    return len(before) == len(after) and all(map(_is_same, before, after))


def _is_same(old: Any, new: Any) -> bool:
    return old is new or (type(old) is type(new) and isinstance(old, str | int | float | bytes) and old == new)
