"""Comprehensions and generator expressions.

Where it is not known what one goes over, or which of its elements its condition takes, it is not known what it gives;
what its parts do besides (``[names.append(x) for x in UNKNOWN]``) may be done any number of times (`widening`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import libcst as cst
from libcst import matchers

from goflow.parser.interpreter import host
from goflow.parser.interpreter.alternatives import OneOf, is_iterator
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.items import check_hashable, elements, iterate, iterate_now
from goflow.parser.interpreter.mutations import put
from goflow.parser.interpreter.operations import truth
from goflow.parser.interpreter.order_matters import order_matters
from goflow.parser.interpreter.orders import in_any_order, iterator_over, unordered
from goflow.parser.interpreter.scopes import MISSING, UNBOUND, Frame, Scope
from goflow.parser.interpreter.targets import assign
from goflow.parser.interpreter.values import At, Unknown, UnknownElementsError, forget_order, order_of
from goflow.parser.interpreter.widening import any_number

if TYPE_CHECKING:
    from goflow.parser.interpreter.bodies import Exit

Element = Callable[[Frame], Any]
_DOING = matchers.Call() | matchers.NamedExpr() | matchers.Yield() | matchers.Await()


def _list_comprehension(frame: Frame, node: cst.ListComp) -> Any:
    """``[... for ... in ...]``."""
    return _new(frame, _comprehended(frame, node, lambda inner: evaluate(inner, node.elt)))


def _set_comprehension(frame: Frame, node: cst.SetComp) -> Any:
    """``{... for ... in ...}``."""
    found = _comprehended(frame, node, lambda inner: evaluate(inner, node.elt))
    return found if isinstance(found, Unknown) else _new(frame, host.make_set(found, frame.at(node)))


def _dict_comprehension(frame: Frame, node: cst.DictComp) -> Any:
    """``{...: ... for ... in ...}``."""
    pairs = _comprehended(frame, node, lambda inner: (evaluate(inner, node.key), evaluate(inner, node.value)))
    if isinstance(pairs, Unknown):
        return pairs
    for key, _ in pairs:
        check_hashable(key, frame.at(node))
    made = put({}, pairs, frame.at(node))
    if (why := order_of(pairs)) is not None:
        forget_order(made, why)
    return _new(frame, made)


def _generator(frame: Frame, node: cst.GeneratorExp) -> Any:
    """``(... for ... in ...)``: its first source is asked for now, its elements are worked out when they are asked
    for."""
    source = evaluate(frame, node.for_in.iter)
    going = _Going(_inner_frame(frame), node, lambda inner: evaluate(inner, node.elt), source)
    if isinstance(source, Unknown):
        source.drawn_from(frame.at(node.for_in.iter))
        return Unasked(source, going)
    if (why := going.order_that_matters()) is not None:
        return Unasked(why, going)
    made = Elements(going, iterate_now(source, frame.at(node.for_in.iter)))
    return _new(frame, iterator_over(made, unordered(source, frame.at(node))))


_KINDS: dict[type[cst.CSTNode], Callable[[Frame, Any], Any]] = {
    cst.ListComp: _list_comprehension,
    cst.SetComp: _set_comprehension,
    cst.DictComp: _dict_comprehension,
    cst.GeneratorExp: _generator,
}


def comprehension(frame: Frame, node: cst.BaseComp) -> Any:
    """What the comprehension or generator expression NODE gives in FRAME."""
    return _KINDS[type(node)](frame, node)


def _new(frame: Frame, value: Any) -> Any:
    if not isinstance(value, Unknown):
        frame.session.journal.made(value)
    return value


def _inner_frame(frame: Frame) -> Frame:
    scope = Scope(frame.scope)
    scope.is_comprehension = True
    frame.session.journal.made(scope.names)
    return frame.nested(scope)


def _comprehended(frame: Frame, node: Any, element: Element) -> list[Any] | Unknown:
    """The elements of a comprehension, or the Unknown that its source or condition is."""
    source = evaluate(frame, node.for_in.iter)
    inner, at = _inner_frame(frame), frame.at(node)
    going = _Going(inner, node, element, source)
    if isinstance(source, Unknown):
        source.drawn_from(frame.at(node.for_in.iter))
        return going.given_up(source)
    if (why := going.order_that_matters()) is not None:
        return going.given_up(why)
    found: list[Any] = []
    try:
        for _ in _rounds(inner, node.for_in, iterate(source, frame.at(node.for_in.iter))):
            found.append(element(inner))
            frame.session.budget.check_size(len(found), at)
    except UnknownElementsError as problem:
        return going.given_up(problem.unknown)
    return in_any_order(found, unordered(source, at))


class _Going:
    """What the comprehension NODE in FRAME goes over: SOURCE, and ELEMENT works out what it gives."""

    def __init__(self, frame: Frame, node: Any, element: Element, source: Any) -> None:
        self.frame, self.node, self.element, self.source = frame, node, element, source

    def order_that_matters(self) -> Unknown | None:
        """Why nobody knows the order of what it goes over, where what it does for one element may be seen by others."""
        why = unordered(self.source, self.frame.at(self.node))
        if why is None:
            return None
        target = self.node.for_in.target
        name = target.value if isinstance(target, cst.Name) else ""
        return why if order_matters(self.frame, self.node, name) else None

    def given_up(self, why: Unknown) -> OneOf | Unknown:
        """What it gives, which is not known for the reason WHY."""
        given: list[Any] = []
        self.go_on(why, given)
        return OneOf.of(why, [*given, *_mentioned(self.frame, self.node)])

    def go_on(self, why: Unknown, given: list[Any]) -> None:
        """Any number of its elements is worked out and put into what is GIVEN; WHY says why nobody knows."""
        at = self.frame.at(self.node)
        if is_iterator(self.source):
            at.session.journal.lose(self.source, why)
        if not matchers.findall(self.node, _DOING):
            return
        value = OneOf.of(why, self._first())

        def once() -> None:
            self._clause(self.node.for_in, value, given, at)

        any_number(self.frame, once, why, at)

    def _first(self) -> list[Any]:
        source = self.source
        if isinstance(source, Unknown) or not hasattr(source, "__len__"):
            return [source]
        found = elements(source, self.frame.at(self.node))
        return [found] if isinstance(found, Unknown) else list(found)

    def _clause(self, clause: cst.CompFor, value: Any, given: list[Any], at: At) -> None:
        assign(self.frame, clause.target, value)
        self._conditions(clause, list(clause.ifs), given, at)

    def _conditions(self, clause: cst.CompFor, tests: list[cst.CompIf], given: list[Any], at: At) -> None:
        from goflow.parser.interpreter.branches import both_bodies

        if not tests:
            self._inside(clause, given, at)
            return
        answer = truth(evaluate(self.frame, tests[0].test), at)
        if isinstance(answer, Unknown):
            rest = tests[1:]
            arms: list[Callable[[], Exit | None]] = [lambda: self._conditions(clause, rest, given, at), lambda: None]
            both_bodies(self.frame, arms, answer, at)
        elif answer:
            self._conditions(clause, tests[1:], given, at)

    def _inside(self, clause: cst.CompFor, given: list[Any], at: At) -> None:
        inner = clause.inner_for_in
        if inner is None:
            given.append(self.element(self.frame))
            return
        source = evaluate(self.frame, inner.iter)
        if isinstance(source, Unknown):
            source.drawn_from(at)
        found = elements(source, at)
        why = found if isinstance(found, Unknown) else Unknown("how often a comprehension goes round", at)
        values = [source] if isinstance(found, Unknown) else found
        any_number(self.frame, lambda: self._clause(inner, OneOf.of(why, values), given, at), why, at)


class Elements:
    """The elements of a generator expression, worked out one by one."""

    def __init__(self, going: _Going, values: Iterator[Any]) -> None:
        self._going = going
        self._rounds = _rounds(going.frame, going.node.for_in, values)
        self._why: Unknown | None = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._why is not None:
            self.run_on(self._why)
            raise UnknownElementsError(self._why)
        try:
            next(self._rounds)
            return self._going.element(self._going.frame)
        except UnknownElementsError as problem:
            self._why = self._going.given_up(problem.unknown)
            raise UnknownElementsError(self._why) from None

    def run_on(self, why: Unknown) -> None:
        """Any number of more elements may be asked for."""
        self._going.go_on(why, [])


class Unasked(OneOf):
    """A generator expression over what is not known: whenever elements of it are asked for, some may be worked out."""

    __slots__ = ("_going",)

    def __init__(self, source: Unknown, going: _Going) -> None:
        super().__init__(source.reason, source.at, _mentioned(going.frame, going.node))
        self._going = going

    def drawn_from(self, at: At) -> None:
        """Some are worked out."""
        super().drawn_from(at)
        self.holders += [given for given in self._given() if not isinstance(given, str | int | float)]

    def changed(self, at: At) -> None:
        """Code that is not read has it."""
        self.drawn_from(at)
        super().changed(at)

    def contains(self, item: Any, at: At) -> Any:
        """It is gone through."""
        self.drawn_from(at)
        return super().contains(item, at)

    def _given(self) -> list[Any]:
        given: list[Any] = []
        self._going.go_on(Unknown(self.reason, self.at), given)
        return given


def _mentioned(frame: Frame, node: cst.CSTNode) -> list[Any]:
    """What the names in NODE lead to: what it gives is somewhere in that."""
    names = {cst.ensure_type(name, cst.Name).value for name in matchers.findall(node, matchers.Name())}
    found = (frame.scope.find(name) for name in names)
    return [value for value in found if value is not MISSING and value is not UNBOUND]


def _rounds(frame: Frame, clause: cst.CompFor, values: Iterator[Any]) -> Iterator[None]:
    """One round for each element: the names are bound in FRAME. Raises UnknownElementsError."""
    for value in values:
        assign(frame, clause.target, value)
        if not all(_holds(frame, condition.test) for condition in clause.ifs):
            continue
        inner = clause.inner_for_in
        if inner is None:
            yield
            continue
        source = evaluate(frame, inner.iter)
        if isinstance(source, Unknown):
            raise UnknownElementsError(source)
        yield from _rounds(frame, inner, iterate(source, frame.at(inner.iter)))


def _holds(frame: Frame, test: cst.BaseExpression) -> bool:
    answer = truth(evaluate(frame, test), frame.at(test))
    if isinstance(answer, Unknown):
        raise UnknownElementsError(answer)
    return answer
