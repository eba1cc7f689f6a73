"""Attributes and methods of Python's own values, each kind with the methods that it is safe and sensible to call."""

from __future__ import annotations

import collections
import datetime as dt
import string
from collections.abc import Mapping
from typing import Any

from goflow.parser.interpreter.alternatives import MaybeGone, OneOf
from goflow.parser.interpreter.dunders import method_by_name
from goflow.parser.interpreter.items import MUTABLE, check_hashable, elements, get_item, hidden_values
from goflow.parser.interpreter.mutations import CHANGING, MUTATORS, mutate, put, unknown_part
from goflow.parser.interpreter.operations import binary, truth
from goflow.parser.interpreter.orders import in_any_order, unordered
from goflow.parser.interpreter.plain_values import plain_host, type_name
from goflow.parser.interpreter.shown import ascii_of, formatted, representation, text
from goflow.parser.interpreter.values import (
    CONTAINERS,
    AnyOrder,
    At,
    NativeFunction,
    Unknown,
    UnknownElementsError,
    Value,
    first_unknown,
    forget_order,
    hidden_key,
    key_order_of,
    order_of,
    raised,
)

TRANSPARENT: dict[type, frozenset[str]] = {
    collections.deque: frozenset({"copy"}),
    list: frozenset({"copy"}),
    dict: frozenset({"get", "items", "keys", "values", "copy"}),
    set: frozenset({"copy", "union"}),
}
"""Methods that an Unknown among the contents does not keep from giving what they give."""
DATA_ATTRIBUTES = frozenset({"real", "imag", "numerator", "denominator", "start", "stop", "step"})
SAFE_TYPES = (
    str, bytes, int, float, complex, tuple, list, dict, set, frozenset, range, slice,
    dt.datetime, dt.date, dt.time, dt.timedelta, dt.tzinfo,
)  # fmt: skip

CALLABLE: set[type] = set()
"""Types of values of Python's own that are called as functions are (``MO(-1)``); models of libraries add to it."""


def get_attribute(value: Any, name: str, at: At) -> Any:
    """``value.name``."""
    if isinstance(value, Value):
        return value.get_attribute(name, at)
    hook = at.session.library.get("host_attributes")
    if hook is not None:
        answer = hook(value, name, at)
        if answer is not NotImplemented:
            return answer
    if name == "__class__":
        return at.module.builtin(type_name(value))
    if name == "__doc__":
        return type(value).__doc__
    if name.startswith("__"):
        if hasattr(value, name):
            method = method_by_name(value, name)
            return Unknown(f"{name} of a {type_name(value)}", at) if method is None else method
    elif hasattr(value, name):
        if isinstance(value, tuple) and name in getattr(value, "_fields", ()):
            return getattr(value, name)
        found = getattr(value, name)
        if not callable(found) or isinstance(found, type):
            return found
        changes = name in CHANGING and isinstance(value, MUTABLE)
        return NativeFunction(
            name,
            lambda at, /, *args, **kwargs: call_method(value, name, args, kwargs, at),
            takes_unknown=True,
            held=(value,) if changes else (),
        )
    if type(value) is AnyOrder and value.is_view:
        return get_attribute(set(value), name, at)
    raised(at, "AttributeError", f"'{type_name(value)}' object has no attribute '{name}'")


def set_attribute(receiver: Any, name: str, value: Any, at: At) -> None:
    """``receiver.name = value``."""
    if isinstance(receiver, Value):
        receiver.set_attribute(name, value, at)
        return
    raised(at, "AttributeError", f"'{type_name(receiver)}' object has no attribute '{name}'")


def delete_attribute(receiver: Any, name: str, at: At) -> None:
    """``del receiver.name``."""
    if isinstance(receiver, Value):
        receiver.delete_attribute(name, at)
        return
    raised(at, "AttributeError", name)


def call_method(value: Any, name: str, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    """``value.name(*args, **kwargs)`` for a value of Python's own."""
    at.session.budget.step(at)
    if isinstance(value, Unknown):  # a class's own method: ``list.append(value, 1)``
        if name in CHANGING:
            value.changed(at)
        return value
    special = SPECIAL.get((type(value), name))
    if special is not None:
        return special(value, at, *args, **kwargs)
    for kind in MUTATORS:
        if isinstance(value, kind):
            if name in MUTATORS[kind]:
                return mutate(value, name, args, kwargs, at)
            if name in TRANSPARENT[kind]:
                return _transparent(value, name, args, kwargs, at)
    if isinstance(value, set | frozenset):
        args = [other if isinstance(other, set | frozenset) else elements(other, at) for other in args]
        args = [list(other) if order_of(other) is not None else other for other in args]
    unknown = first_unknown((list(value) if isinstance(value, collections.ChainMap) else value, args, kwargs))
    if unknown is not None:
        return OneOf.of(unknown, [*value, *args]) if isinstance(value, CONTAINERS) else unknown
    for argument in args:
        if isinstance(argument, Value):
            told = argument.given_to(value, name, args, kwargs, at)
            if told is not NotImplemented:
                return told
    answer = _run(value, name, args, kwargs, at)
    if isinstance(answer, str | bytes | list | tuple):
        at.session.budget.made(len(answer), at)
    return answer


def _run(value: Any, name: str, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    if isinstance(value, str | bytes | int | float):
        args = [_plain_argument(arg) for arg in args]
    _check_before(value, name, args, at)
    return at.session.guarded(lambda at, *a, **k: getattr(value, name)(*a, **k), at, args, kwargs, name)


def _check_before(value: Any, name: str, args: Any, at: At) -> None:
    """What a method is about to make may be too large to be tried."""
    check, first = at.session.budget.check_size, args[0] if args else None
    if name in {"center", "ljust", "rjust", "zfill", "expandtabs", "to_bytes"} and isinstance(first, int):
        check(first * (value.count("\t") if name == "expandtabs" and isinstance(value, str) else 1), at)
    if (
        name == "replace"
        and len(args) >= 2
        and type(args[0]) is type(args[1]) is type(value)
        and hasattr(value, "count")
    ):
        check(value.count(args[0]) * len(args[1]) + len(value), at)
    if name == "translate" and isinstance(first, dict):
        longest = max((len(text) for text in first.values() if isinstance(text, str)), default=1)
        check(len(value) * max(longest, 1), at)


def _plain_argument(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(map(plain_host, value)) if type(value) in {tuple, list} else value
    return plain_host(value)


def replace(value: list[Any] | set[Any] | dict[Any, Any], contents: Any, at: At) -> None:
    """Give VALUE these CONTENTS in place of its own, as ``*=`` and ``-=`` do."""
    at.session.journal.touch(value)
    contents = dict(contents) if isinstance(value, dict) else list(contents)
    value.clear()
    if isinstance(value, list):
        value.extend(contents)
    else:
        value.update(contents)


def _transparent(value: Any, name: str, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    if isinstance(value, dict) and name == "get":
        key = args[0]
        if (unknown := unknown_part(key)) is not None:
            return OneOf.of(unknown, [*value.values(), *args[1:]])
        check_hashable(key, at)
        if key not in value:
            hidden = hidden_key(value)
            if hidden is not None:
                return OneOf.of(hidden, [*hidden_values(value), *args[1:]])
    answer = _run(value, name, args, kwargs, at)
    if type(answer) is MaybeGone and len(args) > 1:
        return OneOf.of(answer, [answer, args[1]])
    if isinstance(value, dict) and name != "get" and (why := key_order_of(value)) is not None:
        if name != "copy":
            made = in_any_order(list(answer), why)
            if isinstance(made, AnyOrder):
                made.is_view = name in {"keys", "items"}
            return made
        forget_order(answer, why)
    return answer


def sorted_values(values: Any, at: At, key: Any = None, reverse: Any = False) -> list[Any]:
    """``sorted(values)``; values of ours compare by their own ``<``. Raises UnknownElementsError if unknown."""
    import functools

    from goflow.parser.interpreter.calls import call

    keyed = [(value if key is None else call(key, [value], {}, at), value) for value in values]
    unknown = first_unknown([pair[0] for pair in keyed])
    if unknown is not None:
        raise UnknownElementsError(unknown)

    def is_less(left: Any, right: Any) -> bool:
        answer = truth(binary("<", left, right, at), at)
        if isinstance(answer, Unknown):
            raise UnknownElementsError(answer)
        return answer

    def compare(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
        return -1 if is_less(left[0], right[0]) else int(is_less(right[0], left[0]))

    if all(type(pair[0]) in {str, int, float} for pair in keyed) and len({type(pair[0]) for pair in keyed}) == 1:
        ordered = sorted(keyed, key=lambda pair: pair[0], reverse=bool(reverse))
    else:
        ordered = sorted(keyed, key=functools.cmp_to_key(compare), reverse=bool(reverse))
    unknown = unordered(values, at) if key is not None and len(set(map(_key_of, keyed))) < len(keyed) else None
    if unknown is not None:  # of equals the first comes first
        raise UnknownElementsError(unknown)
    return [pair[1] for pair in ordered]


def _key_of(pair: tuple[Any, Any]) -> Any:
    try:
        hash(pair[0])
    except TypeError:
        return repr(pair[0])
    return pair[0]


def as_mapping(value: Any, at: At) -> Mapping[Any, Any] | Unknown:
    """VALUE as a mapping, as ``dict(value)`` and ``**value`` take it."""
    from goflow.parser.interpreter.classes import Instance

    if isinstance(value, Mapping):
        return value
    if isinstance(value, Value):
        own = getattr(value, "mapping", None)
        if own is not None:
            found: Mapping[Any, Any] = own(at)
            return found
        if isinstance(value, Instance):
            keys = value.method("keys", at)
            if keys is not None:
                names = elements(keys.call([], {}, at), at)
                if isinstance(names, Unknown):
                    return names
                return put({}, [(name, value.get_item(name, at)) for name in names], at)
    pairs = elements(value, at)
    if isinstance(pairs, Unknown):
        return pairs
    made: dict[Any, Any] = {}
    for pair in pairs:
        both = elements(pair, at)
        if isinstance(both, Unknown):
            return both
        if len(both) != 2:
            raised(at, "ValueError", f"dictionary update sequence element has length {len(both)}; 2 is required")
        check_hashable(both[0], at)
        put(made, [(both[0], both[1])], at)
    return made


def make_set(values: list[Any], at: At) -> set[Any] | Unknown:
    """A set of VALUES; Unknown when one of them is."""
    values = list(values)
    unknown = first_unknown(values)
    if unknown is not None:
        return unknown
    for value in values:
        check_hashable(value, at)
    return set(values)


class SafeFormatter(string.Formatter):
    """``str.format`` whose attribute look-ups and formats go through the evaluator."""

    def __init__(self, at: At) -> None:
        self.at = at
        self.unknown: Unknown | None = None

    def get_value(self, key: Any, args: Any, kwargs: Any) -> Any:
        """``{0}`` and ``{name}``."""
        if isinstance(key, int):
            return args[key]
        return get_item(kwargs, key, self.at)

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        """``{a.b[c]}``."""
        import _string  # type: ignore[import-not-found]

        first, rest = _string.formatter_field_name_split(field_name)
        value = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            value = get_attribute(value, key, self.at) if is_attribute else get_item(value, key, self.at)
        return value, first

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """``!r`` and ``!s``."""
        if conversion == "r":
            return representation(value, self.at)
        if conversion == "a":
            return ascii_of(value, self.at)
        return text(value, self.at) if conversion == "s" else value

    def format_field(self, value: Any, format_spec: str) -> str:
        """``:spec``."""
        answer = formatted(value, format_spec, self.at)
        if isinstance(answer, Unknown):
            self.unknown = self.unknown if self.unknown is not None else answer.derived()
            return ""
        return str(answer)


def _format(template: str, at: At, *args: Any, **kwargs: Any) -> Any:
    formatter = SafeFormatter(at)
    answer = at.session.guarded(lambda at: formatter.vformat(template, args, kwargs), at, (), {}, "format")
    if isinstance(answer, str):
        at.session.budget.made(len(answer), at)
    return answer if formatter.unknown is None else formatter.unknown


def _format_map(template: str, at: At, mapping: Any) -> Any:
    if isinstance(mapping, Unknown):
        return mapping
    formatter = SafeFormatter(at)
    answer = at.session.guarded(lambda at: formatter.vformat(template, (), mapping), at, (), {}, "format_map")
    return answer if formatter.unknown is None else formatter.unknown


def _join(separator: str, at: At, values: Any) -> Any:
    found = elements(values, at)
    unknown = found if isinstance(found, Unknown) else first_unknown(found)
    if unknown is not None:
        return unknown
    assert isinstance(found, list)
    found = [plain_host(value) for value in found]
    for index, value in enumerate(found):
        if not isinstance(value, str):
            words = f"sequence item {index}: expected str instance, {type_name(value)} found"
            raised(at, "TypeError", words)
    at.session.budget.check_size(sum(map(len, found)) + len(separator) * len(found), at)
    return separator.join(found)


SPECIAL: dict[tuple[type, str], Any] = {
    (str, "format"): _format,
    (str, "format_map"): _format_map,
    (str, "join"): _join,
}
"""Methods that are not simply run: by the exact type of the receiver. Models of libraries add to it."""
