"""The journal: what changes while an arm of an undecided ``if`` is run, so that it can be undone and joined.

Whoever changes a scope, a container or an instance tells the journal before. Outside undecided arms that costs a check
of one list. What may be the same thing as what is changed is not known from then on (`Copies`).
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.alternatives import Copies, run_on
from goflow.parser.interpreter.values import At, Unknown, UnknownElementsError

State = Any


class Arm:
    """What one arm has touched: for each object its state before (and, once left, after)."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Any, State]] = {}
        self.after: dict[int, State] = {}
        self.born: dict[int, Any] = {}
        """What was made in it. Others get it only by way of what the arm has touched, so it need not be undone."""
        self.drawn: dict[int, tuple[Any, Unknown]] = {}
        """Iterators that an element was taken from: that cannot be undone."""


class Journal:
    """A stack of arms that are being run."""

    __slots__ = ("_is_spreading", "_spoiled", "arms", "changed", "clock", "copies")

    def __init__(self) -> None:
        self.arms: list[Arm] = []
        self._spoiled: dict[int, tuple[Any, Unknown]] = {}
        self.copies = Copies()
        self._is_spreading = False
        self.clock = 0
        """Goes on by one with each change in an arm."""
        self.changed: dict[int, int] = {}
        """When something was changed last, by its identity."""

    def touch(self, thing: Any) -> None:
        """THING (a dict, list or set) is about to change."""
        if self.copies.sources and not self._is_spreading:
            self._spread(thing)
        if self.arms:
            self.note(thing)

    def _spread(self, thing: Any) -> None:
        found = self.copies.others(thing)
        if found is None:
            return
        from goflow.parser.interpreter.mutations import forget_contents

        others, why = found
        self._is_spreading = True
        try:
            for other in others:
                forget_contents(other, why, [thing])
        finally:
            self._is_spreading = False

    def note(self, thing: Any) -> None:
        """The same where the journal itself puts THING into another state."""
        if self.arms:
            arm, key = self.arms[-1], id(thing)
            self.clock = self.changed[key] = self.clock + 1
            if key not in arm.before and key not in arm.born:
                arm.before[key] = (thing, copy_state(thing))

    def made(self, thing: Any) -> None:
        """THING (one of these, or an iterator) is new: no other arm can have it."""
        if self.arms:
            self.arms[-1].born[id(thing)] = thing

    def draw(self, iterator: Any, at: At) -> None:
        """An element is about to be taken from ITERATOR. Raises UnknownElementsError where it may have come farther or
        less far than here: an arm that is over has drawn from it."""
        if self._spoiled and id(iterator) in self._spoiled:
            spoiled = self._spoiled[id(iterator)][1]
            run_on(iterator, spoiled)
            raise UnknownElementsError(spoiled)
        if not self.arms:
            return
        self.clock = self.changed[id(iterator)] = self.clock + 1
        if id(iterator) not in self.arms[-1].drawn:
            why = at.session.undecided
            self.arms[-1].drawn[id(iterator)] = iterator, Unknown("how far an iterator is", at) if why is None else why

    def spoil(self, iterator: Any, why: Unknown) -> None:
        """An element of ITERATOR may have been taken, and WHY says why nobody knows."""
        self._spoiled[id(iterator)] = iterator, why

    def lose(self, iterator: Any, why: Unknown) -> None:
        """Any number of ITERATOR's elements may have been taken, and WHY says why nobody knows: what of the file's code
        works them out may have been run."""
        self.spoil(iterator, why)
        run_on(iterator, why)

    def spoil_all(self, record: Arm) -> None:
        """Elements of iterators that RECORD has drawn from may have been taken."""
        self._spoiled |= record.drawn

    def run(self, arm: Callable[[], Any], record: Arm | None = None) -> tuple[Arm, Any]:
        """Run ARM, then undo what it changed; what it touched, put into the RECORD that is given, and what it gave."""
        record = Arm() if record is None else record
        self.arms.append(record)
        try:
            answer = arm()
        finally:
            self.drop(record)
            self.spoil_all(record)
            self.undo(record)
        return record, answer

    def drop(self, record: Arm) -> None:
        """What is changed from now on is no business of RECORD."""
        self.arms = [other for other in self.arms if other is not record]

    def undo(self, record: Arm) -> None:
        """Make everything that RECORD has touched what it was, and keep what it had become."""
        for key, (thing, before) in record.before.items():
            record.after[key] = copy_state(thing)
            restore(thing, before)
            self.note(thing)  # for an arm around this one, which goes on from here

    def pass_on(self, record: Arm) -> None:
        """What RECORD has touched stays as it is, and counts as touched by the arm around it."""
        if self.arms:
            for key, found in record.before.items():
                self.arms[-1].before.setdefault(key, found)

    def put(self, state: dict[int, tuple[Any, State]]) -> None:
        """Make things what STATE says."""
        for thing, content in state.values():
            self.note(thing)
            restore(thing, content)

    def keep(self, arm: Arm) -> None:
        """Do again what ARM did: it was the only one that went on."""
        for key, (thing, _) in arm.before.items():
            self.note(thing)
            restore(thing, arm.after[key])


CHANGING = (dict, list, set, collections.deque)


def copy_state(thing: Any) -> State:
    """A shallow copy."""
    return thing.copy()


def restore(thing: Any, state: State) -> None:
    """Make THING what it was."""
    if isinstance(thing, list):
        thing[:] = state
    elif isinstance(thing, collections.deque):
        thing.clear()
        thing.extend(state)
    else:
        thing.clear()
        thing.update(state)
