"""What a value in a YAML file may look like: one description that checks it, and that the JSON Schema is made from.

A shape reads a node into a plain value, or tells the `Reader` what is wrong and gives `INVALID`. `Record` is a mapping
with known keys; formats are made of records.
"""

from __future__ import annotations

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any, Final

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.parser.yaml.nodes import Mapping, Node, Scalar, Sequence, plain


class _Invalid:
    """The type of `INVALID`."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = _Invalid()
"""What a shape gives for a value that it has told to be wrong."""


@dataclass
class Reader:
    """Where findings go: PATH is the file's, relative to the folder; DAG_ID and TASK_ID once they are known."""

    path: str
    dag_id: str | None = None
    task_id: str | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def tell(
        self, code: str, node: Node, message: str, hint: str = "", severity: Severity = Severity.ERROR
    ) -> _Invalid:
        """Add a finding at NODE's place."""
        span = Span(self.path, node.line, node.column, node.end_line, node.end_column)
        self.diagnostics.append(Diagnostic(code, message, span, severity, hint, self.dag_id, self.task_id))
        return INVALID

    @property
    def failed(self) -> bool:
        """Whether an error has been told."""
        return any(finding.severity is Severity.ERROR for finding in self.diagnostics)


class Shape(ABC):
    """One kind of value. NAME says it in words, for messages."""

    name = "a value"

    @abstractmethod
    def read(self, node: Node, reader: Reader) -> Any:
        """The value of NODE, or INVALID once READER has been told."""

    @abstractmethod
    def schema(self) -> dict[str, Json]:
        """The same as JSON Schema (draft 2020-12)."""

    def wrong(self, node: Node, reader: Reader, hint: str = "") -> _Invalid:
        """Tell that NODE is not what it should be."""
        return reader.tell("GF402", node, f"{_shown(node)} is not {self.name}", hint)


@dataclass(frozen=True)
class Nullable(Shape):
    """INNER, or nothing."""

    inner: Shape

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self.inner.name}, or null"

    def read(self, node: Node, reader: Reader) -> Any:
        return None if isinstance(node, Scalar) and node.value is None else self.inner.read(node, reader)

    def schema(self) -> dict[str, Json]:
        return {"anyOf": [self.inner.schema(), {"type": "null"}]}


@dataclass(frozen=True)
class ListOf(Shape):
    """A list of INNER; LONE: one of them may stand without a list around it."""

    inner: Shape
    name: str = "a list"
    lone: bool = False
    filled: bool = False
    hint: str = ""

    def read(self, node: Node, reader: Reader) -> Any:
        if not isinstance(node, Sequence):
            if not self.lone or (isinstance(node, Scalar) and node.value is None):
                return self.wrong(node, reader, self.hint)
            value = self.inner.read(node, reader)
            return INVALID if value is INVALID else (value,)
        if self.filled and not node.items:
            return reader.tell("GF402", node, "the list is empty", self.hint)
        values = tuple(self.inner.read(item, reader) for item in node.items)
        return INVALID if any(value is INVALID for value in values) else values

    def schema(self) -> dict[str, Json]:
        array: dict[str, Json] = {"type": "array", "items": self.inner.schema()}
        if self.filled:
            array["minItems"] = 1
        return {"anyOf": [self.inner.schema(), array]} if self.lone else array


@dataclass(frozen=True)
class MapOf(Shape):
    """A mapping with keys of the author's own; KEYS is a regular expression for them."""

    inner: Shape
    name: str = "a mapping"
    keys: str = ""
    key_name: str = ""

    def read(self, node: Node, reader: Reader) -> Any:
        if not isinstance(node, Mapping):
            return self.wrong(node, reader)
        found: dict[str, Any] = {}
        for key, value in node.entries:
            if self.keys and not re.fullmatch(self.keys, key.text):
                reader.tell("GF402", key, f"{key.text!r} is not {self.key_name}")
                found[key.text] = INVALID
            else:
                found[key.text] = self.inner.read(value, reader)
        return INVALID if any(value is INVALID for value in found.values()) else found

    def schema(self) -> dict[str, Json]:
        out: dict[str, Json] = {"type": "object", "additionalProperties": self.inner.schema()}
        if self.keys:
            out["propertyNames"] = {"pattern": f"^(?:{self.keys})$"}
        return out


class Anything(Shape):
    """Any JSON."""

    def read(self, node: Node, reader: Reader) -> Any:
        return plain(node)

    def schema(self) -> dict[str, Json]:
        return {}


class Object(Shape):
    """A mapping of any JSON: a fragment of a Kubernetes object."""

    name = "a mapping"

    def read(self, node: Node, reader: Reader) -> Any:
        return plain(node) if isinstance(node, Mapping) else self.wrong(node, reader)

    def schema(self) -> dict[str, Json]:
        return {"type": "object"}


@dataclass(frozen=True)
class Either(Shape):
    """A mapping by one shape, anything else by the other."""

    mapping: Shape
    other: Shape

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self.mapping.name}, or {self.other.name}"

    def read(self, node: Node, reader: Reader) -> Any:
        return (self.mapping if isinstance(node, Mapping) else self.other).read(node, reader)

    def schema(self) -> dict[str, Json]:
        return {"anyOf": [self.mapping.schema(), self.other.schema()]}


@dataclass(frozen=True)
class Key:
    """One key of a record: its NAME as documented, what it may hold, what it means, and whether it must be there."""

    name: str
    shape: Shape
    doc: str
    required: bool = False
    default: Json = None


@dataclass(frozen=True)
class Given:
    """What a record said: VALUES of the valid keys, the NODES of all known keys, and the record's own node."""

    values: Map[str, Any]
    nodes: Map[str, Node]
    node: Node

    def get(self, name: str, default: Any = None) -> Any:
        """The value of the key NAME, or DEFAULT where it was not given."""
        return self.values.get(name, default)


@dataclass(frozen=True)
class Record(Shape):
    """A mapping with KEYS and no others; FOLDED: whatever the case of the keys."""

    keys: tuple[Key, ...]
    folded: bool = False
    name: str = "a mapping"

    def read(self, node: Node, reader: Reader) -> Any:
        """A `Given`, also where some keys are wrong, or INVALID where NODE is no mapping."""
        if not isinstance(node, Mapping):
            return self.wrong(node, reader)
        values: dict[str, Any] = {}
        nodes: dict[str, Node] = {}
        for name_node, value_node in node.entries:
            key = self._find(name_node.text)
            if key is None:
                self._unknown(name_node, reader)
            elif key.name in nodes:
                reader.tell("GF405", name_node, f"the key {key.name} stands here twice")
            else:
                nodes[key.name] = value_node
                value = key.shape.read(value_node, reader)
                if value is not INVALID:
                    values[key.name] = value
        for key in self.keys:
            if key.required and key.name not in nodes:
                reader.tell("GF403", node, f"the key {key.name} is missing", key.doc)
        return Given(values, nodes, node)

    def _find(self, text: str) -> Key | None:
        for key in self.keys:
            if key.name == text or (self.folded and key.name.casefold() == text.casefold()):
                return key
        return None

    def _unknown(self, node: Scalar, reader: Reader) -> None:
        names = {key.name.casefold(): key.name for key in self.keys}
        close = difflib.get_close_matches(node.text.casefold().replace("_", ""), names, n=1)
        close = close or difflib.get_close_matches(node.text.casefold(), names, n=1)
        hint = f"did you mean {names[close[0]]!r}?" if close else f"known here: {', '.join(sorted(names.values()))}"
        reader.tell("GF401", node, f"there is no key {node.text!r} here", hint)

    def schema(self) -> dict[str, Json]:
        properties: dict[str, Json] = {}
        for key in self.keys:
            entry: dict[str, Json] = {**key.shape.schema(), "description": key.doc}
            if key.default is not None:
                entry["default"] = key.default
            properties[key.name] = entry
        out: dict[str, Json] = {"type": "object", "properties": properties, "additionalProperties": False}
        required: list[Json] = [key.name for key in self.keys if key.required]
        return {**out, "required": required} if required else out


def _shown(node: Node) -> str:
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    assert isinstance(node, Scalar)
    if node.value is None:
        return "nothing"
    return repr(node.text if len(node.text) <= 60 else node.text[:57] + "...")
