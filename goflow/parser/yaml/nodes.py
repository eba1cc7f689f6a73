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
_SCALARS = frozenset({"str", "int", "float", "bool", "null", "timestamp"})


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
        for node in _Converter(path).all(text):
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


class _Converter:
    def __init__(self, path: str) -> None:
        self.path, self.count = path, 0

    def all(self, text: str) -> Iterator[Node]:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        try:
            for node in YAML(typ="safe", pure=True).compose_all(text):
                if node is not None and not self._is_nothing(node):
                    yield self.convert(node, 0)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            words = ", ".join(part for part in (error.context, error.problem) if part)
            raise _RefusedError(Diagnostic("GF003", words or "not valid YAML", Span(self.path, line, column))) from None
        except YAMLError as error:
            raise _RefusedError(Diagnostic("GF003", str(error).splitlines()[0], Span(self.path))) from None
        except RecursionError:
            raise _RefusedError(Diagnostic("GF005", "the file is nested too deeply", Span(self.path))) from None

    @staticmethod
    def _is_nothing(node: Any) -> bool:
        return node.id == "scalar" and node.tag == f"{_PREFIX}null" and not node.value

    def convert(self, node: Any, depth: int) -> Node:
        self.count += 1
        start, end = node.start_mark, node.end_mark
        where = (start.line + 1, start.column + 1, end.line + 1, end.column + 1)
        if self.count > MAX_NODES or depth > MAX_DEPTH:
            raise self._refused("GF005", "the file says more than a DAG ever could (aliases multiply?)", where)
        kind = str(node.tag).removeprefix(_PREFIX)
        if node.id == "scalar":
            return self._scalar(node, kind, where)
        if kind not in {"seq", "map"}:
            raise self._refused("GF003", f"the tag {node.tag} is not read", where, "write the value itself")
        if node.id == "sequence":
            return Sequence(*where, items=tuple(self.convert(item, depth + 1) for item in node.value))
        return Mapping(*where, entries=tuple(self._entries(node, depth).values()))

    def _scalar(self, node: Any, kind: str, where: tuple[int, int, int, int]) -> Scalar:
        if kind not in _SCALARS:
            raise self._refused("GF003", f"the tag {node.tag} is not read", where, "write the value itself")
        text = str(node.value)
        return Scalar(*where, value=text if kind in {"str", "timestamp"} else _value(kind, text), text=text)

    def _entries(self, node: Any, depth: int) -> dict[str, tuple[Scalar, Node]]:
        own: dict[str, tuple[Scalar, Node]] = {}
        merged: dict[str, tuple[Scalar, Node]] = {}
        for key, value in node.value:
            if key.tag == f"{_PREFIX}merge":
                for text, entry in self._merge(value, depth).items():
                    merged.setdefault(text, entry)
                continue
            name = self.convert(key, depth + 1)
            where = (name.line, name.column, name.end_line, name.end_column)
            if not isinstance(name, Scalar):
                raise self._refused("GF003", "a key has to be text", where)
            if name.text in own:
                first = own[name.text][0].line
                raise self._refused("GF405", f"the key {name.text!r} stands here twice: line {first} has it too", where)
            own[name.text] = (name, self.convert(value, depth + 1))
        return {**{text: entry for text, entry in merged.items() if text not in own}, **own}

    def _merge(self, value: Any, depth: int) -> dict[str, tuple[Scalar, Node]]:
        """The entries that ``<<: *alias`` or ``<<: [*one, *other]`` brings in; earlier ones win."""
        maps = value.value if value.id == "sequence" else [value]
        found: dict[str, tuple[Scalar, Node]] = {}
        for inner in maps:
            converted = self.convert(inner, depth + 1)
            where = (converted.line, converted.column, converted.end_line, converted.end_column)
            if not isinstance(converted, Mapping):
                raise self._refused("GF003", "only mappings can be merged with <<", where)
            for key, entry in converted.entries:
                found.setdefault(key.text, (key, entry))
        return found

    def _refused(self, code: str, words: str, where: tuple[int, int, int, int], hint: str = "") -> _RefusedError:
        return _RefusedError(Diagnostic(code, words, Span(self.path, *where), hint=hint))


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
