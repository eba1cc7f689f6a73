"""YAML text to a small tree in which everything knows its line and column.

Nothing in it is ever constructed: tags other than YAML's own are refused, and what aliases multiply is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Diagnostic, Span

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 100_000
MAX_DEPTH = 100
_PREFIX = "tag:yaml.org,2002:"
_TEXTS = frozenset({"str", "timestamp", "merge", "value"})
_SCALARS = _TEXTS | {"int", "float", "bool", "null"}


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of YAML and where it stands, counted from 1."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """One value: VALUE as YAML 1.2 understands it, TEXT as it is written. Dates and times stay text."""

    value: bool | int | float | str | None
    text: str


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """A list."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping(Node):
    """A mapping; no key stands in it twice, and merge keys (``<<``) are resolved."""

    entries: tuple[tuple[Scalar, Node], ...]

    def get(self, name: str) -> Node | None:
        """The value of the key NAME, whatever its case; None: not there."""
        for key, value in self.entries:
            if key.text.casefold() == name.casefold():
                return value
        return None


class _RefusedError(Exception):
    """Carries a diagnostic out of the conversion."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


def documents(content: bytes, path: str) -> tuple[list[Node], list[Diagnostic]]:
    """The documents of the file PATH (relative to its folder) with CONTENT, and what is wrong with it: GF001, GF003,
    GF005 and GF405. Documents before a fault are given, those after it are not."""
    if len(content) > MAX_BYTES:
        return [], [Diagnostic("GF005", f"a YAML file of more than {MAX_BYTES >> 20} MiB", Span(path))]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [Diagnostic("GF001", f"the file is not UTF-8: byte {error.start} is {error.reason}", Span(path))]
    found: list[Node] = []
    try:
        for node in _Composer(path).all(text):
            found.append(node)  # noqa: PERF402  one at a time: those before a fault are kept
    except _RefusedError as refused:
        return found, [refused.diagnostic]
    return found, []


def plain(node: Node) -> Json:
    """NODE as plain JSON, positions forgotten."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Mapping)
    return {key.text: plain(value) for key, value in node.entries}


class _Composer:
    """Makes nodes of the parser's events, and stops before anything grows too deep or too large."""

    def __init__(self, path: str) -> None:
        from ruamel.yaml import YAML

        self.path = path
        self.yaml = YAML(typ="safe", pure=True)
        self.count = 0
        self.anchors: dict[str, tuple[Node, int]] = {}

    def all(self, text: str) -> Iterator[Node]:
        """The documents in TEXT; those with nothing in them are passed over."""
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
        from ruamel.yaml.events import DocumentStartEvent

        events = self.yaml.parse(text)
        try:
            for event in events:
                if isinstance(event, DocumentStartEvent):
                    self.anchors.clear()
                    node = self._node(next(events), events, 0)
                    if not (isinstance(node, Scalar) and node.value is None and not node.text):
                        yield node
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            words = ", ".join(part for part in (error.context, error.problem) if part)
            raise _RefusedError(Diagnostic("GF003", words or "not valid YAML", Span(self.path, line, column))) from None
        except (YAMLError, ValueError, OverflowError) as error:  # the latter for characters and versions that are none
            raise _RefusedError(Diagnostic("GF003", str(error).partition("\n")[0], Span(self.path))) from None

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        """The node that begins with EVENT; EVENTS are read up to its end."""
        from ruamel.yaml.events import AliasEvent, ScalarEvent, SequenceStartEvent

        where = _place(event, event)
        before = self.count
        self._count(1, depth, where)
        node: Node
        if isinstance(event, AliasEvent):
            return self._alias(event, depth, where)
        if isinstance(event, ScalarEvent):
            node = self._scalar(event, where)
        elif event.tag and str(event.tag).removeprefix(_PREFIX) not in {"seq", "map", "!"}:
            raise self._refused("GF003", f"the tag {event.tag} is not read", where, "write the value itself")
        elif isinstance(event, SequenceStartEvent):
            node = self._sequence(event, events, depth)
        else:
            node = self._mapping(event, events, depth)
        if event.anchor:
            self.anchors[event.anchor] = (node, self.count - before)
        return node

    def _count(self, nodes: int, depth: int, where: tuple[int, int, int, int]) -> None:
        self.count += nodes
        if self.count > MAX_NODES:
            raise self._refused("GF005", "the file says more than a DAG ever could (aliases multiply?)", where)
        if depth > MAX_DEPTH:
            raise self._refused("GF005", "the file is nested too deeply", where)

    def _alias(self, event: Any, depth: int, where: tuple[int, int, int, int]) -> Node:
        if event.anchor not in self.anchors:
            raise self._refused("GF003", f"nothing is marked &{event.anchor} above", where)
        node, size = self.anchors[event.anchor]
        self._count(size, depth, where)
        return node

    def _scalar(self, event: Any, where: tuple[int, int, int, int]) -> Scalar:
        from ruamel.yaml.nodes import ScalarNode

        tag = event.tag
        if tag is None or str(tag) == "!":
            tag = self.yaml.resolver.resolve(ScalarNode, event.value, event.implicit)
        kind = str(tag).removeprefix(_PREFIX)
        if kind not in _SCALARS:
            raise self._refused("GF003", f"the tag {tag} is not read", where, "write the value itself")
        text = str(event.value)
        return Scalar(*where, value=text if kind in _TEXTS else _value(kind, text), text=text)

    def _sequence(self, start: Any, events: Iterator[Any], depth: int) -> Sequence:
        from ruamel.yaml.events import SequenceEndEvent

        items: list[Node] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                return Sequence(*_place(start, event), items=tuple(items))
            items.append(self._node(event, events, depth + 1))
        raise AssertionError("the parser always ends what it began")

    def _mapping(self, start: Any, events: Iterator[Any], depth: int) -> Mapping:
        from ruamel.yaml.events import MappingEndEvent

        own: dict[str, tuple[Scalar, Node]] = {}
        merged: dict[str, tuple[Scalar, Node]] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                inherited = {text: entry for text, entry in merged.items() if text not in own}
                return Mapping(*_place(start, event), entries=tuple({**inherited, **own}.values()))
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                raise self._refused("GF003", "a key has to be text", _of(key))
            if key.text == "<<" and getattr(event, "style", "") is None:
                merged = {**self._merged(value), **merged}
            elif key.text in own:
                first = own[key.text][0].line
                words = f"the key {key.text!r} stands here twice: line {first} has it too"
                raise self._refused("GF405", words, _of(key))
            else:
                own[key.text] = (key, value)
        raise AssertionError("the parser always ends what it began")

    def _merged(self, value: Node) -> dict[str, tuple[Scalar, Node]]:
        """The entries that ``<<: *alias`` or ``<<: [*one, *other]`` brings in; earlier ones win."""
        found: dict[str, tuple[Scalar, Node]] = {}
        for inner in value.items if isinstance(value, Sequence) else (value,):
            if not isinstance(inner, Mapping):
                raise self._refused("GF003", "only mappings can be merged with <<", _of(inner))
            for key, entry in inner.entries:
                found.setdefault(key.text, (key, entry))
        return found

    def _refused(self, code: str, words: str, where: tuple[int, int, int, int], hint: str = "") -> _RefusedError:
        return _RefusedError(Diagnostic(code, words, Span(self.path, *where), hint=hint))


def _place(start: Any, end: Any) -> tuple[int, int, int, int]:
    begin, last = start.start_mark, end.end_mark
    return begin.line + 1, begin.column + 1, last.line + 1, last.column + 1


def _of(node: Node) -> tuple[int, int, int, int]:
    return node.line, node.column, node.end_line, node.end_column


def _value(kind: str, text: str) -> bool | int | float | str | None:
    """What YAML 1.2's core schema makes of TEXT, resolved as KIND; text where Python cannot follow."""
    plain_text = text.replace("_", "").lower()
    try:
        if kind == "bool":
            return plain_text in {"true", "yes", "on"}
        if kind == "null":
            return None
        if kind == "int":
            sign = -1 if plain_text.startswith("-") else 1
            digits = plain_text.lstrip("+-")
            return sign * int(digits, 0 if digits[:2] in {"0x", "0o", "0b"} else 10)
        return float(plain_text.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
