"""Statements: one function for each kind of node, found by the node's type."""

from __future__ import annotations

import collections
import functools
import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import libcst as cst
from libcst import matchers

from goflow.parser.interpreter import host
from goflow.parser.interpreter.alternatives import UnknownMany
from goflow.parser.interpreter.annotations import Annotation
from goflow.parser.interpreter.any_order import AnyOrderLoop
from goflow.parser.interpreter.attempts import attempted
from goflow.parser.interpreter.bodies import Exit, How, Statement, run_suite
from goflow.parser.interpreter.branches import both_bodies
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.definitions import class_definition, function_definition
from goflow.parser.interpreter.endless import Draw, Endless, endless
from goflow.parser.interpreter.exceptions import is_exception, make_exception
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.handlers import try_, try_star
from goflow.parser.interpreter.imports import import_from, import_modules
from goflow.parser.interpreter.items import iterate
from goflow.parser.interpreter.leaving import LOOP, ROUND, may_be_left, ways_out
from goflow.parser.interpreter.operations import DUNDERS, binary, truth
from goflow.parser.interpreter.order_matters import order_matters
from goflow.parser.interpreter.orders import unordered
from goflow.parser.interpreter.plain_values import HOST_ERRORS, as_raised
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.signs import BINARY_SIGNS
from goflow.parser.interpreter.targets import assign, change, delete
from goflow.parser.interpreter.values import (
    At,
    Raised,
    Unknown,
    UnknownElementsError,
    UnknownKey,
    Value,
    raised,
)
from goflow.parser.interpreter.widening import any_number


def _expression(frame: Frame, node: cst.Expr) -> Exit | None:
    _discarding(frame, node.value)
    return None


def _discarding(frame: Frame, node: cst.BaseExpression) -> Any:
    """The value of NODE, which nobody takes: so with what it may come from."""
    session = frame.session
    before, session.discarded = session.discarded, frozenset(_sources(node))
    try:
        return evaluate(frame, node)
    finally:
        session.discarded = before


def _sources(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(node, cst.IfExp):
        yield from (*_sources(node.body), *_sources(node.orelse))
    elif isinstance(node, cst.BooleanOperation):
        yield from (*_sources(node.left), *_sources(node.right))
    elif isinstance(node, cst.BaseSimpleComp):
        yield from _sources(node.elt)
    else:
        yield node


def _assign(frame: Frame, node: cst.Assign) -> Exit | None:
    value = evaluate(frame, node.value)
    for target in node.targets:
        assign(frame, target.target, value)
    return None


def _annotated(frame: Frame, node: cst.AnnAssign) -> Exit | None:
    if frame.scope.is_class and isinstance(node.target, cst.Name):
        annotations = frame.scope.names.setdefault("__annotations__", {})
        if isinstance(annotations, dict):  # else the class has a name of its own for it
            annotations[node.target.value] = Annotation(node.annotation.annotation, frame)
    if node.value is not None:
        assign(frame, node.target, evaluate(frame, node.value))
    return None


def _augmented(frame: Frame, node: cst.AugAssign) -> Exit | None:
    at = frame.at(node)
    sign = BINARY_SIGNS[type(node.operator)]
    change(frame, node.target, lambda before: in_place(sign, before, evaluate(frame, node.value), at))
    return None


IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.iadd,
    "-": operator.isub,
    "|": operator.ior,
    "&": operator.iand,
}
"""What a Counter does in place."""


def in_place(sign: str, before: Any, value: Any, at: At) -> Any:
    """``before SIGN= value``: lists, dicts and sets change; a class's own ``__iadd__`` and its kin are called."""
    if isinstance(before, Unknown):
        before.changed(at)
    if isinstance(before, list | collections.deque) and sign == "+":
        host.call_method(before, "extend", [value], {}, at)
        return before
    if isinstance(before, set) and sign in {"|", "-", "&", "^"} and not isinstance(value, set | frozenset | Value):
        return binary(sign, before, value, at)
    if isinstance(before, collections.Counter) and sign in IN_PLACE and not isinstance(value, Value):
        made = collections.Counter(before)
        try:
            made = IN_PLACE[sign](made, value)
        except HOST_ERRORS as problem:
            as_raised(problem, at)
        host.replace(before, made, at)
        return before
    if isinstance(before, dict | set) and sign == "|" and not isinstance(before, collections.Counter):
        host.call_method(before, "update", [value], {}, at)
        return before
    if isinstance(before, set | list) and sign in {"-", "&", "^", "*"}:
        made = binary(sign, before, value, at)
        if isinstance(made, set | list):
            host.replace(before, made, at)
            return before
        return made
    own = before.method(DUNDERS[sign].replace("__", "__i", 1), at) if isinstance(before, Instance) else None
    answer = NotImplemented if own is None else own.call([value], {}, at)
    return binary(sign, before, value, at) if answer is NotImplemented else answer


def _return(frame: Frame, node: cst.Return) -> Exit | None:
    if node.value is None:
        return Exit(How.RETURN, None)
    is_discarded = frame.called_at is not None and frame.called_at.node in frame.session.discarded
    return Exit(How.RETURN, (_discarding if is_discarded else evaluate)(frame, node.value))


def _nothing(frame: Frame, node: cst.CSTNode) -> Exit | None:
    return None


def _break(frame: Frame, node: cst.Break) -> Exit | None:
    return Exit(How.BREAK)


def _continue(frame: Frame, node: cst.Continue) -> Exit | None:
    return Exit(How.CONTINUE)


def _delete(frame: Frame, node: cst.Del) -> Exit | None:
    delete(frame, node.target)
    return None


def _assert(frame: Frame, node: cst.Assert) -> Exit | None:
    if truth(evaluate(frame, node.test), frame.at(node)) is False:
        args = [] if node.msg is None else [evaluate(frame, node.msg)]
        raise Raised(make_exception(frame.session, "AssertionError", args), frame.at(node))
    return None


def _raise(frame: Frame, node: cst.Raise) -> Exit | None:
    at = frame.at(node)
    if node.exc is None:
        if frame.session.handling is None:
            raised(at, "RuntimeError", "No active exception to reraise")
        raise frame.session.handling
    problem = evaluate(frame, node.exc)
    if isinstance(problem, ClassValue):
        problem = call(problem, [], {}, at)
    if isinstance(problem, Unknown):
        raise Raised(make_exception(frame.session, "Exception", [problem]), at)
    if not isinstance(problem, Instance) or not is_exception(problem.cls):
        raised(at, "TypeError", "exceptions must derive from BaseException")
    if node.cause is not None:
        cause = evaluate(frame, node.cause.item)
        if isinstance(cause, ClassValue):
            cause = call(cause, [], {}, at)
        problem.attributes |= {"__cause__": cause, "__suppress_context__": True}
    raise Raised(problem, at)


def _if(frame: Frame, node: cst.If) -> Exit | None:
    is_true = truth(evaluate(frame, node.test), frame.at(node.test))
    if isinstance(is_true, Unknown):
        return both_bodies(
            frame,
            [lambda: run_suite(frame, node.body), lambda: _otherwise(frame, node.orelse)],
            is_true,
            frame.at(node),
        )
    if is_true:
        return run_suite(frame, node.body)
    return _otherwise(frame, node.orelse)


def _otherwise(frame: Frame, node: cst.If | cst.Else | None) -> Exit | None:
    if node is None:
        return None
    return _if(frame, node) if isinstance(node, cst.If) else run_suite(frame, node.body)


def _for(frame: Frame, node: cst.For) -> Exit | None:
    at = frame.at(node.iter)
    rounds = _rounds_over(frame, node, evaluate(frame, node.iter), at)
    if How.BREAK in ways_out(frame, node.body):
        return may_be_left(frame, LOOP, rounds, at)
    return rounds()


def _rounds_over(frame: Frame, node: cst.For, source: Any, at: At) -> Callable[[], Exit | None]:
    if isinstance(source, Unknown):
        return functools.partial(_undecided_loop, frame, node, source)
    if (draw := endless(source, at)) is not None:
        return functools.partial(_as_long_as, frame, node, lambda: _next_is_bound(frame, node, draw))
    values = iterate(source, at)
    why = unordered(source, at)
    if why is not None:
        return functools.partial(_in_any_order, frame, node, values, why)
    return functools.partial(_every_round, frame, node, values)


def _in_any_order(frame: Frame, node: cst.For, values: Iterator[Any], why: Unknown) -> Exit | None:
    """The body for each of VALUES, WHY their order is not known."""

    def one(value: Any) -> Exit | None:
        assign(frame, node.target, value)
        return _round(frame, node)

    def every(values: Iterator[Any]) -> Exit | None:
        return _every_round(frame, node, values)

    target = node.target.value if isinstance(node.target, cst.Name) else ""
    yields = frame.generator is not None and bool(matchers.findall(node.body, matchers.Yield()))
    if yields or order_matters(frame, node.body, target):
        with frame.session.deciding(why):
            return AnyOrderLoop(frame, why, node, one, every, matters=True).run(values)
    return AnyOrderLoop(frame, why, node, one, every, matters=False).run(values)


def _round(frame: Frame, node: cst.For | cst.While) -> Exit | None:
    """The body once."""
    if How.CONTINUE in ways_out(frame, node.body):
        return may_be_left(frame, ROUND, lambda: run_suite(frame, node.body), frame.at(node))
    return run_suite(frame, node.body)


def _every_round(frame: Frame, node: cst.For, values: Iterator[Any]) -> Exit | None:
    """The body for each of VALUES, and the ``else`` clause. A loop that is left by ``break`` has gone on."""
    while True:
        try:
            value = next(values, values)
        except UnknownElementsError as problem:
            return _undecided_loop(frame, node, problem.unknown)
        if value is values:
            break
        if isinstance(value, UnknownKey | UnknownMany):
            return _undecided_loop(frame, node, value.unknown if isinstance(value, UnknownKey) else value)
        assign(frame, node.target, value)
        left = _round(frame, node)
        if left is not None:
            if left.how is How.BREAK:
                return None
            if left.how is How.RETURN:
                return left
    return _loop_else(frame, node)


def _loop_else(frame: Frame, node: cst.For | cst.While) -> Exit | None:
    return run_suite(frame, node.orelse.body) if node.orelse is not None else None


def _undecided_loop(frame: Frame, node: cst.For, source: Unknown) -> Exit | None:
    """A loop over what is not known: its body may run, with a target that is not known, any number of times."""
    at = frame.at(node.iter)
    source.drawn_from(at)

    def once() -> Exit | None:
        assign(frame, node.target, source)
        return _round(frame, node)

    any_number(frame, once, source, frame.at(node))
    return _loop_else(frame, node)


def _next_is_bound(frame: Frame, node: cst.For, draw: Draw) -> bool | Unknown:
    """Whether there is another element; it is what the target is then."""
    is_there, value = draw()
    if is_there is not False:
        assign(frame, node.target, value)
    return is_there


def _while(frame: Frame, node: cst.While) -> Exit | None:
    def test() -> bool | Unknown:
        return truth(evaluate(frame, node.test), frame.at(node.test))

    if How.BREAK in ways_out(frame, node.body):
        return may_be_left(frame, LOOP, lambda: _as_long_as(frame, node, test), frame.at(node))
    return _as_long_as(frame, node, test)


def _as_long_as(frame: Frame, node: cst.For | cst.While, test: Callable[[], bool | Unknown]) -> Exit | None:
    """A round as long as TEST says so, and the ``else`` clause."""
    rounds = Endless(frame.session)
    is_true: bool | Unknown = True

    def once() -> Exit | None:
        nonlocal is_true
        is_true = test()
        return _round(frame, node) if is_true is True else None

    def again() -> Exit | None:
        left = _round(frame, node)
        if left is None:
            test()
        return left

    while not rounds.is_settled:
        frame.session.budget.step(frame.at(node))
        left = rounds.round(once)
        if isinstance(is_true, Unknown):
            any_number(frame, again, is_true, frame.at(node))
            break
        if not is_true:
            break
        if left is not None:
            if left.how is How.BREAK:
                return None
            if left.how is How.RETURN:
                return left
    return _loop_else(frame, node)


def _raise_again(problem: Raised) -> NoReturn:
    raise problem


def _with(frame: Frame, node: cst.With) -> Exit | None:
    return _with_items(frame, list(node.items), node)


def _with_items(frame: Frame, items: list[cst.WithItem], node: cst.With) -> Exit | None:
    if not items:
        return run_suite(frame, node.body)
    item, rest = items[0], items[1:]
    at = frame.at(item)
    manager = evaluate(frame, item.item)
    if not isinstance(manager, Value):
        raised(at, "TypeError", "the object does not support the context manager protocol")
    if isinstance(manager, Unknown) and (entered := frame.session.library.get("unknown_entered")) is not None:
        entered(manager, node.body, frame.scope, at)
    bound = manager.enter(at)
    if item.asname is not None:
        assign(frame, item.asname.name, bound)

    def go_on(left: Exit | None) -> Exit | None:
        manager.leave(None, at)
        return left

    def handle(problem: Raised) -> Exit | None:
        with frame.session.dealing_with(problem):
            is_over = manager.leave(problem, at)
        if isinstance(is_over, Unknown):
            return both_bodies(frame, [lambda: None, lambda: _raise_again(problem)], is_over, at)
        if is_over:
            return None
        raise problem

    return attempted(frame, manager.may_catch, lambda: _with_items(frame, rest, node), go_on, handle, at)


def _type_alias(frame: Frame, node: cst.TypeAlias) -> None:
    assign(frame, node.name, Unknown(f"the type {node.name.value}", frame.at(node)))


def _match(frame: Frame, node: cst.Match) -> Exit | None:
    from goflow.parser.interpreter.patterns import run_match

    return run_match(frame, node)


HANDLERS: dict[type[cst.CSTNode], Statement] = {
    cst.Expr: _expression, cst.Assign: _assign, cst.AnnAssign: _annotated, cst.AugAssign: _augmented,
    cst.Return: _return, cst.Pass: _nothing, cst.Break: _break, cst.Continue: _continue, cst.Del: _delete,
    cst.Assert: _assert, cst.Raise: _raise, cst.Global: _nothing, cst.Nonlocal: _nothing, cst.Import: import_modules,
    cst.ImportFrom: import_from, cst.If: _if, cst.For: _for, cst.While: _while, cst.With: _with, cst.Try: try_,
    cst.TryStar: try_star, cst.FunctionDef: function_definition, cst.ClassDef: class_definition, cst.Match: _match,
    cst.TypeAlias: _type_alias,
}  # fmt: skip
