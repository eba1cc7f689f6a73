"""Operators on values: arithmetic, comparison, truth, subscripts, iteration, text; all within the budget."""

from __future__ import annotations

import collections
import operator as op
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from goflow.parser.interpreter.orders import in_any_order, unordered
from goflow.parser.interpreter.values import (
    CONTAINERS as FIRST_CONTAINERS,
)
from goflow.parser.interpreter.values import (
    AnyOrder,
    At,
    MaybeGone,
    OneOf,
    Raised,
    Unknown,
    UnknownElementsError,
    UnknownKey,
    UnknownMany,
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
HOST_ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RuntimeError)


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
        return _percent(left, right, at)
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
        return _percent(left, right, at)
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
        unknown = _in_keys(left, right)
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
        unknown = _in_keys(left, right)
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


def as_raised(problem: BaseException, at: At) -> NoReturn:
    """Raise what Python itself has raised in an operation as the file's exception."""
    from goflow.parser.interpreter.exceptions import from_host

    raise Raised(from_host(at.session, problem), at) from None


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


def _percent(template: Any, values: Any, at: At) -> Any:
    import re

    unknown = first_unknown(values)
    if unknown is not None:
        return unknown
    sizes = re.findall(r"%[^a-zA-Z%]*?(\d+)", template) if isinstance(template, str) else []
    for width in [*sizes, *_stars(template, values)]:
        at.session.budget.check_size(int(str(width)[:9]), at)
    unknowns: list[Unknown] = []

    def shown(value: Any) -> Any:
        return _Shown(value, at, unknowns) if isinstance(value, (Value, *CONTAINERS)) else value

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
    unknown = None if same or not isinstance(left, _HASHED) else _in_keys(left, right)
    return same if unknown is None else unknown


def _in_keys(*values: Any) -> Unknown | None:
    """The first Unknown among the members of sets or the keys of dicts, those that stand for many included."""
    for value in values:
        if not isinstance(value, _HASHED) or _PLAIN.issuperset(map(type, value)):  # nearly all
            continue
        for key in value:
            found = first_unknown(getattr(key, "unknown", key))
            if found is not None:
                return found
    return None


_PLAIN = frozenset({str, int, float, bool, type(None)})


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
    if isinstance(container, _HASHED):
        try:
            found = item in container
        except HOST_ERRORS as problem:
            as_raised(problem, at)
        if found:
            value = container[item] if isinstance(container, dict) else None
            return value if type(value) is MaybeGone else True
        unknown = _in_keys(container)
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


_HASHED: tuple[Any, ...] = (dict, set, frozenset, type({}.keys()), type({}.items()), collections.ChainMap)


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
    unknown = _in_keys(value)  # it stands for any number, or may be one of the others
    unknown = UnknownMany.among(value, at) if unknown is None else unknown
    unknown = MaybeGone.among(value, at) if unknown is None else unknown
    if unknown is not None:
        return unknown
    try:
        return len(value)
    except TypeError:
        raised(at, "TypeError", f"object of type '{type_name(value)}' has no len()")


def get_item(value: Any, key: Any, at: At) -> Any:
    """``value[key]``."""
    if isinstance(value, Value):
        return value.get_item(key, at)
    if isinstance(key, Unknown):
        return some_item(value, key, at)
    if isinstance(key, slice | tuple):
        parts = key if isinstance(key, tuple) else (key.start, key.stop, key.step)
        if (unknown := first_unknown(parts)) is not None:
            return unknown
    if (why := order_of(value)) is not None:
        return why
    many = UnknownMany.among(value, at)
    if many is not None and not _stands_clear(value, key):
        return many
    try:
        if type(value) is not dict and isinstance(value, dict) and key not in value:  # it may make what is missing
            unknown = hidden_key(value)
            if unknown is not None:
                return unknown
        if type(value) is collections.ChainMap and (unknown := _in_keys(*value.maps[:-1])) is not None:
            return unknown
        found = value[key if isinstance(value, dict) else plain_host(key)]
        if isinstance(key, slice):
            at.session.budget.made(len(found), at)
        return found
    except KeyError:
        from goflow.parser.interpreter.exceptions import make_exception

        unknown = hidden_key(value)
        unknown = first_unknown(list(value)) if unknown is None else unknown
        if unknown is not None:
            return unknown
        raise Raised(make_exception(at.session, "KeyError", (key,)), at) from None
    except HOST_ERRORS as problem:
        as_raised(problem, at)


def some_item(value: Any, key: Unknown, at: At) -> Unknown:
    """``value[key]`` with a KEY that is not known."""
    if type(value) is not dict and isinstance(value, dict) and not isinstance(value, collections.Counter):
        at.session.journal.touch(value)
        value[UnknownKey(key)] = key  # what is missing is made
    if isinstance(value, MUTABLE):
        return OneOf.of(key, [value], inside=True)
    return OneOf.of(key, value) if isinstance(value, tuple) else key


def _stands_clear(value: Any, key: Any) -> bool:
    """Whether VALUE[KEY] stands between its end that KEY counts from and all that stands for many."""
    places = [place for place, inner in enumerate(value) if type(inner) is UnknownMany]
    if not isinstance(key, int):
        return False
    return key < places[0] if key >= 0 else len(value) + key > places[-1]


def _count_parts(value: tuple[Any, ...], at: At) -> None:
    """A step for each tuple in VALUE as often as it is there: Python's own hash has no steps."""
    at.session.budget.step(at)
    for inner in value:
        if isinstance(inner, tuple):
            _count_parts(inner, at)


def check_hashable(key: Any, at: At) -> None:
    """TypeError for keys that cannot be hashed."""
    if isinstance(key, tuple):
        _count_parts(key, at)
    try:
        hash(key)
    except TypeError as problem:
        raised(at, "TypeError", str(problem))


def set_item(value: Any, key: Any, new: Any, at: At) -> None:
    """``value[key] = new``."""
    if isinstance(value, Value):
        value.set_item(key, new, at)
        return
    if isinstance(value, MUTABLE):
        at.session.journal.touch(value)
        if isinstance(key, Unknown | slice | tuple):
            from goflow.parser.interpreter.mutations import in_their_order, set_somewhere, unknown_part

            if unknown_part(key) is not None:
                set_somewhere(value, key, new, at)
                return
            if isinstance(value, list) and isinstance(key, slice):
                new = elements(new, at)
                new = [UnknownMany.of(new)] if isinstance(new, Unknown) else in_their_order(new, at)
    try:
        value[key] = new
    except HOST_ERRORS as problem:
        as_raised(problem, at)
    if isinstance(value, dict):
        at.session.budget.check_size(len(value), at)


def delete_item(value: Any, key: Any, at: At) -> None:
    """``del value[key]``."""
    if isinstance(value, Value):
        value.delete_item(key, at)
        return
    if isinstance(value, MUTABLE):
        at.session.journal.touch(value)
        if isinstance(key, Unknown | slice | tuple):
            from goflow.parser.interpreter.mutations import delete_somewhere, unknown_part

            if unknown_part(key) is not None:
                delete_somewhere(value, key, at)
                return
        if isinstance(value, dict) and key not in value and hidden_key(value) is not None:
            return  # it may have been one of those
    try:
        del value[key]
    except HOST_ERRORS as problem:
        as_raised(problem, at)


MUTABLE = (dict, list, set, collections.deque)


def iterate(value: Any, at: At) -> Iterator[Any]:
    """An iterator over VALUE, each element a step. An Unknown cannot be iterated: callers ask first."""
    if isinstance(value, Value):
        yield from value.iterate(at)
        return
    gone = MaybeGone.among(value, at)
    if gone is not None:
        raise UnknownElementsError(gone)
    try:
        iterator = iter(value)
    except TypeError:
        raised(at, "TypeError", f"'{type_name(value)}' object is not iterable")
    step = at.session.budget.step
    draw = at.session.journal.draw if iterator is value else None  # somebody else may draw from it, too
    while True:
        if draw is not None:
            draw(iterator, at)
        try:
            element = next(iterator)
        except StopIteration:
            return
        except RecursionError:
            raise
        except Exception as problem:  # a dict that changes under the loop, say, or arguments that are found to be wrong
            from goflow.parser.interpreter.session import may_be_files

            if not (isinstance(problem, TypeError) or may_be_files(problem)):
                raise
            as_raised(problem, at)
        step(at)
        yield element


def iterate_now(value: Any, at: At) -> Iterator[Any]:
    """The same; what cannot be iterated is told now and not at the first element."""
    if isinstance(value, Value):
        return iterate(value, at)
    try:
        iter(value)
    except TypeError:
        raised(at, "TypeError", f"'{type_name(value)}' object is not iterable")
    return iterate(value, at)


def elements(value: Any, at: At) -> list[Any] | Unknown:
    """All elements of VALUE as a list, or the Unknown that it is."""
    if isinstance(value, Unknown):
        return value
    found: list[Any] = []
    try:
        for element in iterate(value, at):
            found.append(element)
            at.session.budget.check_size(len(found), at)
    except UnknownElementsError as problem:
        return problem.unknown
    return in_any_order(found, unordered(value, at))


def plain_host(value: Any) -> Any:
    """The text or number inside an instance of a class that derives from ``str`` or ``int``; else VALUE itself."""
    inner = getattr(value, "data", None) if isinstance(value, Value) else None
    return inner if isinstance(inner, str | int | float | bytes) else value


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
    if isinstance(value, CONTAINERS):
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
    if not isinstance(value, CONTAINERS):
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


CONTAINERS = (*FIRST_CONTAINERS, collections.ChainMap)


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
