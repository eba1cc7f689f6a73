"""`read_syntax`: the tree of a text, and the places of its nodes."""

from __future__ import annotations

import ast
import sys
import warnings

import libcst as cst

from goflow.parser.syntax.places import Place
from goflow.parser.syntax.statements import statements
from goflow.parser.syntax.text import Text, trusted_nodes, uncollected

_DEEPEST = 1000
"""Nested calls of Python's parser, in units of the recursion limit: its own default, and far from the stack's end."""
_TOO_DEEP = ("too many nested parentheses", "too many levels of indentation")


class TooDeepError(RecursionError):
    """The text is nested deeper than anybody writes, and than parsers take"""


class Syntax:
    """The TREE of a text, whose nodes stand in TEXT."""

    def __init__(self, tree: cst.Module, text: Text) -> None:
        self.tree = tree
        self._text = text

    def place_of(self, node: cst.CSTNode) -> Place | None:
        """Where NODE stands; None for what is no node of the tree."""
        return self._text.place_of(node)


def read_syntax(source: str) -> Syntax:
    """The tree of SOURCE. Raises ParserSyntaxError where neither Python nor libcst can read it, or where Python's
    compiler refuses it, and TooDeepError."""
    text = Text(source)
    with trusted_nodes(), uncollected():
        parsed = _parsed(source)
        if parsed is None:
            return Syntax(text.read_all(), text)
        _compiled(parsed, source)
        return Syntax(cst.Module(statements(text, parsed.body)), text)


def _parsed(source: str) -> ast.Module | None:
    """What Python's own parser says; None where it is no Python of this version."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(_DEEPEST, _depth() + _DEEPEST // 2))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes: the file's business
            return ast.parse(source)
    except (RecursionError, MemoryError):
        raise TooDeepError from None
    except SyntaxError as problem:
        if str(problem.msg).startswith(_TOO_DEEP):
            raise TooDeepError from None
        return None
    except ValueError:  # a null byte
        return None
    finally:
        sys.setrecursionlimit(before)


def _compiled(parsed: ast.Module, source: str) -> None:
    """Have Python's compiler look at what its parser has PARSED: it refuses more, wherever it stands (``return``
    outside of functions, a name that is global too late), and runs nothing. Raises ParserSyntaxError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(parsed, "<file>", "exec", dont_inherit=True)
    except SyntaxError as problem:
        lines = source.splitlines(keepends=True)
        line, column = problem.lineno or 1, max((problem.offset or 1) - 1, 0)
        raise cst.ParserSyntaxError(str(problem.msg), lines=lines, raw_line=line, raw_column=column) from None
    except (RecursionError, MemoryError, ValueError):  # too much for it alone
        pass


def _depth() -> int:
    """How many calls of Python are under way."""
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    return depth
