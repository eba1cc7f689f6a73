"""Operators on values: arithmetic, comparison, truth, subscripts, iteration, text; all within the budget."""

from __future__ import annotations

import collections
import operator as op
from collections.abc import Callable, Iterator
from typing import Any

from goflow.parser.interpreter.values import At, Raised, Unknown, Value, first_unknown, raised

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": op.add, "-": op.sub, "*": op.mul, "/": op.truediv, "//": op.floordiv, "%": op.mod, "**": op.pow,
    "<<": op.lshift, ">>": op.rshift, "&": op.and_, "|": op.or_, "^": op.xor, "@": op.matmul,
    "==": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge,
}  # fmt: skip
DUNDERS = {
    "+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "//": "__floordiv__", "%": "__mod__",
    "**": "__pow__", "<<": "__lshift__", ">>": "__rshift__", "&": "__and__", "|": "__or__", "^": "__xor__",
    "==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__",
}  # fmt: skip
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
REFLECTED_DUNDERS = {
    **{sign: name.replace("__", "__r", 1) for sign, name in DUNDERS.items() if sign not in MIRRORED},
    **{sign: DUNDERS[mirror] for sign, mirror in MIRRORED.items()},
}
UNARY: dict[str, Callable[[Any], Any]] = {"-": op.neg, "+": op.pos, "~": op.invert}
HOST_ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


def binary(sign: str, left: Any, right: Any, at: At) -> Any:
    """``left SIGN right``."""
    at.session.budget.step(at)
    if isinstance(left, Unknown):
        if isinstance(right, Value) and not isinstance(right, Unknown):
            answer = right.binary(sign, left, at, reflected=True)  # a task may take note of an unknown neighbour
            if answer is not NotImplemented:
                return answer
        return left
    if isinstance(left, Value):
        answer = left.binary(sign, right, at, reflected=False)
        if answer is not NotImplemented:
            return answer
    if isinstance(right, Value):
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


def _host_binary(sign: str, left: Any, right: Any, at: At) -> Any:
    budget = at.session.budget
    if sign == "*":
        for long, count in ((left, right), (right, left)):
            if isinstance(long, str | bytes | list | tuple) and isinstance(count, int):
                budget.check_size(len(long) * max(count, 0), at)
    elif sign == "**" and isinstance(left, int) and isinstance(right, int):
        budget.check_size(left.bit_length() * abs(right), at)
    elif sign == "<<" and isinstance(right, int):
        budget.check_size(right, at)
    elif sign == "%" and isinstance(left, str):
        return _percent(left, right, at)
    elif sign in {"<", "<=", ">", ">="}:
        unknown = first_unknown((left, right))
        if unknown is not None:
            return unknown
    try:
        answer = BINARY[sign](left, right)
    except HOST_ERRORS as problem:
        raised(at, _kind(problem), str(problem))
    if isinstance(answer, str | list | tuple):
        budget.check_size(len(answer), at)
    return answer


def _percent(template: str, values: Any, at: At) -> Any:
    import re

    unknown = first_unknown(values)
    if unknown is not None:
        return unknown
    for width in re.findall(r"%[^a-zA-Z%]*?(\d+)", template):
        at.session.budget.check_size(int(width), at)
    try:
        return template % plain_texts(values, at)
    except HOST_ERRORS as problem:
        raised(at, _kind(problem), str(problem))


def plain_texts(values: Any, at: At) -> Any:
    """VALUES with every `Value` replaced by its text, for formatting."""
    if isinstance(values, Value):
        return text(values, at)
    if isinstance(values, tuple):
        return tuple(plain_texts(value, at) for value in values)
    if isinstance(values, dict):
        return {key: plain_texts(value, at) for key, value in values.items()}
    return values


def _equal_contents(left: Any, right: Any, at: At) -> bool | Unknown:
    """``==`` of two values, either of which may hold values of ours."""
    if left is right and first_unknown(left) is None:
        return True
    if isinstance(left, Value) or isinstance(right, Value):
        return False  # two objects without __eq__: identity
    if type(left) is type(right) and isinstance(left, list | tuple):
        if len(left) != len(right):
            unknown = first_unknown((left, right))
            return False if unknown is None else unknown
        answers = [binary("==", a, b, at) for a, b in zip(left, right, strict=True)]
        return _all(answers)
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            unknown = first_unknown((left, right))
            return False if unknown is None else unknown
        return _all([binary("==", left[key], right[key], at) for key in left])
    try:
        return bool(left == right)
    except HOST_ERRORS as problem:
        raised(at, _kind(problem), str(problem))


def _all(answers: list[Any]) -> bool | Unknown:
    if any(answer is False for answer in answers):
        return False
    return next((answer for answer in answers if isinstance(answer, Unknown)), True)


def equal(left: Any, right: Any, at: At) -> bool | Unknown:
    """``left == right``."""
    answer = binary("==", left, right, at)
    return truth(answer, at)


def identical(left: Any, right: Any) -> bool | Unknown:
    """``left is right``."""
    for value in (left, right):
        if isinstance(value, Unknown):
            return value
    if isinstance(left, Value) or isinstance(right, Value) or left is None or right is None:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str | int | float | bytes) and type(left) is type(right):
        return bool(left == right)  # small constants are one object in CPython
    return left is right


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
            return item in container
        except HOST_ERRORS as problem:
            raised(at, _kind(problem), str(problem))
    if isinstance(container, dict | set | frozenset) and not isinstance(item, Value):
        try:
            found = item in container
        except HOST_ERRORS as problem:
            raised(at, _kind(problem), str(problem))
        if found:
            return True
        unknown = first_unknown(list(container))
        return False if unknown is None else unknown
    answers = [equal(other, item, at) for other in iterate(container, at)]
    if any(answer is True for answer in answers):
        return True
    return next((answer for answer in answers if isinstance(answer, Unknown)), False)


def unary(sign: str, value: Any, at: At) -> Any:
    """``-value`` and its kin."""
    if isinstance(value, Value):
        return value.unary(sign, at)
    try:
        return UNARY[sign](value)
    except HOST_ERRORS as problem:
        raised(at, _kind(problem), str(problem))


def truth(value: Any, at: At) -> bool | Unknown:
    """Whether VALUE is true; Unknown when that is not known."""
    if isinstance(value, Value):
        return value.truth(at)
    return bool(value)


def length(value: Any, at: At) -> Any:
    """``len(value)``."""
    if isinstance(value, Value):
        return value.length(at)
    try:
        return len(value)
    except TypeError:
        raised(at, "TypeError", f"object of type '{type_name(value)}' has no len()")


def get_item(value: Any, key: Any, at: At) -> Any:
    """``value[key]``."""
    if isinstance(value, Value):
        return value.get_item(key, at)
    if isinstance(key, Unknown):
        return key
    if isinstance(key, slice):
        unknown = first_unknown((key.start, key.stop, key.step))
        if unknown is not None:
            return unknown
    try:
        return value[key]
    except KeyError:
        from goflow.parser.interpreter.exceptions import make_exception

        unknown = first_unknown(list(value))
        if unknown is not None:
            return unknown
        raise Raised(make_exception(at.session, "KeyError", (key,)), at) from None
    except HOST_ERRORS as problem:
        raised(at, _kind(problem), str(problem))


def set_item(value: Any, key: Any, new: Any, at: At) -> None:
    """``value[key] = new``."""
    if isinstance(value, Value):
        value.set_item(key, new, at)
        return
    if isinstance(value, dict | list):
        at.session.journal.touch(value)
    try:
        value[key] = new
    except HOST_ERRORS as problem:
        raised(at, _kind(problem), str(problem))


def delete_item(value: Any, key: Any, at: At) -> None:
    """``del value[key]``."""
    if isinstance(value, Value):
        value.delete_item(key, at)
        return
    if isinstance(value, dict | list):
        at.session.journal.touch(value)
    try:
        del value[key]
    except HOST_ERRORS as problem:
        raised(at, _kind(problem), str(problem).strip("'") if isinstance(problem, KeyError) else str(problem))


def iterate(value: Any, at: At) -> Iterator[Any]:
    """An iterator over VALUE, each element a step. An Unknown cannot be iterated: callers ask first."""
    if isinstance(value, Value):
        yield from value.iterate(at)
        return
    try:
        iterator = iter(list(value)) if isinstance(value, dict | set | frozenset) else iter(value)
    except TypeError:
        raised(at, "TypeError", f"'{type_name(value)}' object is not iterable")
    for element in iterator:
        at.session.budget.step(at)
        yield element


def elements(value: Any, at: At) -> list[Any] | Unknown:
    """All elements of VALUE as a list, or the Unknown that it is."""
    if isinstance(value, Unknown):
        return value
    found = []
    for element in iterate(value, at):
        found.append(element)
        at.session.budget.check_size(len(found), at)
    return found


def type_name(value: Any) -> str:
    """The name of VALUE's type, as Python's error messages have it."""
    if isinstance(value, Value):
        return value.type_name
    return "NoneType" if value is None else type(value).__name__


def text(value: Any, at: At) -> Any:
    """``str(value)``: a str or an Unknown."""
    if isinstance(value, Value):
        return value.text(at)
    if isinstance(value, str):
        return value
    return representation(value, at) if isinstance(value, list | tuple | dict | set | frozenset) else str(value)


def representation(value: Any, at: At) -> Any:
    """``repr(value)``: a str or an Unknown."""
    if isinstance(value, Value):
        return value.representation(at)
    match value:
        case list():
            return _joined(value, "[", "]", at)
        case collections.Counter():
            ordered = dict(value.most_common()) if first_unknown(list(value.values())) is None else dict(value)
            return _called("Counter", ordered, at) if value else "Counter()"
        case collections.OrderedDict() if value:
            return Unknown("how an OrderedDict is shown, which Python 3.12 has changed", at)
        case tuple() if type(value) is tuple:
            return _joined(list(value), "(", ",)" if len(value) == 1 else ")", at)
        case tuple() if hasattr(value, "_fields"):
            shown = [representation(inner, at) for inner in value]
            unknown = first_unknown(shown)
            named = ", ".join(f"{name}={inner}" for name, inner in zip(value._fields, shown, strict=True))
            return unknown if unknown is not None else f"{type(value).__name__}({named})"
        case dict():
            pairs = [_pair(key, inner, at) for key, inner in value.items()]
            unknown = first_unknown(pairs)
            return unknown if unknown is not None else "{" + ", ".join(pairs) + "}"
        case set() | frozenset() if len(value) > 1:
            return Unknown("the order of a set", at)
    return repr(value)


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
    return unknown if unknown is not None else start + ", ".join(parts) + end


def formatted(value: Any, spec: str, at: At) -> Any:
    """``format(value, spec)``: a str or an Unknown."""
    import re

    if isinstance(value, Unknown):
        return value
    if isinstance(value, Value):
        method = getattr(value, "method", None)
        by_class = method("__format__", at) if method is not None else None
        if by_class is not None:
            return by_class.call([spec], {}, at)
        own = getattr(value, "format_with", None)
        if own is not None and spec:
            return own(spec, at)
        answer = text(value, at)
        return answer if isinstance(answer, Unknown) or not spec else formatted(answer, spec, at)
    if not spec:
        return text(value, at)
    for width in re.findall(r"\d+", spec) if "%" not in spec else []:
        at.session.budget.check_size(int(width), at)
    try:
        return format(value, spec)
    except HOST_ERRORS as problem:
        raised(at, _kind(problem), str(problem))


def _kind(problem: BaseException) -> str:
    return type(problem).__name__
