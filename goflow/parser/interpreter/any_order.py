"""A ``for`` over what comes in an order that is not known (a set of texts): what depends on it is not known afterwards.

The body is run once for each element, in the order they happen to have. A name that an earlier round has set is not
known at the start of a later one; what rounds leave differently is not known at the end, and a list that several rounds
have changed has its elements in any order. Where the body leaves the loop for some of the elements, any of these may be
the first to do so, before or after the others.
"""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import libcst as cst
from libcst import matchers

from goflow.parser.interpreter.alternatives import OneOf, so_many
from goflow.parser.interpreter.attempts import may_leave, may_raise
from goflow.parser.interpreter.branches import join_values
from goflow.parser.interpreter.journal import Arm
from goflow.parser.interpreter.locals_ import assigned_names
from goflow.parser.interpreter.mutations import forget_contents
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import At, Raised, Unknown, Value, forget_order

if TYPE_CHECKING:
    from goflow.parser.interpreter.bodies import Exit


class Rounds:
    """What the rounds of one loop in FRAME do, WHY their order is not known, and BODY is what they run. Where it
    MATTERS to what rounds find, nothing that they leave is known."""

    def __init__(self, frame: Frame, why: Unknown, body: cst.BaseSuite, matters: bool) -> None:
        self.frame = frame
        self.matters = matters
        self.why = why
        self.left_early = False
        """Whether a round has left the loop."""
        uses = _Uses()
        body.visit(uses)
        self._read = frozenset(name for name, count in uses.names.items() if count > uses.targets[name])
        added_up = (name for name, count in uses.added.items() if uses.names[name] == count)
        self._added_up = frozenset(name for name in added_up if type(frame.scope.find(name)) is int)
        self._scopes = set(map(id, _names_around(frame)))
        self._things: dict[int, Any] = {}
        self._set: dict[tuple[int, Any], list[Any]] = {}
        self._changed: collections.Counter[int] = collections.Counter()
        self._made: set[tuple[int, Any]] = set()
        """Names that a round has made by another way than by their name (``globals()[dag_id] = ...``)."""
        self._marks: dict[tuple[int, Any], Unknown] = {}
        self._before: dict[tuple[int, str], Any] = {}
        self._assigned = assigned_names(body)
        for name in self._assigned - self._added_up:  # any round may be the first to see what it was
            names = frame.scope.home_of(name).names
            if name in names:
                self._before[id(names), name] = names[name]
                self._things[id(names)] = names
                self._mark(id(names), name)

    def each(self, values: Iterator[Any]) -> Generator[Any, None, None]:
        """VALUES, with an eye on what is done between one and the next."""
        journal = self.frame.session.journal
        for value in values:
            self._forget_names()
            arm = Arm()
            journal.arms.append(arm)
            self.left_early = True
            try:
                yield value
                self.left_early = False
            finally:
                journal.drop(arm)
                journal.pass_on(arm)
                self._look_at(arm)

    def _forget_names(self) -> None:
        """What an earlier round has set a name to, this one would not see if it were the first."""
        for (which, name), found in self._set.items():
            if (which, name) in self._made or (name in self._added_up and type(found[-1]) is int):
                continue
            if which in self._scopes:
                self._mark(which, name)

    def _mark(self, which: int, name: str) -> None:
        """NAME is not known from now on; whether a round sets it is seen by that."""
        names = self._things[which]
        self.frame.session.journal.touch(names)
        names[name] = self._marks[which, name] = Unknown(self.why.reason, self.why.at)

    def _look_at(self, arm: Arm) -> None:
        if self.matters:
            self._look_at_new(arm)
        for key, (thing, before) in arm.before.items():
            if isinstance(thing, dict):
                self._things[key] = thing
                for name, value in thing.items():
                    if value is self._marks.get((key, name)):
                        continue
                    if name not in before and name not in self._assigned:
                        self._made.add((key, name))
                    if name not in before or before[name] is not value:
                        self._set.setdefault((key, name), []).append(value)
                if key not in self._scopes and not thing.keys() <= before.keys():
                    self._changed[key] += 1
            elif isinstance(thing, list | collections.deque) and list(before) != list(thing):
                self._things[key] = thing
                self._changed[key] += 1

    def _look_at_new(self, arm: Arm) -> None:
        """What a round has made and drawn from."""
        self.frame.session.journal.spoil_all(arm)
        for key, thing in arm.born.items():
            if isinstance(thing, dict | list | collections.deque):
                self._things[key] = thing
                self._changed[key] += isinstance(thing, list | collections.deque)
                for name, value in thing.items() if isinstance(thing, dict) else ():
                    self._set.setdefault((key, name), []).append(value)

    def take_back(self) -> None:
        """The loop is not run this way after all: names are what they were."""
        for (which, name), value in self._before.items():
            self._things[which][name] = value

    def settle(self, *, left_early: bool, at: At) -> None:
        """The loop is over; LEFT_EARLY, not all elements had their round."""
        journal = self.frame.session.journal
        left_early |= self.matters
        for (which, name), value in self._before.items():
            if (which, name) not in self._set and name not in self._read:
                self._things[which][name] = value
        for (which, name), found in self._set.items():
            thing = self._things[which]
            if name not in thing:
                continue
            if not left_early and name in self._added_up and which in self._scopes and type(found[-1]) is int:
                continue
            journal.touch(thing)
            same = join_values(found, at, self.why)
            several, is_open = len(found) > 1, left_early
            if which in self._scopes:
                is_open |= name in self._read and (several or (which, name) in self._before)
                is_open |= (which, name) in self._marks and name not in self._assigned  # as ``globals()[name] += 1``
            else:
                is_open &= several or self.matters
            thing[name] = OneOf.of(self.why, found) if is_open else same
            for value in found if thing[name] is not found[-1] else ():
                if isinstance(value, Value):
                    value.left_to_chance(self.why, at)
        for which, rounds in self._changed.items():
            if rounds > 1 or left_early:
                thing = self._things[which]
                journal.touch(thing)
                if left_early:  # others may have been left out
                    forget_contents(thing, self.why)
                elif type(thing) is list or isinstance(thing, dict):
                    forget_order(thing, self.why)
                else:
                    count = len(thing)
                    held = list(thing)
                    thing.clear()
                    thing.extend(so_many(self.why, count, held))


Ways = list[tuple[Any, "Exit | Raised", Arm]]
"""Elements whose round leaves the loop, how it does, and what it has done until then."""


class AnyOrderLoop:
    """The loop NODE in FRAME, WHY the order of its elements is not known. ONE runs the body for an element, EVERY for
    many of them and then the ``else`` clause. It MATTERS in what order where a round may see what others have done."""

    def __init__(
        self,
        frame: Frame,
        why: Unknown,
        node: cst.For,
        one: Callable[[Any], Exit | None],
        every: Callable[[Iterator[Any]], Exit | None],
        matters: bool,
    ) -> None:
        self.frame, self.why, self.node = frame, why, node
        self.one, self.every = one, every
        self.matters = matters
        self.journal = frame.session.journal

    def run(self, values: Iterator[Any]) -> Exit | None:
        """Run it over VALUES; how it is left."""
        loop, record, seen = Rounds(self.frame, self.why, self.node.body, self.matters), Arm(), list[Any]()
        left: Exit | Raised | None
        self.journal.arms.append(record)
        try:
            with contextlib.closing(loop.each(_noted(values, seen))) as rounds:
                left = self.every(rounds)
        except Raised as problem:
            left = problem
        finally:
            self.journal.drop(record)
            self.journal.pass_on(record)
        if not loop.left_early:
            loop.settle(left_early=False, at=self.frame.at(self.node.iter))
            return _ended(left)
        seen += values
        self.journal.undo(record)
        leaving, others, is_changed = self._first_rounds(seen)
        if not leaving:  # it was left for how far it had come
            self.journal.keep(record)
            loop.settle(left_early=True, at=self.frame.at(self.node.iter))
            left = _ended(left)
            return None if left is None else replace(left, value=self.why)
        loop.take_back()
        return self._both_ways(leaving, others) if is_changed or len(leaving) > 1 else self.one(leaving[0][0])

    def _first_rounds(self, values: Iterable[Any]) -> tuple[Ways, list[Any], bool]:
        """Of VALUES those whose round leaves the loop when it is the first, the others, and whether any of these
        changes anything but what the loop itself sets."""
        leaving: Ways = []
        others, is_changed = [], False
        targets = {
            cst.ensure_type(name, cst.Name).value for name in matchers.findall(self.node.target, matchers.Name())
        }
        scopes = set(map(id, _names_around(self.frame)))
        for value in values:
            arm = Arm()
            left: Exit | Raised | None
            with self.frame.session.deciding(self.why):
                try:
                    _, left = self.journal.run(lambda value=value: self.one(value), arm)  # type: ignore[misc]
                except Raised as problem:
                    left = problem
            if left is None:
                others.append(value)
                is_changed |= bool(arm.drawn) or _has_changed(arm, targets, scopes)
            else:
                leaving.append((value, left, arm))
        return leaving, others, is_changed

    def _both_ways(self, leaving: Ways, others: list[Any]) -> Exit | None:
        """Any of those that are LEAVING is the first of all, or some or all of the OTHERS come before it."""
        self._note(leaving)
        loop = Rounds(self.frame, self.why, self.node.body, self.matters)
        with contextlib.closing(loop.each(iter(others))) as rounds:
            for value in rounds:
                self.one(value)
        loop.settle(left_early=True, at=self.frame.at(self.node.iter))
        *more, last = (value for value, *_ in leaving)
        self._note(self._first_rounds(more)[0])
        return self.one(last)

    def _note(self, leaving: Ways) -> None:
        """The loop is left so, or it is not."""
        for _, left, arm in leaving:
            if isinstance(left, Raised):
                may_raise(self.frame.session, left, arm, self.why)
            elif not may_leave(self.frame, left, arm, self.why) and left.value is not None:
                self.frame.maybe_returned.append(left.value)


def _ended(left: Exit | Raised | None) -> Exit | None:
    if isinstance(left, Raised):
        raise left
    return left


def _noted(values: Iterator[Any], seen: list[Any]) -> Iterator[Any]:
    for value in values:
        seen.append(value)
        yield value


def _has_changed(arm: Arm, targets: set[str], scopes: set[int]) -> bool:
    """Whether ARM has left anything else than it found, TARGETS in SCOPES aside."""
    for key, (_, before) in arm.before.items():
        after = arm.after[key]
        if isinstance(after, dict):
            names = {name for name in before.keys() | after.keys() if before.get(name, arm) is not after.get(name, arm)}
            if names - targets if key in scopes else names:
                return True
        elif len(before) != len(after) or any(a is not b for a, b in zip(before, after, strict=True)):
            return True
    return False


def _names_around(frame: Frame) -> Iterator[dict[str, Any]]:
    scope: Any = frame.scope
    while scope is not None:
        if scope is frame.scope or not scope.is_class:  # a method reaches the names of its class by attribute alone
            yield scope.names
        scope = scope.parent
    yield frame.scope.globals.names


class _Uses(cst.CSTVisitor):
    """How often each name stands in a body, how often as what is set, and how often as what something is added to (the
    sum of whole numbers is the same in any order)."""

    def __init__(self) -> None:
        super().__init__()
        self.names: collections.Counter[str] = collections.Counter()
        self.added: collections.Counter[str] = collections.Counter()
        self.targets: collections.Counter[str] = collections.Counter()

    def visit_Name(self, node: cst.Name) -> None:  # noqa: N802
        """A use."""
        self.names[node.value] += 1

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:  # noqa: N802
        """A name that is set and not read here."""
        if isinstance(node.target, cst.Name):
            self.targets[node.target.value] += 1

    def visit_AugAssign(self, node: cst.AugAssign) -> None:  # noqa: N802
        """An addition in place."""
        if isinstance(node.target, cst.Name) and isinstance(node.operator, cst.AddAssign | cst.SubtractAssign):
            self.added[node.target.value] += 1
