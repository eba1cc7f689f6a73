"""What depends on an Unknown: both arms are run on copies, and what they leave is joined (decision 2)."""

from __future__ import annotations

import collections
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import libcst as cst

from goflow.parser.interpreter.alternatives import MOST_SOURCES, MaybeGone, OneOf, UnknownMany
from goflow.parser.interpreter.attempts import may_leave, may_raise
from goflow.parser.interpreter.journal import Arm, copy_state, restore
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import At, Raised, Unknown, first_unknown, forget_order, key_order_of, order_of

if TYPE_CHECKING:
    from goflow.parser.interpreter.bodies import Exit

GONE = object()


def both_expressions(frame: Frame, first: cst.CSTNode, second: cst.CSTNode, test: Unknown) -> Any:
    """``first if UNKNOWN else second``."""
    from goflow.parser.interpreter.expressions import evaluate

    values = []
    arms = []
    raising: list[tuple[Raised, Arm]] = []
    with frame.session.deciding(test):
        for node in (first, second):
            arm = Arm()
            try:
                _, value = frame.session.journal.run(lambda node=node: evaluate(frame, node), arm)  # type: ignore[misc]
            except Raised as problem:
                raising.append((problem, arm))
                continue
            arms.append(arm)
            values.append(value)
    _tell(frame, raising, bool(values), test)
    join_arms(frame, arms, test)
    return join_values(values, frame.at(first), test, arms) if len(values) == 2 else values[0]


def maybe_expression(frame: Frame, left: Any, right: cst.CSTNode, test: Unknown) -> Any:
    """``LEFT and right`` or ``LEFT or right`` where TEST, whether LEFT is true, is not known."""
    from goflow.parser.interpreter.expressions import evaluate

    arm = Arm()
    with frame.session.deciding(test):
        try:
            _, value = frame.session.journal.run(lambda: evaluate(frame, right), arm)
        except Raised as problem:
            _tell(frame, [(problem, arm)], True, test)
            return test
    join_arms(frame, [arm, Arm()], test)
    return OneOf.of(test, [left, value])


def both_bodies(frame: Frame, bodies: list[Callable[[], Exit | None]], test: Unknown, at: At) -> Exit | None:
    """Run BODIES, one of which would run if TEST were known; how the statement ends.

    An arm that raises is passed over where another goes on: the file that raises defines nothing, and a ``try`` around
    it follows that way itself (`attempts`). Where one arm leaves (returns, say) and another goes on, what follows is
    run, and what is left so follows the other way, too (`leaving`).
    """
    from goflow.parser.interpreter.bodies import Exit, How

    arms: list[Arm] = []
    ends: list[Exit | None] = []
    raising: list[tuple[Raised, Arm]] = []
    with frame.session.deciding(test):
        for body in bodies:
            arm = Arm()
            try:
                _, end = frame.session.journal.run(body, arm)
            except Raised as problem:
                raising.append((problem, arm))
                continue
            arms.append(arm)
            ends.append(end)
    _tell(frame, raising, bool(ends), test)
    going_on = [arm for arm, end in zip(arms, ends, strict=True) if end is None]
    leaving = [end for end in ends if end is not None]
    if not leaving or not going_on:
        join_arms(frame, arms, test)
        if not leaving:
            return None
        values = [end.value for end in leaving if end.how is How.RETURN]
        if len(values) == len(leaving):
            return Exit(How.RETURN, join_values(values, at, test, arms))
        return leaving[0]
    frame.session.left_early = test
    for arm, end in zip(arms, ends, strict=True):
        if end is not None and not may_leave(frame, end, arm, test) and end.how is How.RETURN:
            frame.maybe_returned.append(end.value)
    join_arms(frame, going_on, test)
    return None


def _tell(frame: Frame, raising: list[tuple[Raised, Arm]], goes_on: bool, test: Unknown) -> None:
    """What the arms that are RAISING have raised is for who catches it; where none GOES_ON the last one raises now."""
    certain = None if goes_on else raising.pop()
    for problem, arm in raising:
        may_raise(frame.session, problem, arm, test)
    if certain is not None:
        frame.session.journal.keep(certain[1])
        raise certain[0]


def join_arms(frame: Frame, arms: list[Arm], test: Unknown) -> None:
    """Leave every object that an arm has touched as the join of what the arms made of it."""
    journal = frame.session.journal
    if len(arms) == 1:
        journal.keep(arms[0])
        return
    touched: dict[int, Any] = {}
    for arm in arms:
        for key, (thing, _) in arm.before.items():
            touched[key] = thing
    joining = _Joining(frame.at(None), test, arms)
    joined = [
        (thing, joining.states(thing, [arm.after.get(key, thing) for arm in arms])) for key, thing in touched.items()
    ]
    for thing, state in joined:
        journal.note(thing)
        restore(thing, state)


def join_values(values: list[Any], at: At, test: Unknown | None = None, arms: Sequence[Arm] = ()) -> Any:
    """One value where all are the same; containers of one shape element by element; else one of them. With the ARMS
    that VALUES come from, each is what that arm has left of it."""
    return _Joining(at, test, arms).values(values)


class _Joining:
    """What ARMS leave (or nobody's arms), because TEST was not known."""

    def __init__(self, at: At, test: Unknown | None, arms: Sequence[Arm]) -> None:
        self.session = at.session
        self.test = test if test is not None else Unknown("a condition that is not known", at)
        self.is_given = test is not None
        self.arms = arms
        self.copies: dict[tuple[int, ...], Any] = {}
        """What stands for some containers, by their identities: it is the same thing wherever it is found."""

    def states(self, thing: Any, states: list[Any]) -> Any:
        """What the arms have made of THING, a dict, list or set."""
        if isinstance(states[0], dict):
            return self._dicts(thing, states)
        if isinstance(states[0], list | collections.deque):
            return self._lists([list(state) for state in states])
        return self._sets(states)

    def _dicts(self, thing: dict[Any, Any], states: list[dict[Any, Any]]) -> dict[Any, Any]:
        joined: dict[Any, Any] = {}
        for state in states:
            for name in state:
                if name not in joined:
                    values = [other.get(name, GONE) for other in states]
                    is_there = GONE not in values
                    joined[name] = self.values(values) if is_there else MaybeGone.of(self.test, values)
        if len(joined) > 1 and _differ_in_order(states):
            forget_order(thing, self.test)
        return joined

    def _lists(self, states: list[list[Any]]) -> list[Any]:
        if len({len(state) for state in states}) == 1:
            return [self.values(list(values)) for values in zip(*states, strict=True)]
        shortest = min(map(len, states))
        joined = [self.values(list(values)) for values in zip(*states, strict=False)]
        return [*joined, UnknownMany.of(self.test, [value for state in states for value in state[shortest:]])]

    def _sets(self, states: list[set[Any]]) -> set[Any]:
        common = set[Any](states[0]).intersection(*states[1:])
        others = set[Any]().union(*states) - common
        return common | {OneOf.of(self.test, others)} if others else common

    def values(self, values: list[Any]) -> Any:
        """One value for VALUES, one of each arm."""
        first = values[0]
        if all(value is first for value in values[1:]):
            return first
        if all(type(value) is type(first) for value in values):
            if isinstance(first, str | int | float | bool | bytes) and all(value == first for value in values):
                return first
            if isinstance(first, tuple) or type(first) in _COPIED or hasattr(first, "default_factory"):
                joined = self._containers(values)
                if joined is not None:
                    return joined
        unknown = None if self.is_given else first_unknown(values)
        return OneOf.of(self.test if unknown is None else unknown, values)

    def _containers(self, values: list[Any]) -> Any:
        """What stands for VALUES, containers of one type; None where they have not one shape."""
        key = tuple(map(id, values))
        if key in self.copies:
            return self.copies[key]
        found = values
        if self.arms:
            found = [arm.after.get(id(value), value) for value, arm in zip(values, self.arms, strict=True)]
        first = found[0]
        if len({len(value) for value in found}) > 1:
            return None
        if isinstance(first, tuple):
            return self._tuples(found)
        sources = self.session.journal.copies.sources_of(values)
        if len(sources) > MOST_SOURCES or (isinstance(first, dict) and not _are_alike(found)):
            return None
        made = self.copies[key] = copy_state(first)
        if isinstance(first, dict):
            for name in first:
                made[name] = self.values([value[name] for value in found])
            orders = next((why for why in map(key_order_of, values) if why is not None), None)
            orders = self.test if orders is None and _differ_in_order(found) else orders
        else:
            made[:] = [self.values(list(column)) for column in zip(*found, strict=True)]
            orders = next((why for why in map(order_of, values) if why is not None), None)
        if orders is not None:
            forget_order(made, orders)
        self.session.journal.copies.add(made, sources, self.test)
        return made

    def _tuples(self, found: list[tuple[Any, ...]]) -> Any:
        kind = type(found[0])
        inner = [self.values(list(column)) for column in zip(*found, strict=True)]
        if kind is tuple:
            return tuple(inner)
        # one of Python's own may reckon with what it holds
        is_files = hasattr(kind, "_make") and kind.__module__.partition(".")[0] not in sys.stdlib_module_names
        return kind._make(inner) if is_files else None  # type: ignore[attr-defined]


_COPIED = frozenset({list, dict, collections.OrderedDict, collections.Counter})


def _are_alike(found: list[dict[Any, Any]]) -> bool:
    first = found[0]
    makes = getattr(first, "default_factory", None)
    return all(value.keys() == first.keys() and getattr(value, "default_factory", None) is makes for value in found)


def _differ_in_order(states: list[dict[Any, Any]]) -> bool:
    first = list(states[0])
    return any(state.keys() == states[0].keys() and list(state) != first for state in states[1:])
