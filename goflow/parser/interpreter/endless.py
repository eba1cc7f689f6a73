"""Loops that only something unknown ends: ``while True: ... if UNKNOWN: break``, or over what never ends itself.

How often the body runs is not known. After some rounds that may have been the last, what rounds leave differently is
made unknown, until one more round changes nothing that is known: that is what any number of them leaves.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.alternatives import OneOf
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.items import iterate
from goflow.parser.interpreter.journal import Arm
from goflow.parser.interpreter.operations import equal
from goflow.parser.interpreter.unread import may_be_called
from goflow.parser.interpreter.values import At, Unknown, UnknownElementsError
from goflow.parser.interpreter.widening import Widening

if TYPE_CHECKING:
    from goflow.parser.interpreter.bodies import Exit
    from goflow.parser.interpreter.session import Session

Draw = Callable[[], "tuple[bool | Unknown, Any]"]
"""Draws an element: whether there is one, and it."""
_LONGEST_CYCLE = 2000
"""So many elements of what goes round for ever are looked at for what may come next."""
_FOLLOWED = 8
"""So many rounds that may be the last are followed one by one."""


class Endless:
    """The rounds of one loop."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._undecided = 0
        self._more = Widening(session)
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
            journal.undo(record)
            journal.spoil_all(record)
            self.is_settled = not self._more.widen(record, self._why())
        return left

    def _ends(self) -> int:
        """How often something around this place may have been left by now."""
        return sum(len(attempt.found) for attempt in self.session.attempts)

    def _why(self) -> Unknown:
        return next(attempt.found[-1].test for attempt in reversed(self.session.attempts) if attempt.found)


class Calls:
    """``iter(FUNCTION, SENTINEL)``: what calling the function gives, until it is the sentinel."""

    def __init__(self, function: Any, sentinel: Any, at: At) -> None:
        self._function, self._sentinel, self._at = function, sentinel, at
        self._is_over = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        is_there, value = self.draw()
        if isinstance(is_there, Unknown):
            self.run_on(is_there)
            raise UnknownElementsError(OneOf.of(is_there, [value]))
        if not is_there:
            raise StopIteration
        return value

    def run_on(self, why: Unknown) -> None:
        """The function may be called any number of times more."""
        may_be_called([self._function], why, self._at)

    def draw(self) -> tuple[bool | Unknown, Any]:
        """Whether there is one more, and what."""
        if self._is_over:
            return False, None
        value = call(self._function, [], {}, self._at)
        is_sentinel = equal(value, self._sentinel, self._at)
        if isinstance(is_sentinel, Unknown):
            return is_sentinel, value
        self._is_over = is_sentinel
        return not is_sentinel, value


def endless(source: Any, at: At) -> Draw | None:
    """What draws the elements of SOURCE one by one, as a loop asks for them, where it may never end of itself; None
    where it does."""
    if isinstance(source, Calls):
        return source.draw
    if type(source) not in {itertools.count, itertools.cycle, itertools.repeat}:
        return None
    if type(source) is itertools.repeat and operator.length_hint(source, -1) >= 0:
        return None
    seen: dict[int, Any] = {}
    values = iterate(source, at)

    def draw() -> tuple[bool | Unknown, Any]:
        try:
            value = next(values, values)
        except UnknownElementsError as problem:
            if type(source) is itertools.cycle and not seen:
                seen.update((id(value), value) for value in itertools.islice(source, _LONGEST_CYCLE))
            return True, OneOf.of(problem.unknown, list(seen.values()))
        return (True, value) if value is not values else (False, None)

    return draw
