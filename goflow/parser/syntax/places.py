"""Where the nodes of a tree stand, found for a whole module in one pass.

The tree is written out again, as libcst's own PositionProvider does it, and what has been written so far is counted:
that gives each node's place. Doing it here leaves out libcst's visit of every node beforehand, its objects for each
position and the places of white space, which nobody asks for and which is most of the nodes; it takes a quarter of the
time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

Place = tuple[int, int, int, int]
"""Line and column of the first character, line and column after the last one; lines from 1, columns from 0."""


def places_of(tree: cst.Module) -> dict[int, Place]:
    """The place of every node of TREE by the node's ``id``, but for white space."""
    writer = _Writer(tree)
    with _plain_white_space():
        tree._codegen(writer)
    return writer.places


@contextlib.contextmanager
def _plain_white_space() -> Iterator[None]:
    """Within it white space is written without being asked where it stands."""
    kinds: Any = (cst.SimpleWhitespace, cst.Newline)
    for kind in kinds:
        kind._codegen = _write_plain
    try:
        yield
    finally:
        for kind in kinds:
            del kind._codegen  # the one they inherit holds again


def _write_plain(node: cst.SimpleWhitespace | cst.Newline, state: CodegenState, **_: Any) -> None:
    value = state.default_newline if node.value is None else node.value
    if value:
        state.add_token(value)


class _Writer(CodegenState):
    """Takes what a tree is written as, and keeps nothing but the count of it."""

    def __init__(self, tree: cst.Module) -> None:
        super().__init__(default_indent=tree.default_indent, default_newline=tree.default_newline)
        self.line, self.column = 1, 0
        self.places: dict[int, Place] = {}
        self._begun: list[tuple[int, int]] = []

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.column += len(token)

    def add_token(self, value: str) -> None:
        if not self.tokens:
            self.tokens.append(value)  # a module asks whether anything has been written
        if "\n" in value or "\r" in value:
            lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self.line += len(lines) - 1
            self.column = len(lines[-1])
        else:
            self.column += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._begun.append((self.line, self.column))

    def after_codegen(self, node: cst.CSTNode) -> None:
        begun = self._begun.pop()
        if id(node) not in self.places:  # what a node has said about itself is better
            self.places[id(node)] = (*begun, self.line, self.column)

    def pop_trailing_newline(self) -> None:
        """Nothing is kept, so nothing is taken back."""

    def record_syntactic_position(  # type: ignore[override]
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> _Syntactic:
        return _Syntactic(self, node, start_node, end_node)


class _Syntactic:
    """A stretch of the writing that is a node without the white space around it."""

    __slots__ = ("begun", "first", "last", "node", "writer")

    def __init__(self, writer: _Writer, node: cst.CSTNode, first: cst.CSTNode | None, last: cst.CSTNode | None) -> None:
        self.writer, self.node, self.first, self.last = writer, node, first, last

    def __enter__(self) -> Any:
        self.begun = (self.writer.line, self.writer.column)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        writer = self.writer
        start = self.begun if self.first is None else writer.places[id(self.first)][:2]
        end = (writer.line, writer.column) if self.last is None else writer.places[id(self.last)][2:]
        writer.places[id(self.node)] = (*start, *end)
