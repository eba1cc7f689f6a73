"""Shapes of single values: texts, numbers, choices, durations, moments."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from dataclasses import dataclass
from typing import Any

from goflow.domain.canonical import Json
from goflow.parser.yaml.nodes import Node, Scalar
from goflow.parser.yaml.shapes import Reader, Shape


@dataclass(frozen=True)
class Text(Shape):
    """A string; numbers and the like count as they are written. PATTERN is a regular expression for all of it."""

    name: str = "text"
    pattern: str = ""
    hint: str = ""
    strict: bool = False

    def read(self, node: Node, reader: Reader) -> Any:
        if not isinstance(node, Scalar) or node.value is None or (self.strict and not isinstance(node.value, str)):
            return self.wrong(node, reader, self.hint)
        if self.pattern and not re.fullmatch(self.pattern, node.text):
            return self.wrong(node, reader, self.hint)
        return node.text

    def schema(self) -> dict[str, Json]:
        if self.pattern:
            return {"type": "string", "pattern": f"^(?:{self.pattern})$"}
        return {"type": "string"} if self.strict else {"type": ["string", "number", "boolean"]}


@dataclass(frozen=True)
class Integer(Shape):
    """A whole number, at least LOW."""

    low: int = 0

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"a whole number, {self.low} or more"

    def read(self, node: Node, reader: Reader) -> Any:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int) or value < self.low:
            return self.wrong(node, reader)
        return value

    def schema(self) -> dict[str, Json]:
        return {"type": "integer", "minimum": self.low}


class Boolean(Shape):
    """true or false."""

    name = "true or false"

    def read(self, node: Node, reader: Reader) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        return self.wrong(node, reader)

    def schema(self) -> dict[str, Json]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice(Shape):
    """One of WORDS; FOLDED: whatever the case."""

    words: tuple[str, ...]
    folded: bool = False

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"one of {', '.join(self.words)}"

    def read(self, node: Node, reader: Reader) -> Any:
        if isinstance(node, Scalar) and node.value is not None:
            for word in self.words:
                if node.text == word or (self.folded and node.text.casefold() == word.casefold()):
                    return word
            close = difflib.get_close_matches(node.text, self.words, n=1)
            return self.wrong(node, reader, f"did you mean {close[0]!r}?" if close else "")
        return self.wrong(node, reader)

    def schema(self) -> dict[str, Json]:
        return {"enum": list(self.words)}


DURATION = r"(?=.)(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m)?(?:\d+(?:\.\d+)?s)?"


def duration_of(text: str) -> float | None:
    """Seconds of ``1h30m``, ``90s``, ``1.5h`` (Go's notation); None where it is not one."""
    if not re.fullmatch(DURATION, text):
        return None
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    return sum(float(amount) * units[unit] for amount, unit in re.findall(r"(\d+(?:\.\d+)?)([hms])", text))


@dataclass(frozen=True)
class Duration(Shape):
    """Seconds, or text such as ``1h30m``; POSITIVE: more than none."""

    positive: bool = False
    name: str = "a duration: seconds, or text such as 1h30m"

    def read(self, node: Node, reader: Reader) -> Any:
        value = node.value if isinstance(node, Scalar) else None
        seconds: float | None = None
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
        elif isinstance(value, str):
            seconds = duration_of(value)
        if seconds is None or not 0 <= seconds < 1e10 or (self.positive and seconds == 0):
            return self.wrong(node, reader)
        return seconds

    def schema(self) -> dict[str, Json]:
        low: dict[str, Json] = {"exclusiveMinimum": 0} if self.positive else {"minimum": 0}
        return {"anyOf": [{"type": "number", **low}, {"type": "string", "pattern": f"^{DURATION}$"}]}


class DateTime(Shape):
    """A date, or a date and time of ISO 8601; without an offset it is meant in the DAG's own zone and stays naive."""

    name = "a date or date-time such as 2024-01-31 or 2024-01-31T06:00:00Z"

    def read(self, node: Node, reader: Reader) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            try:
                return dt.datetime.fromisoformat(re.sub(r"^(\d{4}-\d\d-\d\d)[ \t]+", r"\1T", node.text))
            except ValueError:
                pass
        return self.wrong(node, reader)

    def schema(self) -> dict[str, Json]:
        return {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
