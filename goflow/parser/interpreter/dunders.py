"""Methods of Python's own values that operators stand for, called by their names: ``d.__setitem__(k, v)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.items import delete_item, get_item, set_item
from goflow.parser.interpreter.operations import DUNDERS, MIRRORED, REFLECTED_DUNDERS, binary, contains, length, truth
from goflow.parser.interpreter.orders import iterator_over, unordered
from goflow.parser.interpreter.plain_values import plain_host
from goflow.parser.interpreter.shown import formatted, representation, text
from goflow.parser.interpreter.values import At, NativeFunction, Raised, Unknown, first_unknown

_SIGNS = {name: sign for sign, name in DUNDERS.items()}
_REFLECTED = {name: sign for sign, name in REFLECTED_DUNDERS.items() if sign not in MIRRORED}
_IN_PLACE = {name.replace("__", "__i", 1): sign for sign, name in DUNDERS.items() if sign not in MIRRORED}


def method_by_name(value: Any, name: str) -> NativeFunction | None:
    """The method NAME of VALUE, which has one; None where it is none of those that are read."""
    run = _METHODS.get(name)
    if run is not None:
        return NativeFunction(name, lambda at, *args: run(at, value, *args), takes_unknown=True)
    if name in _SIGNS:
        return NativeFunction(name, lambda at, other: _operator(at, value, name, other), takes_unknown=True)
    if name in _REFLECTED:
        sign = _REFLECTED[name]
        return NativeFunction(name, lambda at, other: _reflected(at, value, sign, other), takes_unknown=True)
    if name in _IN_PLACE:
        return NativeFunction(name, lambda at, other: _in_place(at, value, name, other), takes_unknown=True)
    return None


def _operator(at: At, value: Any, name: str, other: Any) -> Any:
    """As the operator does it, where this side of it can: else NotImplemented."""
    from goflow.parser.interpreter.classes import Instance

    other = plain_host(other)
    if isinstance(other, Instance) and not isinstance(value, str | bytes):
        return NotImplemented
    problem: Raised | None = None
    answer = None
    try:
        answer = binary(_SIGNS[name], value, other, at)
    except Raised as found:
        if not found.is_a("TypeError"):
            raise
        problem = found
    if not (name == "__mod__" and isinstance(value, str | bytes)) and first_unknown((value, other)) is None:
        try:
            if getattr(value, name)(other) is NotImplemented:
                return NotImplemented
        except TypeError:
            pass
    if problem is not None:
        raise problem
    return answer


def _reflected(at: At, value: Any, sign: str, other: Any) -> Any:
    other = plain_host(other)
    return binary(sign, other, value, at) if type(other) is type(value) else Unknown(f"a reflected {sign}", at)


def _in_place(at: At, value: Any, name: str, other: Any) -> Any:
    from goflow.parser.interpreter.statements import in_place

    return in_place(_IN_PLACE[name], value, other, at)


def _next(at: At, value: Any) -> Any:
    at.session.journal.draw(value, at)
    return next(value)


def _iter(at: At, value: Any) -> Any:
    return value if hasattr(value, "__next__") else iterator_over(iter(value), unordered(value, at))


_METHODS: dict[str, Callable[..., Any]] = {
    "__len__": lambda at, value: length(value, at), "__bool__": lambda at, value: truth(value, at),
    "__contains__": lambda at, value, item: contains(value, item, at),
    "__getitem__": lambda at, value, key: get_item(value, key, at),
    "__setitem__": lambda at, value, key, new: set_item(value, key, new, at),
    "__delitem__": lambda at, value, key: delete_item(value, key, at),
    "__str__": lambda at, value: text(value, at), "__repr__": lambda at, value: representation(value, at),
    "__format__": lambda at, value, spec: formatted(value, spec, at), "__iter__": _iter, "__next__": _next,
}  # fmt: skip
