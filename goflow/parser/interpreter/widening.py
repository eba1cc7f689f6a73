"""Any number of rounds: what a body that may be run once more leaves is not known where it was known before.

After some rounds the body is run once more, on trial, with all that is known then. What it leaves otherwise than it
was is made unknown, and it is tried again, until one more round changes nothing that is known: that is what any number
of them leaves. A loop over what is not known, or for as long as is not known, is run so, and one that only something
unknown ends (`endless.py`).
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.alternatives import MaybeGone, OneOf, UnknownMany, changeable
from goflow.parser.interpreter.attempts import may_leave, may_raise
from goflow.parser.interpreter.branches import both_bodies
from goflow.parser.interpreter.journal import Arm
from goflow.parser.interpreter.mutations import forget_contents
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import At, Raised, Unknown, UnknownKey, forget_order, hidden_key, key_order_of

if TYPE_CHECKING:
    from goflow.parser.interpreter.bodies import Exit
    from goflow.parser.interpreter.session import Session

_PLAIN = frozenset({str, int, float, bool, bytes, complex, type(None)})
_INDEXED = (list, tuple, collections.deque)
_MISSING = object()
_MOST_COMPARED = 6
"""Containers in each other that are compared."""


def any_number(frame: Frame, once: Callable[[], Exit | None], why: Unknown, at: At) -> None:
    """ONCE is run no times, once or many times, and WHY says why nobody knows. How it leaves the loop or function
    around it is told to those who follow that way."""
    goes_on = False

    def first() -> Exit | None:
        nonlocal goes_on
        left = once()
        goes_on = left is None
        return left

    both_bodies(frame, [first, lambda: None], why, at)
    more = Widening(frame.session)
    while goes_on:
        frame.session.budget.step(at)
        record, left = Arm(), None
        with frame.session.deciding(why):
            try:
                _, left = frame.session.journal.run(once, record)
            except Raised as problem:
                may_raise(frame.session, problem, record, why)
                return
        if left is not None:
            tell_left(frame, left, record, why)
            return
        goes_on = more.widen(record, why)


def tell_left(frame: Frame, left: Exit, arm: Arm, why: Unknown) -> None:
    """An arm has LEFT the loop or function, or it was not run."""
    from goflow.parser.interpreter.bodies import How

    frame.session.left_early = why
    if not may_leave(frame, left, arm, why) and left.how is How.RETURN:
        frame.maybe_returned.append(left.value)


class Widening:
    """What rounds of one loop leave, made unknown step by step."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._pending: dict[tuple[int, Any], dict[int, Any]] = {}
        """What the round before would have added to what is not known: it may be what that round has made."""
        self._is_changed = True
        """Whether that one has begun with more that was known."""
        self._touched: dict[int, Any] | None = None
        """What that one has touched; what this one alone has touched was made in it."""

    def widen(self, record: Arm, why: Unknown) -> bool:
        """RECORD is a round that has been undone. What it leaves otherwise is not known from now on; whether another
        round may leave more."""
        waiting: dict[tuple[int, Any], dict[int, Any]] = {}
        is_lost = False
        touched = {key: thing for key, (thing, _) in record.before.items()}
        for key, thing in touched.items():
            after = record.after[key]
            if self._touched is not None and key not in self._touched:
                waiting[key, None] = {}
                continue
            if isinstance(thing, dict):
                is_lost |= self._of_dict(thing, after, record, why, waiting)
            elif isinstance(thing, set):
                is_lost |= self._of_set(thing, after, why)
            else:
                is_lost |= self._of_list(thing, after, record, why, waiting)
        was_changed, self._is_changed = self._is_changed, is_lost
        self._pending, self._touched = waiting, touched
        return is_lost or (was_changed and bool(waiting))

    def _of_dict(self, thing: dict[Any, Any], after: dict[Any, Any], record: Arm, why: Unknown, waiting: Any) -> bool:
        is_lost = False
        is_open = hidden_key(thing) is not None
        is_ordered = list(thing) == [name for name in after if name in thing]
        for name in [*thing, *(name for name in after if name not in thing)]:
            old, new = thing.get(name, _MISSING), after.get(name, _MISSING)
            if old is new or (old is _MISSING and type(name) is UnknownKey and is_open):
                continue
            if new is _MISSING and type(old) is MaybeGone:
                continue
            is_there = old is not _MISSING and new is not _MISSING
            if is_there and self._is_covered(thing, name, old, new, record, waiting):
                continue
            is_lost = True
            self.session.journal.touch(thing)
            values = [value for value in (old, new) if value is not _MISSING]
            made = OneOf.of if is_there and type(old) is not MaybeGone else MaybeGone.of
            thing[name] = made(Unknown(why.reason, why.at), values)
        if not is_ordered and len(thing) > 1 and key_order_of(thing) is None:
            forget_order(thing, why)
            return True
        return is_lost

    def _of_set(self, thing: set[Any], after: set[Any], why: Unknown) -> bool:
        is_open = any(isinstance(member, Unknown) for member in thing)
        if thing <= after and (is_open or len(after) == len(thing)):
            return False
        if all(isinstance(member, Unknown) for member in thing - after) and is_open:
            return False
        known = {member for member in thing & after if not isinstance(member, Unknown)}
        others = [member for member in (*thing, *after) if member not in known]
        self.session.journal.touch(thing)
        thing.clear()
        thing.update(known)
        thing.add(OneOf.of(Unknown(why.reason, why.at), others))
        return True

    def _of_list(self, thing: Any, after: Any, record: Arm, why: Unknown, waiting: Any) -> bool:
        before, after = list(thing), list(after)
        many = [place for place, value in enumerate(before) if type(value) is UnknownMany]
        if not many and len(before) != len(after):
            forget_contents(thing, Unknown(why.reason, why.at), after)
            return True
        if not many:
            return self._of_places(thing, range(len(before)), after, record, why, waiting)
        head, tail = many[0], len(before) - 1 - many[-1]
        if len(after) < head + tail:
            forget_contents(thing, Unknown(why.reason, why.at), after)
            return True
        is_same = all(
            self._is_covered(thing, place, before[place], after[place], record, waiting)
            for place in (*range(head), *range(-tail, 0))
        )
        middle = after[head : len(after) - tail]
        missing = self._missing(before[head], middle, record)
        if is_same and not self._persisting(thing, head, missing, waiting):
            return False
        forget_contents(thing, Unknown(why.reason, why.at), after)
        return True

    def _of_places(
        self, thing: Any, places: Iterable[int], after: list[Any], record: Arm, why: Unknown, waiting: Any
    ) -> bool:
        is_lost = False
        for place in places:
            old, new = thing[place], after[place]
            if old is new or self._is_covered(thing, place, old, new, record, waiting):
                continue
            is_lost = True
            self.session.journal.touch(thing)
            thing[place] = OneOf.of(Unknown(why.reason, why.at), [old, new])
        return is_lost

    def _is_covered(self, thing: Any, place: Any, old: Any, new: Any, record: Arm, waiting: Any) -> bool:
        """Whether NEW is nothing that OLD, which stands in THING at PLACE, does not say already."""
        missing: list[Any] = []
        if not self._covers(old, new, record, missing, _MOST_COMPARED):
            return False
        return not self._persisting(thing, place, missing, waiting)

    def _persisting(self, thing: Any, place: Any, missing: list[Any], waiting: Any) -> bool:
        """Whether one of what is MISSING in THING at PLACE was so in the round before: no round has made it."""
        if not missing:
            return False
        before = self._pending.get((id(thing), place), {})
        if any(id(one) in before for one in missing):
            return True
        waiting[id(thing), place] = {id(one): one for one in missing}
        return False

    def _covers(self, old: Any, new: Any, record: Arm, missing: list[Any], depth: int) -> bool:
        if old is new:
            return True
        if isinstance(old, Unknown):
            missing += self._missing(old, [new], record)
            return True
        if isinstance(new, Unknown) or type(old) is not type(new) or depth == 0:
            return False
        if type(old) in _PLAIN:
            return repr(old) == repr(new) if isinstance(old, float | complex) else bool(old == new)
        if isinstance(old, tuple):
            return len(old) == len(new) and all(
                self._covers(a, b, record, missing, depth - 1) for a, b in zip(old, new, strict=True)
            )
        if not self._is_of_same(old, new, record):
            return False
        if isinstance(old, dict):
            return list(old) == list(new) and all(
                self._covers(old[name], new[name], record, missing, depth - 1) for name in old
            )
        return (
            isinstance(old, _INDEXED)
            and len(old) == len(new)
            and all(self._covers(a, b, record, missing, depth - 1) for a, b in zip(old, new, strict=True))
        )

    def _is_of_same(self, old: Any, new: Any, record: Arm) -> bool:
        """Whether NEW is a container of the round's own, or may be nothing else than OLD may be."""
        if id(new) in record.born:
            return getattr(old, "default_factory", None) is getattr(new, "default_factory", None)
        copies = self.session.journal.copies
        held = set(map(id, copies.sources_of([old]))) | {id(old)}
        return all(id(source) in held or id(source) in record.born for source in copies.sources_of([new]))

    def _missing(self, old: Unknown, new: list[Any], record: Arm) -> list[Any]:
        """What of NEW can be changed, OLD does not say that it may be it, and was not made in the round."""
        found = _flat(changeable(new))
        if not found:
            return []
        held = set(map(id, _flat(old.holders))) if isinstance(old, OneOf) else set[int]()
        return [one for one in found if id(one) not in held and id(one) not in record.born]


def _flat(things: Iterable[Any]) -> list[Any]:
    """THINGS, those that one of several may be, and what tuples hold."""
    found: dict[int, Any] = {}
    waiting, seen = list(things), set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, OneOf):
            waiting += one.holders
        elif isinstance(one, tuple | frozenset):
            waiting += changeable(one)
        elif not isinstance(one, Unknown):
            found[id(one)] = one
    return list(found.values())
