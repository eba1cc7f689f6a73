"""Operators on values: arithmetic, comparison, truth and length; all within the budget."""

from __future__ import annotations

import collections
import operator as op
import sys
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.alternatives import MaybeGone, UnknownMany
from goflow.parser.interpreter.items import HASHED, in_keys, iterate
from goflow.parser.interpreter.orders import in_any_order
from goflow.parser.interpreter.plain_values import HOST_ERRORS, as_raised, plain_host, type_name
from goflow.parser.interpreter.shown import percent
from goflow.parser.interpreter.values import (
    AnyOrder,
    At,
    Unknown,
    UnknownElementsError,
    UnknownKey,
    Value,
    first_unknown,
    hidden_key,
    key_order_of,
    order_of,
    raised,
)

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": op.add, "-": op.sub, "*": op.mul, "/": op.truediv, "//": op.floordiv, "%": op.mod, "**": op.pow,
    "<<": op.lshift, ">>": op.rshift, "&": op.and_, "|": op.or_, "^": op.xor, "@": op.matmul,
    "==": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge,
}  # fmt: skip


DUNDERS = {
    "+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "//": "__floordiv__", "%": "__mod__",
    "**": "__pow__", "<<": "__lshift__", ">>": "__rshift__", "&": "__and__", "|": "__or__", "^": "__xor__",
    "@": "__matmul__",
    "==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__",
}  # fmt: skip


MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


REFLECTED_DUNDERS = {
    **{sign: name.replace("__", "__r", 1) for sign, name in DUNDERS.items() if sign not in MIRRORED},
    **{sign: DUNDERS[mirror] for sign, mirror in MIRRORED.items()},
}


UNARY: dict[str, Callable[[Any], Any]] = {"-": op.neg, "+": op.pos, "~": op.invert}


def binary(sign: str, left: Any, right: Any, at: At) -> Any:
    """``left SIGN right``."""
    at.session.budget.step(at)
    if isinstance(left, Unknown):
        if isinstance(right, Value) and not isinstance(right, Unknown):
            answer = right.binary(sign, left, at, reflected=True)  # a task may take note of an unknown neighbour
            if answer is not NotImplemented:
                return answer
        return left.binary(sign, right, at, reflected=False)
    tries_right = isinstance(right, Value) and (sign in MIRRORED or _class_of(left) is not _class_of(right))
    if sign == "%" and isinstance(left, str | bytes):
        return percent(left, right, at)
    if isinstance(left, Value):
        if tries_right and right.goes_before(left, sign):
            tries_right = False
            answer = right.binary(sign, left, at, reflected=True)
            if answer is not NotImplemented:
                return answer
        answer = left.binary(sign, right, at, reflected=False)
        if answer is not NotImplemented:
            return answer
    if tries_right:
        answer = right.binary(sign, left, at, reflected=True)
        if answer is not NotImplemented:
            return answer
    if sign in {"==", "!="}:
        answer = _equal_contents(left, right, at)
        return answer if isinstance(answer, Unknown) else (answer if sign == "==" else not answer)
    if isinstance(left, Value) or isinstance(right, Value):
        kinds = f"'{type_name(left)}' and '{type_name(right)}'"
        words = f"unsupported operand type(s) for {sign}: {kinds}"
        if sign in MIRRORED:
            words = f"'{sign}' not supported between instances of {kinds}"
        raised(at, "TypeError", words)
    return _host_binary(sign, left, right, at)


def _class_of(value: Any) -> Any:
    return getattr(value, "cls", value)


def _host_binary(sign: str, left: Any, right: Any, at: At) -> Any:
    budget = at.session.budget
    if type(left) is AnyOrder or type(right) is AnyOrder:
        left, right = (set(side) if type(side) is AnyOrder and side.is_view else side for side in (left, right))
    if sign == "*":
        for long, count in ((left, right), (right, left)):
            if isinstance(long, str | bytes | list | tuple) and isinstance(count, int) and abs(count) <= sys.maxsize:
                budget.check_size(len(long) * max(count, 0), at)
    elif sign == "**" and hasattr(left, "numerator") and isinstance(right, int):  # a fraction, too
        budget.check_size(max(left.numerator.bit_length(), left.denominator.bit_length()) * abs(right), at)
    elif sign == "<<" and isinstance(right, int):
        budget.check_size(right, at)
    elif sign == "%" and isinstance(left, str | bytes):
        return percent(left, right, at)
    elif sign in {"<", "<=", ">", ">="}:
        unknown = first_unknown((left, right))
        if unknown is not None:
            return unknown
        if type(left) is type(right) and isinstance(left, list | tuple):
            return _ordered(sign, left, right, at)
    elif sign == "+" and type(left) is list and isinstance(right, list) and order_of(right) is not None:
        left = in_any_order(left, order_of(right)) if left else left
    try:
        answer = BINARY[sign](left, right)
    except HOST_ERRORS as problem:
        as_raised(problem, at)
    if sign in _LEAVING_OUT and isinstance(answer, set | frozenset):
        unknown = in_keys(left, right)
        return answer if unknown is None else unknown
    if isinstance(answer, dict):
        return _merged(sign, left, right, answer, at)
    if isinstance(answer, str | list | tuple | bytes):
        budget.made(len(answer), at)
        why = order_of(left)
        why = order_of(right) if why is None else why
        if why is not None:
            return in_any_order(list(answer), why)
    elif type(answer) is int and not -_SMALL < answer < _SMALL:
        budget.check_size(answer.bit_length(), at)
    return answer


def _merged(sign: str, left: Any, right: Any, answer: dict[Any, Any], at: At) -> Any:
    """ANSWER is what Python makes of ``left SIGN right``, one of them a dict; what it is where keys are not known."""
    from goflow.parser.interpreter.mutations import merge

    if isinstance(answer, collections.Counter):
        unknown = in_keys(left, right)
        return answer if unknown is None else unknown
    if hidden_key(right) is not None or key_order_of(left) is not None or key_order_of(right) is not None:
        answer.clear()
        merge(answer, left, at)
        merge(answer, right, at)
    return answer


_SMALL = 1 << 64


_LEAVING_OUT = frozenset({"-", "&", "^"})
"""Signs of sets for which it counts what is not in the other one."""


def _ordered(sign: str, left: Any, right: Any, at: At) -> Any:
    """``<`` and its kin of two sequences: by the first elements that differ, else by their lengths."""
    for one, other in zip(left, right, strict=False):
        same = equal(one, other, at)
        if isinstance(same, Unknown):
            return same
        if not same:
            return binary(sign, one, other, at)
    return BINARY[sign](len(left), len(right))


def _equal_contents(left: Any, right: Any, at: At) -> bool | Unknown:
    """``==`` of two values, either of which may hold values of ours."""
    if left is right and first_unknown(left) is None and left == left:
        return True
    for value in (left, right):
        if (why := order_of(value)) is not None:
            return why
    if isinstance(left, Value) or isinstance(right, Value):
        return False  # two objects without __eq__: identity
    if type(left) is type(right) and isinstance(left, list | tuple):
        if len(left) != len(right):
            unknown = first_unknown((left, right))
            return False if unknown is None else unknown
        answers = [binary("==", a, b, at) for a, b in zip(left, right, strict=True)]
        return _all(answers)
    if isinstance(left, collections.OrderedDict) and isinstance(right, collections.OrderedDict):
        return _equal_contents(list(left.items()), list(right.items()), at)
    if isinstance(left, dict) and isinstance(right, dict) and collections.Counter not in {type(left), type(right)}:
        if left.keys() != right.keys():
            unknown = first_unknown((left, right))
            return False if unknown is None else unknown
        return _all([binary("==", left[key], right[key], at) for key in left])
    try:
        same = bool(left == right)
    except HOST_ERRORS as problem:
        as_raised(problem, at)
    unknown = None if same or not isinstance(left, HASHED) else in_keys(left, right)
    return same if unknown is None else unknown


def _all(answers: list[Any]) -> bool | Unknown:
    if any(answer is False for answer in answers):
        return False
    return next((answer for answer in answers if isinstance(answer, Unknown)), True)


def equal(left: Any, right: Any, at: At) -> bool | Unknown:
    """``left == right``."""
    answer = binary("==", left, right, at)
    return truth(answer, at)


def identical(left: Any, right: Any, at: At) -> bool | Unknown:
    """``left is right``."""
    for value in (left, right):
        if isinstance(value, Unknown):
            return value
    if isinstance(left, Value) or isinstance(right, Value) or left is None or right is None:
        return left is right
    copies = at.session.journal.copies
    if copies.sources and left is not right and (why := copies.may_be_same(left, right)) is not None:
        return why
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if left is not right and isinstance(left, _CONSTANTS) and type(left) is type(right) and left == right:
        return Unknown("whether equal values are one object", at)
    return left is right


_CONSTANTS = (str, int, float, bytes, tuple, frozenset, range)


def contains(container: Any, item: Any, at: At) -> bool | Unknown:
    """``item in container``."""
    if isinstance(container, Value):
        answer = container.contains(item, at)
        return truth(answer, at)
    unknown = first_unknown(item)
    if unknown is not None:
        return unknown
    if isinstance(container, str | bytes | range):
        try:
            return plain_host(item) in container
        except HOST_ERRORS as problem:
            as_raised(problem, at)
    if isinstance(container, HASHED):
        try:
            found = item in container
        except HOST_ERRORS as problem:
            as_raised(problem, at)
        if found:
            value = container[item] if isinstance(container, dict) else None
            return value if type(value) is MaybeGone else True
        unknown = in_keys(container)
        return False if unknown is None else unknown
    unknown = None
    try:
        for other in iterate(container, at):
            answer = True if other is item else equal(other, item, at)
            if answer is True:
                return True
            unknown = answer if isinstance(answer, Unknown) else unknown
    except UnknownElementsError as problem:
        return problem.unknown
    return False if unknown is None else unknown


def unary(sign: str, value: Any, at: At) -> Any:
    """``-value`` and its kin."""
    if isinstance(value, Value):
        return value.unary(sign, at)
    try:
        return UNARY[sign](value)
    except HOST_ERRORS as problem:
        as_raised(problem, at)


def truth(value: Any, at: At) -> bool | Unknown:
    """Whether VALUE is true; Unknown when that is not known."""
    if isinstance(value, Value):
        return value.truth(at)
    many = UnknownMany.among(value, at)
    if many is not None and all(type(inner) is UnknownMany for inner in value):
        return many
    if isinstance(value, dict | set | frozenset) and value:
        return _is_filled(value)
    return value is NotImplemented or bool(value)


def _is_filled(value: Any) -> bool | Unknown:
    """Whether one of the keys or members that VALUE has is there for sure."""
    unknown = None
    for key in value:
        inner = value[key] if isinstance(value, dict) else None
        if isinstance(key, Unknown) or type(inner) is MaybeGone:
            unknown = inner if type(inner) is MaybeGone else key
        elif type(key) is UnknownKey:
            unknown = key.unknown
        else:
            return True
    return True if unknown is None else unknown


def length(value: Any, at: At) -> Any:
    """``len(value)``."""
    if isinstance(value, Value):
        return value.length(at)
    unknown = in_keys(value)  # it stands for any number, or may be one of the others
    unknown = UnknownMany.among(value, at) if unknown is None else unknown
    unknown = MaybeGone.among(value, at) if unknown is None else unknown
    if unknown is not None:
        return unknown
    try:
        return len(value)
    except TypeError:
        raised(at, "TypeError", f"object of type '{type_name(value)}' has no len()")
