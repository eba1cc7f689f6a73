"""The text that is being read, and where the nodes that come of it stand."""

from __future__ import annotations

import ast
import contextlib
import gc
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, TypeVar

import libcst as cst

from goflow.parser.syntax.places import Place, places_of

Node = TypeVar("Node", bound=cst.CSTNode)
_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A part of the text that libcst has read: its line L is line LINES + L of the file, and columns in its first line
    are COLUMNS further right."""

    tree: cst.Module
    lines: int = 0
    columns: int = 0


class Text:
    """A SOURCE and the places of its nodes. A place is looked up by the node's ``id``: nodes live as long as this."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines = source.split("\n") if "\r" not in source else _NEWLINE.split(source)
        self.is_ascii = source.isascii()
        self._built: dict[int, Any] = {}
        self._pending: list[_Fragment] = []
        self._done: list[_Fragment] = []  # kept, so that no other node gets the id of one of theirs
        self._written: dict[int, Place] = {}

    def put(self, made: Node, node: Any) -> Node:
        """MADE stands where the ast NODE does. NODE may also be a pair: from the first's start to the second's end."""
        self._built[id(made)] = node
        return made

    def place_of(self, node: cst.CSTNode) -> Place | None:
        """Where NODE stands: line from 1 and column from 0, in characters, of its start and its end."""
        found = self._built.get(id(node))
        if found is None:
            while self._pending:
                self._write(self._pending.pop())
            return self._written.get(id(node))
        first, last = found if isinstance(found, tuple) else (found, found)
        start, end = first.lineno, last.end_lineno
        return start, self.column(start, first.col_offset), end, self.column(end, last.end_col_offset)

    def column(self, line: int, offset: int) -> int:
        """The column in characters of the OFFSET in bytes that ast counts in."""
        return offset if self.is_ascii else len(self.lines[line - 1].encode()[:offset].decode(errors="replace"))

    def segment(self, node: ast.expr) -> str:
        """The text of an ast node."""
        first, last = node.lineno - 1, (node.end_lineno or 1) - 1
        start, end = self.column(first + 1, node.col_offset), self.column(last + 1, node.end_col_offset or 0)
        if first == last:
            return self.lines[first][start:end]
        return "\n".join([self.lines[first][start:], *self.lines[first + 1 : last], self.lines[last][:end]])

    # What libcst reads itself ----------------------------------------------------------------------------------

    def read_all(self) -> cst.Module:
        """The whole text. Raises ParserSyntaxError."""
        return self._read(self.source)

    def read_expression(self, node: ast.expr) -> Any:
        """The expression that stands where NODE does."""
        tree = self._read(f"({self.segment(node)})\n", node.lineno - 1, self.column(node.lineno, node.col_offset) - 1)
        return tree.body[0].body[0].value  # type: ignore[union-attr, index]

    def read_statement(self, node: Any) -> Any:
        """The compound statement that stands where NODE does, on lines of its own."""
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))]) - 1
        words = "\n".join(self.lines[first : node.end_lineno]) + "\n"
        if node.col_offset == 0:
            return self._read(words, first).body[0]
        return self._read(f"if x:\n{words}", first - 1).body[0].body.body[0]  # type: ignore[union-attr]

    def _read(self, words: str, lines: int = 0, columns: int = 0) -> cst.Module:
        with trusted_nodes(), uncollected():
            tree = cst.parse_module(words)
        self._pending.append(_Fragment(tree, lines, columns))
        return tree

    def _write(self, fragment: _Fragment) -> None:
        self._done.append(fragment)
        lines, columns = fragment.lines, fragment.columns
        for key, (line, column, end, end_column) in places_of(fragment.tree).items():
            self._written[key] = (
                line + lines,
                column + columns * (line == 1),
                end + lines,
                end_column + columns * (end == 1),
            )


def sharing(kind: Callable[..., Node]) -> Callable[..., Node]:
    """KIND's constructor, with white space that is the same object in every node."""
    shared: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        if callable(field.default_factory):
            shared[field.name] = field.default_factory()
    return partial(kind, **shared) if shared else kind


@contextlib.contextmanager
def trusted_nodes() -> Iterator[None]:
    """Within it libcst does not validate the nodes it makes; whoever is within it already loses no time.

    Validation is for trees that people put together: these come from a parser and are right.
    """
    nodes: Any = cst.CSTNode
    validate = nodes.__post_init__
    if validate is _accept:
        yield
        return
    nodes.__post_init__ = _accept
    try:
        yield
    finally:
        nodes.__post_init__ = validate


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Within it the collector does not look for cycles: trees have none, and so many new objects set it off."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _accept(node: cst.CSTNode) -> None:
    """NODE is right as it is."""
