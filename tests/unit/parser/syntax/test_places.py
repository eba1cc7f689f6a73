"""Places of nodes are those that libcst's own PositionProvider finds."""

from __future__ import annotations

import contextlib
import functools
import json
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from goflow.parser.syntax.places import places_of

SOURCES = {
    "empty": "",
    "no newline at the end": "x = 1",
    "windows newlines": "if x:\r\n    y = (1,\r\n         2)\r\n",
    "old mac newlines": "x = 1\ry = 2\r",
    "tabs and continuation lines": "if x:\n\ty = 1 + \\\n\t\t2\n",
    "strings over several lines": 'x = """a\n  b\n"""; y = 2\n',
    "comments and blank lines": "# a\n\n\nx = 1  # b\n\n# c\ndef f():  # d\n\n    # e\n    return 1\n",
    "decorators, defaults and annotations": "@a\n@b(1)\ndef f(x: int = 1, *y, z=2, **k) -> None:\n    pass\n",
    "one-line bodies": "if x: y = 1; z = 2\nwhile x: pass\n",
    "f-strings": "x = f'{a!r:>{b}} {c}'\n",
    "parentheses": "x = ((((a)) + (b)))\nwith (a as b, c as d): pass\n",
}


def same_places(source: str) -> bool:
    tree = cst.parse_module(source)
    theirs = MetadataWrapper(tree, unsafe_skip_copy=True).resolve(PositionProvider)
    ours = places_of(tree)
    assert len(theirs) > 0
    expected = {
        id(node): (at.start.line, at.start.column, at.end.line, at.end.column)
        for node, at in theirs.items()
        if not isinstance(node, cst.SimpleWhitespace | cst.Newline)
    }
    return ours == expected


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_places_of_small_things(source):
    assert same_places(source)


@pytest.mark.parametrize("module", [contextlib, functools, json.decoder], ids=lambda module: module.__name__)
def test_places_in_whole_modules(module):
    assert same_places(Path(module.__file__).read_text())
