"""What may be left before its end: a loop or function in which an arm of something undecided leaves and the other does
not. Both ways are followed, as for what may raise (`goflow.parser.interpreter.attempts`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import libcst as cst

from goflow.parser.interpreter.attempts import attempted
from goflow.parser.interpreter.bodies import Exit, How
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import At, Raised

ROUND = frozenset({How.CONTINUE})
LOOP = frozenset({How.BREAK})
FUNCTION = frozenset({How.RETURN})


def may_be_left(frame: Frame, ways: frozenset[How], body: Callable[[], Exit | None], at: At) -> Exit | None:
    """Run BODY, which is what one leaves by these WAYS. Who leaves a loop or round goes on after it."""

    def go_on(left: Exit | None) -> Exit | None:
        if left is None and ways is FUNCTION:
            return Exit(How.RETURN)
        return left if left is None or left.how not in ways or ways is FUNCTION else None

    def handle(found: Raised | Exit) -> Exit | None:
        if isinstance(found, Raised):
            raise found
        return go_on(found)

    return attempted(frame, lambda problem: False, body, go_on, handle, at, ways)


def ways_out(frame: Frame, body: cst.BaseSuite) -> frozenset[How]:
    """The ways in which some statement of BODY, of a loop or function, leaves it; found once per body."""
    known = frame.module.ways_out.get(id(body))
    if known is None:
        found: set[How] = set()
        _suite(body, found, in_loop=False)
        known = frame.module.ways_out[id(body)] = frozenset(found)
    return known


_LEAVING: Mapping[type[cst.CSTNode], How] = {
    cst.Return: How.RETURN,
    cst.Break: How.BREAK,
    cst.Continue: How.CONTINUE,
}


def _suite(suite: cst.BaseSuite | None, found: set[How], *, in_loop: bool) -> None:
    for statement in suite.body if suite is not None else ():
        if isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                how = _LEAVING.get(type(small))
                if how is not None and (how is How.RETURN or not in_loop):
                    found.add(how)
        elif isinstance(statement, cst.If):
            rest: Any = statement
            while isinstance(rest, cst.If):  # not by calling itself: there may be very many
                _suite(rest.body, found, in_loop=in_loop)
                rest = rest.orelse
            _suite(rest and rest.body, found, in_loop=in_loop)
        elif not isinstance(statement, cst.FunctionDef | cst.ClassDef):
            _compound(statement, found, in_loop=in_loop)


def _compound(statement: Any, found: set[How], *, in_loop: bool) -> None:
    is_loop = isinstance(statement, cst.For | cst.While)
    _suite(getattr(statement, "body", None), found, in_loop=in_loop or is_loop)
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        _suite(part.body, found, in_loop=in_loop)
    for name in ("orelse", "finalbody"):
        part = getattr(statement, name, None)
        _suite(part and part.body, found, in_loop=in_loop)
