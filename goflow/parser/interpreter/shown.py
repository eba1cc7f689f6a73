"""Texts of values: ``str``, ``repr``, ``ascii``, ``format`` and ``%``; all within the budget."""

from __future__ import annotations

import collections
import operator as op
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.orders import unordered
from goflow.parser.interpreter.plain_values import HOST_ERRORS, as_raised, plain_host, type_name
from goflow.parser.interpreter.values import (
    CONTAINERS,
    At,
    Unknown,
    Value,
    first_unknown,
    key_order_of,
    order_of,
    raised,
)

_SHOWN = (*CONTAINERS, collections.ChainMap)


class _Shown:
    """A value as Python's own formatting asks for it; what its text is not known for is kept in UNKNOWNS."""

    def __init__(self, value: Any, at: At, unknowns: list[Unknown]) -> None:
        self.value, self.at, self.unknowns = value, at, unknowns

    def _known(self, answer: Any) -> str:
        if isinstance(answer, Unknown):
            self.unknowns.append(answer.derived())
            return ""
        return str(answer)

    def __str__(self) -> str:
        return self._known(text(self.value, self.at))

    def __repr__(self) -> str:
        return self._known(representation(self.value, self.at))

    def _number(self) -> Any:
        found = plain_host(self.value)
        if not isinstance(found, int | float):
            raise TypeError(f"a number is required, not {type_name(self.value)}")
        return found

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __index__(self) -> int:
        return op.index(self._number())


class _Given(dict[Any, Any]):
    """What a template asks by name. MISSING gives what is not there; None: that is an error."""

    missing: Callable[[Any], Any] | None = None

    def __missing__(self, key: Any) -> Any:
        if self.missing is None:
            raise KeyError(key)
        return self.missing(key)


def percent(template: Any, values: Any, at: At) -> Any:
    """``TEMPLATE % VALUES`` of a text or bytes."""
    import re

    unknown = first_unknown(values)
    if unknown is not None:
        return unknown
    sizes = re.findall(r"%[^a-zA-Z%]*?(\d+)", template) if isinstance(template, str) else []
    for width in [*sizes, *_stars(template, values)]:
        at.session.budget.check_size(int(str(width)[:9]), at)
    unknowns: list[Unknown] = []

    def shown(value: Any) -> Any:
        return _Shown(value, at, unknowns) if isinstance(value, (Value, *_SHOWN)) else value

    if isinstance(values, tuple) and not hasattr(values, "_fields"):
        given: Any = tuple(map(shown, values))
    elif isinstance(values, dict) and "%(" in str(template):
        given = _Given({key: shown(value) for key, value in values.items()})
        if hasattr(type(values), "__missing__"):  # a Counter, a defaultdict: it has what it has not
            given.missing = lambda key: shown(values[key])
    elif isinstance(values, dict | list) and "%" not in str(template).replace("%%", ""):
        given = {}  # what could be asked by key need not be asked at all
    else:
        given = shown(values)
    try:
        answer = template % given
    except HOST_ERRORS as problem:
        as_raised(problem, at)
    at.session.budget.made(len(answer), at)
    return unknowns[0] if unknowns else answer


def _stars(template: Any, values: Any) -> list[int]:
    """The widths and precisions among VALUES, which a ``*`` in TEMPLATE asks for."""
    import re

    wanted = "".join(
        "*" * part.count("*") + "v" for part in re.findall(r"%[^a-zA-Z%]*[a-zA-Z%]", str(template)) if part != "%%"
    )
    given = values if isinstance(values, tuple) else (values,)
    return [value for kind, value in zip(wanted, given, strict=False) if kind == "*" and type(value) is int]


def text(value: Any, at: At) -> Any:
    """``str(value)``: a str or an Unknown."""
    if isinstance(value, Value):
        return value.text(at)
    if isinstance(value, str):
        return value
    if isinstance(value, _SHOWN):
        return representation(value, at)
    if hasattr(value, "__next__"):
        return Unknown(f"the address of a {type_name(value)} object", at)
    try:
        return str(value)
    except HOST_ERRORS as problem:  # a number of too many digits
        as_raised(problem, at)


def representation(value: Any, at: At) -> Any:
    """``repr(value)``: a str or an Unknown."""
    if isinstance(value, Value):
        return value.representation(at)
    if not isinstance(value, _SHOWN):
        if type(value) is int or hasattr(value, "__next__"):
            return text(value, at)
        shown = repr(value)
        at.session.budget.made(len(shown), at)
        return shown
    with at.session.budget.deeper(at):
        return _representation(value, at)


def _representation(value: Any, at: At) -> Any:
    match value:
        case list() if (unknown := order_of(value)) is not None:
            return unknown
        case dict() if (unknown := key_order_of(value)) is not None:
            return unknown
        case list():
            return _joined(value, "[", "]", at)
        case collections.deque():
            tail = "])" if value.maxlen is None else f"], maxlen={value.maxlen})"
            return _joined(list(value), "deque([", tail, at)
        case collections.ChainMap():
            return _joined(value.maps, "ChainMap(", ")", at)
        case collections.Counter():
            ordered = dict(value.most_common()) if first_unknown(list(value.values())) is None else dict(value)
            return _called("Counter", ordered, at) if value else "Counter()"
        case collections.OrderedDict():
            changed = "how an OrderedDict is shown, which Python 3.12 has changed"
            return Unknown(changed, at) if value else "OrderedDict()"
        case tuple() if type(value) is tuple:
            return _joined(list(value), "(", ",)" if len(value) == 1 else ")", at)
        case tuple() if hasattr(value, "_fields"):
            shown = [representation(inner, at) for inner in value]
            unknown = first_unknown(shown)
            named = ", ".join(f"{name}={inner}" for name, inner in zip(value._fields, shown, strict=True))
            return unknown if unknown is not None else f"{type(value).__name__}({named})"
        case collections.defaultdict():
            return Unknown("the address of a function in the text of a defaultdict", at)
        case dict():
            if type(value).__name__ == "defaultdict":
                return value.representation(at)  # type: ignore[attr-defined]
            pairs = [_pair(key, inner, at) for key, inner in value.items()]
            unknown = first_unknown(pairs)
            return unknown if unknown is not None else "{" + ", ".join(pairs) + "}"
        case set() | frozenset():
            unknown = unordered(value, at)
            if unknown is not None or not value:
                return repr(value) if unknown is None else unknown
            return _joined(list(value), *(("frozenset({", "})") if isinstance(value, frozenset) else ("{", "}")), at)
    kind = type(value).__name__
    return _joined(list(value), f"{kind}([", "])", at) if kind.startswith("dict_") else repr(value)


def ascii_of(value: Any, at: At) -> Any:
    """``ascii(value)``: a str or an Unknown."""
    found = representation(value, at)
    return found if isinstance(found, Unknown) else found.encode("ascii", "backslashreplace").decode()


def _called(name: str, inner: Any, at: At) -> Any:
    found = representation(inner, at)
    return found if isinstance(found, Unknown) else f"{name}({found})"


def _pair(key: Any, value: Any, at: At) -> Any:
    left, right = representation(key, at), representation(value, at)
    unknown = first_unknown((left, right))
    return unknown if unknown is not None else f"{left}: {right}"


def _joined(values: list[Any], start: str, end: str, at: At) -> Any:
    parts = [representation(value, at) for value in values]
    unknown = first_unknown(parts)
    if unknown is not None:
        return unknown
    at.session.budget.made(sum(map(len, parts)), at)
    return start + ", ".join(parts) + end


def formatted(value: Any, spec: str, at: At) -> Any:
    """``format(value, spec)``: a str or an Unknown."""
    import re

    if isinstance(value, Unknown):
        return value.derived() if spec else value
    if isinstance(value, Value):
        method = getattr(value, "method", None)
        by_class = method("__format__", at) if method is not None else None
        if by_class is not None:
            made = by_class.call([spec], {}, at)
            if isinstance(made, str | Unknown) or isinstance(getattr(made, "host", None), str):
                return made
            raised(at, "TypeError", f"__format__ must return a str, not {type_name(made)}")
        own = getattr(value, "format_with", None)
        if own is not None and spec:
            return own(spec, at)
        answer = text(value, at)
        if isinstance(answer, Unknown) or not spec:
            return answer
        if getattr(value, "formats_as_object", False):
            raised(at, "TypeError", f"unsupported format string passed to {value.type_name}.__format__")
        return formatted(answer, spec, at)
    if not spec:
        return text(value, at)
    for width in re.findall(r"\d+", spec) if "%" not in spec else []:
        at.session.budget.check_size(int(width), at)
    try:
        return format(value, spec)
    except HOST_ERRORS as problem:
        as_raised(problem, at)
