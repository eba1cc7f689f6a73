"""Subscripts and iteration; all within the budget."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any

from goflow.parser.interpreter.alternatives import MaybeGone, OneOf, UnknownMany
from goflow.parser.interpreter.orders import in_any_order, unordered
from goflow.parser.interpreter.plain_values import HOST_ERRORS, as_raised, plain_host, type_name
from goflow.parser.interpreter.values import (
    At,
    Raised,
    Unknown,
    UnknownElementsError,
    UnknownKey,
    Value,
    first_unknown,
    hidden_key,
    order_of,
    raised,
)


def in_keys(*values: Any) -> Unknown | None:
    """The first Unknown among the members of sets or the keys of dicts, those that stand for many included."""
    for value in values:
        if not isinstance(value, HASHED) or _PLAIN.issuperset(map(type, value)):  # nearly all
            continue
        for key in value:
            found = first_unknown(getattr(key, "unknown", key))
            if found is not None:
                return found
    return None


_PLAIN = frozenset({str, int, float, bool, type(None)})


HASHED: tuple[Any, ...] = (dict, set, frozenset, type({}.keys()), type({}.items()), collections.ChainMap)


def get_item(value: Any, key: Any, at: At) -> Any:
    """``value[key]``."""
    if isinstance(value, Value):
        return value.get_item(key, at)
    if isinstance(key, Unknown):
        return some_item(value, key, at)
    if isinstance(key, slice | tuple):
        parts = key if isinstance(key, tuple) else (key.start, key.stop, key.step)
        if (unknown := first_unknown(parts)) is not None:
            return some_item(value, unknown, at)
    if (why := order_of(value)) is not None:
        return OneOf.of(why, value)
    many = UnknownMany.among(value, at)
    if many is not None and not _stands_clear(value, key):
        return OneOf.of(Unknown(many.reason, many.at), value)
    try:
        if type(value) is not dict and isinstance(value, dict) and key not in value:  # it may make what is missing
            unknown = hidden_key(value)
            if unknown is not None:
                at.session.journal.touch(value)
                value[key] = found = OneOf.of(unknown, hidden_values(value))
                return found
        if type(value) is collections.ChainMap and (unknown := in_keys(*value.maps[:-1])) is not None:
            return OneOf.of(unknown, value.maps)
        found = value[key if isinstance(value, dict) else plain_host(key)]
        if isinstance(key, slice):
            at.session.budget.made(len(found), at)
        return found
    except KeyError:
        from goflow.parser.interpreter.exceptions import make_exception

        unknown = hidden_key(value)
        unknown = first_unknown(list(value)) if unknown is None else unknown
        if unknown is not None:
            return OneOf.of(unknown, hidden_values(value) if isinstance(value, dict) else value.maps)
        raise Raised(make_exception(at.session, "KeyError", (key,)), at) from None
    except HOST_ERRORS as problem:
        as_raised(problem, at)


def hidden_values(value: dict[Any, Any]) -> list[Any]:
    """What stands under those keys of VALUE that are not known."""
    return [inner for key, inner in value.items() if type(key) not in _PLAIN and hidden_key((key,)) is not None]


def some_item(value: Any, key: Unknown, at: At) -> Unknown:
    """``value[key]`` with a KEY that is not known."""
    if type(value) is not dict and isinstance(value, dict) and not isinstance(value, collections.Counter):
        at.session.journal.touch(value)
        value[UnknownKey(key)] = key  # what is missing is made
    if isinstance(value, dict):
        return OneOf.of(key, value.values())
    return OneOf.of(key, value) if isinstance(value, list | tuple | collections.deque) else key


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
    many = UnknownMany.among(value, at)
    draw = at.session.journal.draw if iterator is value else None  # somebody else may draw from it, too
    while True:
        if draw is not None:
            draw(iterator, at)
        try:
            element = next(iterator)
        except UnknownElementsError as problem:  # and whoever asks once more does not know either
            at.session.journal.spoil(iterator, problem.unknown)
            raise
        except StopIteration:
            found = UnknownMany.among(value, at)
            if found is not many and found is not None:  # not known any more since the loop has begun
                raise UnknownElementsError(found) from None
            return
        except RecursionError:
            raise
        except Exception as problem:  # a dict that changes under the loop, say, or arguments that are found to be wrong
            from goflow.parser.interpreter.session import may_be_files

            unknown = hidden_key(value) if isinstance(problem, RuntimeError) and isinstance(value, HASHED) else None
            if unknown is not None:
                raise UnknownElementsError(unknown) from None
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
        value.drawn_from(at)
        return value
    found: list[Any] = []
    try:
        for element in iterate(value, at):
            found.append(element)
            at.session.budget.check_size(len(found), at)
    except UnknownElementsError as problem:
        return problem.unknown
    return in_any_order(found, unordered(value, at))
