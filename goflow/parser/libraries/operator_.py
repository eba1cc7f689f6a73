"""``operator``: what signs and statements do, as functions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.builtin_functions import PLAIN
from goflow.parser.interpreter.items import delete_item, elements, get_item, set_item
from goflow.parser.interpreter.operations import binary, contains, equal, identical, length, truth, unary
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, raised
from goflow.parser.libraries.registry import function, module

_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "eq": "==", "ne": "!=", "lt": "<",
    "le": "<=", "gt": ">", "ge": ">=", "or_": "|", "and_": "&", "rshift": ">>", "lshift": "<<", "xor": "^", "pow": "**",
    "matmul": "@", "concat": "+",
}  # fmt: skip
_IN_PLACE = {
    "iadd": "+", "isub": "-", "imul": "*", "itruediv": "/", "ifloordiv": "//", "imod": "%", "ior": "|", "iand": "&",
    "irshift": ">>", "ilshift": "<<", "ixor": "^", "ipow": "**", "imatmul": "@", "iconcat": "+",
}  # fmt: skip
_UNARY = {"neg": "-", "pos": "+", "invert": "~", "inv": "~"}
_UNCHANGEABLE = (str, bytes, int, float, complex, tuple, frozenset)


@module("operator")
def build_operator(session: Session) -> dict[str, Any]:
    """``operator``."""
    found: dict[str, Any] = {}
    for name, sign in _SIGNS.items():
        found[name] = function(name, lambda at, a, b, sign=sign: binary(sign, a, b, at), takes_unknown=True)
    for name, sign in _UNARY.items():
        found[name] = function(name, lambda at, a, sign=sign: unary(sign, a, at), takes_unknown=True)
    for name, sign in _IN_PLACE.items():
        found[name] = function(name, lambda at, a, b, name=name, sign=sign: _in_place(name, sign, a, b, at))
    others: dict[str, Callable[..., Any]] = {
        "itemgetter": _itemgetter, "attrgetter": _attrgetter, "methodcaller": _methodcaller, "contains": _contains,
        "not_": _not, "truth": lambda at, value: truth(value, at), "index": _index, "abs": PLAIN["abs"],
        "is_": lambda at, a, b: identical(a, b, at), "is_not": _is_not, "countOf": _count_of, "indexOf": _index_of,
        "getitem": lambda at, value, key: get_item(value, key, at), "length_hint": _length_hint, "call": _call,
        "setitem": lambda at, value, key, new: set_item(value, key, new, at),
        "delitem": lambda at, value, key: delete_item(value, key, at),
    }  # fmt: skip
    found |= {name: NativeFunction(name, run, takes_unknown=True) for name, run in others.items()}
    dunders = {f"__{name.strip('_')}__": value for name, value in found.items()}
    return found | {name: value for name, value in dunders.items() if hasattr(operator, name)}


def _in_place(name: str, sign: str, left: Any, right: Any, at: At) -> Any:
    """``left SIGN= right``, whose left side nothing can change."""
    if isinstance(left, _UNCHANGEABLE):
        return binary(sign, left, right, at)
    return Unknown(f"operator.{name} of what changes in place", at)


def _not(at: At, value: Any) -> Any:
    answer = truth(value, at)
    return answer if isinstance(answer, Unknown) else not answer


def _is_not(at: At, left: Any, right: Any) -> Any:
    answer = identical(left, right, at)
    return answer if isinstance(answer, Unknown) else not answer


def _contains(at: At, container: Any, item: Any) -> Any:
    return container if isinstance(container, Unknown) else contains(container, item, at)


def _index(at: At, value: Any) -> Any:
    return value if isinstance(value, Unknown) else operator.index(value)


def _length_hint(at: At, value: Any, default: Any = 0) -> Any:
    known = isinstance(value, str | bytes | list | tuple | dict | set | frozenset | range)
    return length(value, at) if known else Unknown("the length that a value hints at", at)


def _count_of(at: At, values: Any, wanted: Any) -> Any:
    found = elements(values, at)
    if isinstance(found, Unknown):
        return found
    answers = [equal(value, wanted, at) for value in found]
    unknown = next((answer for answer in answers if isinstance(answer, Unknown)), None)
    return answers.count(True) if unknown is None else unknown


def _index_of(at: At, values: Any, wanted: Any) -> Any:
    found = elements(values, at)
    if isinstance(found, Unknown):
        return found
    for index, value in enumerate(found):
        answer = equal(value, wanted, at)
        if isinstance(answer, Unknown) or answer:
            return answer if isinstance(answer, Unknown) else index
    raised(at, "ValueError", "sequence.index(x): x not in sequence")


def _call(at: At, target: Any, /, *args: Any, **kwargs: Any) -> Any:
    from goflow.parser.interpreter.calls import call

    return call(target, list(args), kwargs, at)


def _itemgetter(at: At, *keys: Any) -> Any:
    if not keys:
        raised(at, "TypeError", "itemgetter expected 1 argument, got 0")

    def get(at: At, value: Any) -> Any:
        found = tuple(get_item(value, key, at) for key in keys)
        return found[0] if len(keys) == 1 else found

    return NativeFunction("itemgetter", get, takes_unknown=True)


def _attrgetter(at: At, *names: Any) -> Any:
    unknown = next((name for name in names if isinstance(name, Unknown)), None)
    if unknown is not None:
        return unknown
    if not all(isinstance(name, str) for name in names) or not names:
        raised(at, "TypeError", "attribute name must be a string")

    def one(value: Any, name: str, at: At) -> Any:
        for word in name.split("."):
            value = host.get_attribute(value, word, at)
        return value

    def get(at: At, value: Any) -> Any:
        found = tuple(one(value, name, at) for name in names)
        return found[0] if len(names) == 1 else found

    return NativeFunction("attrgetter", get, takes_unknown=True)


def _methodcaller(at: At, name: Any, /, *args: Arguments, **kwargs: Keywords) -> Any:
    if isinstance(name, Unknown):
        return name
    if not isinstance(name, str):
        raised(at, "TypeError", "method name must be a string")
    return NativeFunction(
        "methodcaller",
        lambda at, value: _call(at, host.get_attribute(value, name, at), *args, **kwargs),
        takes_unknown=True,
    )
