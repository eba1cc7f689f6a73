"""The trees that are built from Python's own parser are those that libcst makes, with the same places."""

from __future__ import annotations

import argparse
import contextlib
import csv
import dataclasses
import json
import textwrap
from pathlib import Path

import libcst as cst
import pytest

from goflow.parser.syntax import Syntax, TooDeepError, read_syntax
from goflow.parser.syntax.places import places_of
from goflow.parser.syntax.statements import LaterBlock

SOURCES = {
    "constants": "x = 1, 0x_f, 1.5, 2j, True, None, ..., 'a', b'b', r'\\d', u'c', '', '''t''', 'it\\'s', '\"', not x",
    "strings side by side": "x = 'a' \"b\"\ny = ('c'\n     'd')\nz = '''e''' '''f'''\n",
    "f-strings": "x = f'{a!r:>{b}} {c=}'\ny = (f'{a}'\n     f'{b}')\n",
    "text that is not ASCII": "x = 'äöü'; y = f(ü)\nz = {'ä': f'ö{ü}'}\n",
    "operators": "x = a + b * -c ** ~d // e % f @ g << h >> i & j | k ^ l\nx += 1; x @= 2\n",
    "what is true": "x = a and b and not c or d\ny = a < b <= c is not d not in e\nz = a if b else c\n",
    "containers": "x = [a, *b]; y = {a, b}; z = {a: b, **c}; t = (); u = (a,); v = a, b\n",
    "comprehensions": "x = [a for b in c if d if e for f in g]; y = {a: b for c in d}; z = {a for b in c}; f(a for b in c)\n",
    "subscripts": "x = a[b], a[b:c], a[::d], a[b, c], a[b,], a[b:c, d], a[()]\n",
    "calls": "f(a, *b, c=d, **e)\nf(a=b, *c)\nf.g.h()(1)[2]\n",
    "lambdas": "f = lambda: 0\ng = lambda a, /, b, *, c=1, **d: (yield)\nh = lambda *a: a\n",
    "functions": "@a\n@b(1)\ndef f(x: int = 1, /, y=2, *z: str, w, **k) -> None:\n    'doc'\n    return x\n",
    "functions in functions": "async def f():\n    async def g():\n        def h(): yield 1\n        await a\n    async with b as c: pass\n",
    "classes": "class A: pass\n@d\nclass B(A, *c, metaclass=M):\n    x: int = 1\n    y: 'str'\n    def f(self): ...\n",
    "imports": "import a.b as c, d\nfrom . import e\nfrom ..f.g import (h as i, j,)\nfrom k import *\n",
    "small statements": "del a, b[c]; del d\nassert a, b\nraise A from b\ndef f():\n    z = 1\n    def g():\n        global x, y\n        nonlocal z\n",
    "loops": "for a, b in c:\n    break\nelse:\n    d\nwhile e: continue\nelse: f\n",
    "conditions": "if a: b; c\nelif d:\n    e\nelse:\n    if f:\n        g\n",
    "with": "with a, b as c, d as (e, f): pass\nwith (a as b, c as d,):\n    pass\n",
    "try": "try:\n    a\nexcept B as c:\n    d\nexcept (E, F): pass\nexcept:\n    g\nelse:\n    h\nfinally:\n    i\n",
    "try with stars": "try:\n    a\nexcept* B as c:\n    d\n",
    "match": "match a:\n    case [1, *b] if c:\n        d\n    case {'e': f, **g}: pass\n    case H(i=1) | None:\n        pass\n",
    "match in a body": "def f():\n    if x:\n        match a:\n            case _:\n                'b'\n    return c\n",
    "walrus": "if (n := len(a)) > 1: pass\n",
    "comments and blank lines": "# a\n\nx = (  # b\n    1,\n\n    # c\n    2)\n\n# d\ndef f():  # e\n\n    # f\n    return 1\n",
    "windows newlines": "if x:\r\n    y = (1,\r\n         f'{2}')\r\n",
    "tabs and continuation lines": "if x:\n\ty = 1 + \\\n\t\tf'{2}'\n",
    "nothing": "",
}  # fmt: skip


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_small_things(source):
    assert differences(source) == []


@pytest.mark.parametrize("module", [argparse, contextlib, csv, json.decoder, textwrap], ids=lambda m: m.__name__)
def test_whole_modules(module):
    assert differences(Path(module.__file__).read_text()) == []


def test_bodies_of_functions_are_built_when_somebody_looks():
    tree = read_syntax("def f():\n    'do' 'c'\n    def g():\n        return 1\n").tree
    body = tree.body[0].body
    assert isinstance(body, LaterBlock)
    assert (body.docstring, body.is_built) == ("doc", False)
    inner = body.body[1].body
    assert body.body[1].name.value == "g"
    assert not inner.is_built
    assert isinstance(inner.body[0].body[0], cst.Return)
    assert inner.body is inner.body


NOT_FOR_THIS_PYTHON = {
    "what no Python takes": "x = = 1\n",
    "a body that is not there": "if x:\ny = 1\n",
    "a null byte": "x = 1\0\n",
}


@pytest.mark.parametrize("source", NOT_FOR_THIS_PYTHON.values(), ids=NOT_FOR_THIS_PYTHON)
def test_what_nobody_can_read(source):
    with pytest.raises(cst.ParserSyntaxError):
        read_syntax(source)


def test_what_another_python_reads_is_read_by_libcst():
    source = "print(f'{a['b']}')\ntype A = int\ndef f[T](x: T) -> T:\n    return x\n"
    syntax = read_syntax(source)
    last = syntax.tree.body[-1]
    assert isinstance(last, cst.FunctionDef)
    assert syntax.place_of(last.body.body[0])[:2] == (4, 4)


TOO_DEEP = {
    "parentheses": "(" * 10_000 + ")" * 10_000,
    "lists": "[" * 10_000 + "]" * 10_000,
    "signs": "-" * 100_000 + "1",
    "a long sum": "1" + "+1" * 100_000,
    "a long way of attributes": "a" + ".b" * 100_000,
    "blocks": "".join(" " * depth + "if x:\n" for depth in range(200)) + " " * 200 + "pass\n",
}


@pytest.mark.parametrize("source", TOO_DEEP.values(), ids=TOO_DEEP)
def test_what_is_nested_too_deep_is_given_up_at_once(source):
    with pytest.raises(TooDeepError):
        read_syntax(source)


# How trees are compared ------------------------------------------------------------------------------------------

_NOT_COMPARED = (
    cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Newline, cst.Comma, cst.LeftParen,
    cst.RightParen, cst.LeftSquareBracket, cst.RightSquareBracket, cst.LeftCurlyBrace, cst.RightCurlyBrace, cst.Dot,
    cst.Semicolon, cst.Colon, cst.AssignEqual, cst.ParamSlash, str, bool, cst.MaybeSentinel,
)  # fmt: skip
_PLACED = (cst.BaseExpression, cst.BaseStatement, cst.BaseSmallStatement, cst.Arg, cst.WithItem, cst.ImportAlias)


def differences(source: str) -> list[str]:
    """Where the tree that is built differs from libcst's own, in words. White space and signs are not compared: they
    are not there."""
    whole = cst.parse_module(source)
    found: list[str] = []
    _compare(read_syntax(source), whole, places_of(whole), found)
    return found


def _compare(ours: Syntax, whole: cst.Module, places: dict[int, tuple[int, ...]], found: list[str]) -> None:
    todo = [(ours.tree, whole)]
    while todo:
        a, b = _plain(todo.pop(), found)
        if isinstance(a, _PLACED):
            found += _misplaced(ours, a, ours.place_of(a), places[id(b)])
        for name, value in _fields(a):
            todo += _pairs(name, value, getattr(b, name), type(a).__name__, found)


def _misplaced(ours: Syntax, node: cst.CSTNode, place: object, expected: object) -> list[str]:
    """What is wrong with a node's place. Of tuples and generators, ast counts the parentheses and libcst does not."""
    if place == expected or (place is None and isinstance(node, cst.Name | cst.Attribute)):
        return []
    value = node.value if isinstance(node, cst.Arg) else node
    if isinstance(value, cst.Tuple | cst.GeneratorExp) or not isinstance(node, cst.BaseExpression | cst.Arg):
        return [] if isinstance(place, tuple) else [f"{type(node).__name__} has no place"]
    return [f"{type(node).__name__} at {place} and {expected}"]


def _plain(pair: tuple[cst.CSTNode, cst.CSTNode], found: list[str]) -> tuple[cst.CSTNode, cst.CSTNode]:
    """The same node twice, where two ways to write it mean the same."""
    a, b = (
        cst.IndentedBlock([cst.SimpleStatementLine(node.body)]) if isinstance(node, cst.SimpleStatementSuite) else node
        for node in pair
    )
    if isinstance(b, cst.Else) and isinstance(a, cst.If):
        b = b.body.body[0]
    kind = cst.IndentedBlock if isinstance(a, LaterBlock) else type(a)
    if kind is not type(b):
        found.append(f"{kind.__name__} and {type(b).__name__}")
        return cst.Pass(), cst.Pass()
    return a, b


def _fields(node: cst.CSTNode) -> list[tuple[str, object]]:
    return [(field.name, getattr(node, field.name)) for field in dataclasses.fields(node)]


def _pairs(name: str, a: object, b: object, kind: str, found: list[str]) -> list[tuple[cst.CSTNode, cst.CSTNode]]:
    if isinstance(a, list | tuple):
        assert isinstance(b, list | tuple)
        first, second = _smalls(a), _smalls(b)
        if len(first) != len(second) and name not in {
            "header",
            "footer",
            "leading_lines",
            "lpar",
            "rpar",
            "empty_lines",
        }:
            found.append(f"{kind}.{name}: {len(first)} and {len(second)}")
            return []
        pairs = zip(first, second, strict=False)
        return [pair for pair in pairs if not isinstance(pair[0], _NOT_COMPARED)]
    if isinstance(a, cst.CSTNode) and not isinstance(a, _NOT_COMPARED):
        return [(a, b)]
    if (
        name in {"value", "star", "keyword", "name", "asname", "orelse"}
        and not isinstance(a, _NOT_COMPARED[:-3])
        and a != b
    ):
        found.append(f"{kind}.{name}: {a!r} and {b!r}")
    return []


def _smalls(nodes: list[cst.CSTNode] | tuple[cst.CSTNode, ...]) -> list[cst.CSTNode]:
    """Statements, each by itself, however many stand on a line."""
    return [one for node in nodes for one in (node.body if isinstance(node, cst.SimpleStatementLine) else (node,))]
