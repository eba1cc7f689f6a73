"""Calls in each other, and the recursion that nothing known ends: a walk over a tree of which nothing is known, say.

A function that an undecided arm calls in itself, with nothing that is known better and nothing changed that it could
see, would do so for ever. As the body of a loop that is not known to end is run once, so such a function is run in
itself once; what the next call gives is not known.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.values import At, Unknown

if TYPE_CHECKING:
    from goflow.parser.interpreter.functions import UserFunction
    from goflow.parser.interpreter.journal import Journal
    from goflow.parser.interpreter.session import Session

_PLAIN = (str, bytes, int, float, complex, type(None))
_MOST_COMPARED = 4
"""Containers in each other that are looked into."""


_MOST_ALIKE = 2
"""So many calls of a function in each other are run that have nothing new to work on."""
_LOOKED_AT = 8
"""So many of its calls are looked at, the innermost ones."""


class Call:
    """A call of FUNCTION that has not ended, its own NAMES, and what it was GIVEN. SINCE when it is run, by the clock
    of the journal; if it stands in an undecided ARM also how much was made in that EARLIER."""

    __slots__ = ("arm", "earlier", "function", "given", "names", "since")

    def __init__(self, function: UserFunction, names: dict[str, Any], journal: Journal) -> None:
        self.function = function
        self.names = names
        self.given = dict(names)
        self.since = journal.clock
        self.arm = journal.arms[-1] if journal.arms else None
        self.earlier = 0 if self.arm is None else len(self.arm.born)


@contextmanager
def calling(session: Session, function: UserFunction, names: dict[str, Any]) -> Iterator[None]:
    """While FUNCTION is run, with NAMES for its parameters."""
    session.calls.append(Call(function, names, session.journal))
    session.journal.made(names)
    try:
        yield
    finally:
        session.calls.pop()


def goes_round(session: Session, function: UserFunction, names: dict[str, Any], at: At) -> Unknown | None:
    """What a call of FUNCTION with NAMES gives that comes from calls like it, and that nothing known ends; None where
    it does not, so that it is to be run."""
    if not session.journal.arms:
        return None
    same = (before for before in reversed(session.calls) if before.function.node is function.node)
    alike = sum(_is_alike(session, before, function, names) for before in itertools.islice(same, _LOOKED_AT))
    return Unknown(f"how often {function.name}() calls itself", at) if alike >= _MOST_ALIKE else None


def _is_alike(session: Session, before: Call, function: UserFunction, names: dict[str, Any]) -> bool:
    """Whether calling FUNCTION with NAMES is what BEFORE was, but for an undecided arm inside that one."""
    arms, arm = session.journal.arms, before.arm
    if before.function.scope is not function.scope or not _is_same(before.given, names, _MOST_COMPARED):
        return False
    if arm is not None and (arm is arms[-1] or arm not in arms):
        return False
    inside = arms if arm is None else arms[arms.index(arm) + 1 :]
    hidden = set[int]().union(*(inner.born for inner in inside))
    hidden.update(itertools.islice(arm.born, before.earlier, None) if arm is not None else ())
    hidden |= {id(call.names) for call in session.calls} - function.scope.seen()
    changed = session.journal.changed
    return not any(
        changed.get(key, 0) > before.since and key not in hidden
        for inner in (inside if arm is None else (arm, *inside))
        for key in (*inner.before, *inner.drawn, *inner.born)
    )


def _is_same(one: Any, other: Any, depth: int) -> bool:
    """Whether nothing is known better of OTHER than of ONE."""
    if one is other:
        return True
    if type(one) is not type(other) or depth == 0:
        return False
    if isinstance(one, Unknown):
        return True
    if isinstance(one, _PLAIN):
        return bool(one == other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key], depth - 1) for key in one)
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(_is_same(a, b, depth - 1) for a, b in zip(one, other, strict=True))
    return False
