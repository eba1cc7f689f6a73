"""Which names the body of a function assigns: they are the function's own, from its first line on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import libcst as cst


def assigned_names(body: cst.BaseSuite) -> frozenset[str]:
    """The names that the statements of BODY bind, those of functions and classes in it left out."""
    found: set[str] = set()
    _suite(body, found)
    return frozenset(found)


def _suite(suite: cst.BaseSuite | None, found: set[str]) -> None:
    if suite is None:
        return
    for statement in suite.body:
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,)
        for node in small:
            visit = _BINDERS.get(type(node))
            if visit is not None:
                visit(node, found)


def _target(node: Any, found: set[str]) -> None:
    match node:
        case cst.Name():
            found.add(node.value)
        case cst.Tuple() | cst.List():
            for element in node.elements:
                _target(element.value, found)
        case cst.StarredElement():
            _target(node.value, found)


def _targets(nodes: Iterable[Any], found: set[str]) -> None:
    for node in nodes:
        _target(node.target, found)


def _import(node: cst.Import | cst.ImportFrom, found: set[str]) -> None:
    for alias in node.names if not isinstance(node.names, cst.ImportStar) else ():
        if alias.asname is not None:
            _target(alias.asname.name, found)
            continue
        name: Any = alias.name
        while isinstance(name, cst.Attribute):
            name = name.value
        found.add(name.value)


def _if(node: cst.If, found: set[str]) -> None:
    rest: cst.If | cst.Else | None = node
    while isinstance(rest, cst.If):  # not by calling itself: there may be very many
        _suite(rest.body, found)
        rest = rest.orelse
    if rest is not None:
        _suite(rest.body, found)


def _loop(node: cst.For | cst.While, found: set[str]) -> None:
    if isinstance(node, cst.For):
        _target(node.target, found)
    _suite(node.body, found)
    if node.orelse is not None:
        _suite(node.orelse.body, found)


def _with(node: cst.With, found: set[str]) -> None:
    for item in node.items:
        if item.asname is not None:
            _target(item.asname.name, found)
    _suite(node.body, found)


def _try(node: cst.Try | cst.TryStar, found: set[str]) -> None:
    _suite(node.body, found)
    for handler in node.handlers:
        if handler.name is not None:
            _target(handler.name.name, found)
        _suite(handler.body, found)
    for rest in (node.orelse, node.finalbody):
        if rest is not None:
            _suite(rest.body, found)


def _match(node: cst.Match, found: set[str]) -> None:
    for case in node.cases:
        case.pattern.visit(Captures(found))
        _suite(case.body, found)


class Captures(cst.CSTVisitor):
    """The names that a pattern binds."""

    def __init__(self, found: set[str]) -> None:
        super().__init__()
        self.found = found

    def _take(self, name: cst.Name | None) -> None:
        if name is not None:
            self.found.add(name.value)

    def visit_MatchAs(self, node: cst.MatchAs) -> None:  # noqa: N802
        self._take(node.name)

    def visit_MatchStar(self, node: cst.MatchStar) -> None:  # noqa: N802
        self._take(node.name)

    def visit_MatchMapping(self, node: cst.MatchMapping) -> None:  # noqa: N802
        self._take(node.rest)


def _named(node: cst.FunctionDef | cst.ClassDef, found: set[str]) -> None:
    found.add(node.name.value)


def _one(node: Any, found: set[str]) -> None:
    _target(node.target, found)


_BINDERS: dict[type[cst.CSTNode], Callable[[Any, set[str]], None]] = {
    cst.Assign: lambda node, found: _targets(node.targets, found), cst.AnnAssign: _one, cst.AugAssign: _one,
    cst.Del: _one, cst.Import: _import, cst.ImportFrom: _import, cst.If: _if, cst.For: _loop, cst.While: _loop,
    cst.With: _with, cst.Try: _try, cst.TryStar: _try, cst.Match: _match, cst.FunctionDef: _named, cst.ClassDef: _named,
}  # fmt: skip
