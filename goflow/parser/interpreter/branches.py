"""What depends on an Unknown: both arms are run on copies, and what they leave is joined (decision 2)."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import libcst as cst

from goflow.parser.interpreter.attempts import may_leave, may_raise
from goflow.parser.interpreter.journal import Arm, restore
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import At, MaybeGone, OneOf, Raised, Unknown, UnknownMany, first_unknown

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
    at = frame.at(None)
    joined = [
        (thing, _join([arm.after.get(key, thing) for arm in arms], at, test, arms)) for key, thing in touched.items()
    ]
    for thing, state in joined:
        journal.touch(thing)
        restore(thing, state)


def _join(states: list[Any], at: At, test: Unknown, arms: list[Arm]) -> Any:
    """What ARMS have made of one dict, list or set."""
    if isinstance(states[0], dict):
        return _join_dicts(states, at, test, arms)
    if isinstance(states[0], list | collections.deque):
        return _join_lists([list(state) for state in states], at, test, arms)
    return set[Any]().union(*states)


def _join_dicts(states: list[dict[Any, Any]], at: At, test: Unknown, arms: list[Arm]) -> dict[Any, Any]:
    joined: dict[Any, Any] = {}
    for state in states:
        for name in state:
            if name not in joined:
                values = [other.get(name, GONE) for other in states]
                joined[name] = MaybeGone.of(test) if GONE in values else join_values(values, at, test, arms)
    return joined


def _join_lists(states: list[list[Any]], at: At, test: Unknown, arms: list[Arm]) -> list[Any]:
    if len({len(state) for state in states}) == 1:
        return [join_values(list(values), at, test, arms) for values in zip(*states, strict=True)]
    joined = [join_values(list(values), at, test, arms) for values in zip(*states, strict=False)]
    return [*joined, UnknownMany.of(test)]


def join_values(values: list[Any], at: At, test: Unknown | None = None, arms: Sequence[Arm] = ()) -> Any:
    """One value where all are the same; containers of one shape element by element; else Unknown. With the ARMS that
    VALUES come from, each is what that arm has left of it."""
    first = values[0]
    if all(value is first for value in values[1:]):
        return first
    if all(type(value) is type(first) for value in values):
        if isinstance(first, str | int | float | bool | bytes) and all(value == first for value in values):
            return first
        if isinstance(first, list | tuple | dict):
            found = (
                [arm.after.get(id(value), value) for value, arm in zip(values, arms, strict=True)] if arms else values
            )
            joined = _join_containers(found, at, test, arms)
            if joined is not None:
                return joined
    unknown = test if test is not None else first_unknown(values)
    return OneOf.of(unknown if unknown is not None else Unknown("a condition that is not known", at), values)


def _join_containers(found: list[Any], at: At, test: Unknown | None, arms: Sequence[Arm]) -> Any:
    """None where they have not one shape."""
    first = found[0]
    if isinstance(first, dict):
        if any(value.keys() != first.keys() for value in found):
            return None
        return {key: join_values([value[key] for value in found], at, test, arms) for key in first}
    if len({len(value) for value in found}) > 1:
        return None
    inner = [join_values(list(column), at, test, arms) for column in zip(*found, strict=True)]
    return first if hasattr(first, "_fields") else type(first)(inner)
