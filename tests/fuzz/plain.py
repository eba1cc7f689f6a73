"""Values in one plain form, from Python's own and from the evaluator's, so that the two can be held side by side."""

from __future__ import annotations

import collections
import enum
import types
from collections.abc import Callable
from typing import Any

Plain = Any
UNKNOWN = "unknown"
CONSTANTS = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    bytearray,
    range,
    slice,
    type(...),
    type(NotImplemented),
    type(None),
)


def sequence(kind: str, values: Any, plain: Callable[[Any], Plain]) -> Plain:
    """A container in the order it has."""
    return [kind, [plain(value) for value in values]]


def mapping(kind: str, value: Any, plain: Callable[[Any], Plain]) -> Plain:
    """A mapping in the order it has; a key that may be there or not is as unknown as its value."""
    pairs = [(plain(key), plain(inner), type(inner).__name__) for key, inner in value.items()]
    return [kind, [[inner if name == "MaybeGone" else key, inner] for key, inner, name in pairs]]


def unordered(kind: str, values: Any, plain: Callable[[Any], Plain]) -> Plain:
    """A set: its order says nothing."""
    return [kind, sorted((plain(value) for value in values), key=repr)]


def builtin(value: Any, plain: Callable[[Any], Plain]) -> Plain | None:
    """The plain form of a value of Python's own types, exactly those; None for any other."""
    kind = type(value)
    if kind is int and value.bit_length() > 10_000:  # too long for Python to write in decimal digits
        return ["int", hex(value)]
    if kind in CONSTANTS:
        return [kind.__name__, repr(value)]
    if kind in {list, tuple, collections.deque}:
        return sequence(kind.__name__, value, plain)
    if kind in {set, frozenset}:
        return unordered(kind.__name__, value, plain)
    if kind in {dict, collections.OrderedDict, collections.Counter, collections.defaultdict}:
        return mapping(kind.__name__, value, plain)
    if kind.__name__ in {"dict_keys", "dict_values", "dict_items"}:
        return sequence(kind.__name__, list(value), plain)
    if kind.__module__ in {"datetime", "decimal", "fractions"}:
        return [kind.__name__, repr(value)]
    return None


class Plainly:
    """Makes values plain, down to a depth; what a value is, a subclass says."""

    def __init__(self) -> None:
        self.depth = 0

    def plain(self, value: Any) -> Plain:
        """The plain form of VALUE."""
        self.depth += 1
        try:
            return ["deep"] if self.depth > 12 else self._plain(value)
        finally:
            self.depth -= 1

    def _plain(self, value: Any) -> Plain:
        raise NotImplementedError


class Python(Plainly):
    """What Python's own values are. Run in a process of its own, beside the program."""

    def _plain(self, value: Any) -> Plain:
        found = builtin(value, self.plain)
        if found is not None:
            return found
        kind = type(value)
        if isinstance(value, enum.Enum):
            return ["member", f"{kind.__name__}.{value.name}"]
        if isinstance(value, type):
            return ["class", value.__name__]
        if isinstance(value, BaseException):
            return ["exception", kind.__name__, self.plain(value.args)]
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return ["named", kind.__name__, [self.plain(inner) for inner in value]]
        for base in (dict, list, str, int, float, set):
            if isinstance(value, base):
                return ["subtype", kind.__name__]
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType | types.MethodType | types.ModuleType):
            return ["callable"]
        if hasattr(value, "__dict__") and not isinstance(value, types.GeneratorType):
            return ["object", kind.__name__, mapping("dict", vars(value), self.plain)]
        return ["other"]


def differs(ours: Plain, theirs: Plain) -> str:
    """Where OURS says something else than THEIRS; empty where it says the same, or that it does not know."""
    if isinstance(ours, list) and ours and ours[0] == UNKNOWN:
        return ""
    if _is_raised(theirs) and has_unknown(ours):
        return ""  # what is not known may raise
    if isinstance(ours, list) and isinstance(theirs, list):
        if any(_is_hidden(o) for o in ours):
            return ""  # there may be other keys
        if len(ours) != len(theirs) and any(isinstance(o, list) and o[:1] == [UNKNOWN] for o in ours):
            return ""  # how many there are is not known either
        if ours and ours[0] in ("set", "frozenset") and has_unknown(ours):
            return ""
        if len(ours) == 1 and ours[0] in ("callable", "other"):
            return (
                ""
                if theirs[:1] and theirs[0] in {"callable", "other", "object", "subtype"}
                else f"{ours!r:.200} for {theirs!r:.200}"
            )
        if len(theirs) == 1 and theirs[0] == "other":
            return ""
        if len(ours) == len(theirs):
            return next((found for a, b in zip(ours, theirs, strict=True) if (found := differs(a, b))), "")
    return "" if ours == theirs else f"{ours!r:.300} for {theirs!r:.300}"


def _is_hidden(pair: Plain) -> bool:
    """Whether PAIR is a key that is not known, and its value."""
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], list) and pair[0][:1] == [UNKNOWN]


def _is_raised(plain: Plain) -> bool:
    return isinstance(plain, list) and len(plain) == 2 and plain[0] == "tuple" and plain[1][:1] == [["str", "'raised'"]]


def has_unknown(plain: Plain) -> bool:
    """Whether there is an unknown anywhere in PLAIN."""
    return isinstance(plain, list) and (plain[:1] == [UNKNOWN] or any(map(has_unknown, plain)))
