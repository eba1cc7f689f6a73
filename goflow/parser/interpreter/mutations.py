"""Methods that change Python's own containers in place, and what they leave when something about them is not known.

A key or an index that is not known may be any: whatever it may have changed is not known afterwards.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from goflow.parser.interpreter.alternatives import MaybeGone, OneOf, UnknownMany, so_many
from goflow.parser.interpreter.items import check_hashable, elements, hidden_values
from goflow.parser.interpreter.operations import equal
from goflow.parser.interpreter.orders import unordered
from goflow.parser.interpreter.values import (
    At,
    Raised,
    Unknown,
    UnknownElementsError,
    UnknownKey,
    first_unknown,
    forget_order,
    hidden_key,
    key_order_of,
    order_of,
    raised,
    settle_order,
)

_OF_SEQUENCES = {"append", "extend", "insert", "remove", "pop", "clear", "reverse"}
_OF_TWO_SETS = {"difference_update", "intersection_update", "symmetric_difference_update"}
MUTATORS: dict[type, frozenset[str]] = {
    collections.deque: frozenset(_OF_SEQUENCES | {"appendleft", "extendleft", "popleft", "rotate"}),
    list: frozenset(_OF_SEQUENCES | {"sort"}),
    dict: frozenset({"update", "setdefault", "pop", "popitem", "clear", "move_to_end"}),
    set: frozenset({"add", "discard", "remove", "pop", "clear", "update"} | _OF_TWO_SETS),
}

CHANGING = frozenset[str]().union(*MUTATORS.values())
"""All of them."""


def mutate(value: Any, name: str, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    """``value.name(*args, **kwargs)``, NAME one of the MUTATORS of VALUE's type."""
    at.session.journal.touch(value)
    answer = None
    if name == "update":
        _update(value, args, kwargs, at)
    elif isinstance(value, dict):
        answer = _of_dict(value, name, args, kwargs, at)
    elif isinstance(value, set):
        answer = _of_set(value, name, args, kwargs, at)
    else:
        answer = _of_sequence(value, name, args, kwargs, at)
    at.session.budget.check_size(len(value), at)
    return answer


def in_their_order(values: list[Any], at: At) -> list[Any]:
    """VALUES for a list that other code goes on with: where their order is not known, none of them is."""
    why = unordered(values, at)
    return values if why is None else so_many(why, len(values), values)


def _run(value: Any, name: str, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    return at.session.guarded(lambda at, *a, **k: getattr(value, name)(*a, **k), at, args, kwargs, name)


def _of_sequence(value: Any, name: str, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    if name in {"extend", "extendleft"} and len(args) == 1:
        tail = elements(args[0], at)
        getattr(value, name)([UnknownMany.of(tail)] if isinstance(tail, Unknown) else in_their_order(tail, at))
        return None
    if name == "sort" and isinstance(value, list):
        return _sort(value, kwargs, at)
    if name == "remove" and len(args) == 1:
        return _remove(value, args[0], at)
    if name == "pop" and (why := order_of(value)) is not None:
        found = OneOf.of(why, value[:])
        value[:] = so_many(why, len(value) - 1, value[:])
        return found
    place = args[0] if args and name in {"pop", "insert", "rotate"} else None
    if isinstance(place, Unknown) and (value or name == "insert"):
        length = len(value) + {"pop": -1, "insert": 1, "rotate": 0}[name]
        found = _somewhere(value, place, length, at, args[1:])
        return found if name == "pop" else None
    many = UnknownMany.among(value, at)
    if many is not None and (found := _beside_many(value, name, args, many)) is not NotImplemented:
        return found
    return _run(value, name, args, kwargs, at)


def _beside_many(value: Any, name: str, args: Any, many: UnknownMany) -> Any:
    """What NAME gives of a VALUE of which one element stands for MANY; NotImplemented where it is as with others."""
    if name == "insert" and args[0] != 0:
        value[:] = [UnknownMany.of(many, [*value, *args[1:]])]
        return None
    if name == "rotate" or (name == "pop" and len(args) == 1 and args[0] not in {0, -1}):
        found = UnknownMany.of(many, list(value))
        value.clear()
        value.append(found)
        return OneOf.of(found, [found]) if name == "pop" else None
    taken = {"pop": 0 if args and args[0] == 0 else -1, "popleft": 0}.get(name)
    return many if taken is not None and type(value[taken]) is UnknownMany else NotImplemented


def _somewhere(value: Any, unknown: Unknown, length: int, at: At, new: Sequence[Any] = ()) -> Unknown:
    """VALUE has been changed where nobody knows, to hold NEW; it is now of that LENGTH. What was there."""
    many = UnknownMany.among(value, at)
    things = [*value, *new]
    value.clear()
    value.extend(so_many(unknown, length, things) if many is None else [UnknownMany.of(many, things)])
    return OneOf.of(unknown, things)


def _sort(value: list[Any], kwargs: dict[str, Any], at: At) -> None:
    from goflow.parser.interpreter.host import sorted_values
    from goflow.parser.interpreter.unread import may_be_called

    many = UnknownMany.among(value, at)
    if many is not None:
        may_be_called(kwargs.values(), many, at)
    try:
        value[:] = [UnknownMany.of(many, value)] if many is not None else sorted_values(value, at, **kwargs)
    except UnknownElementsError as problem:
        may_be_called(kwargs.values(), problem.unknown, at)
        value[:] = so_many(problem.unknown, len(value), value)
    except Raised:  # Python leaves it in some order that it had come to
        value[:] = so_many(Unknown("the order of a list whose sorting failed", at), len(value), value)
        raise
    settle_order(value)


def _remove(value: Any, item: Any, at: At) -> None:
    for index, other in enumerate(value):
        same = True if other is item and not isinstance(item, Unknown) else equal(other, item, at)
        if isinstance(same, Unknown):  # this one or a later one
            left = list(value)[index:]
            many = UnknownMany.among(value, at)
            while len(value) > index:
                value.pop()
            value.extend(so_many(same, len(left) - 1, left) if many is None else [UnknownMany.of(many, left)])
            return
        if same:
            del value[index]
            return
    raised(at, "ValueError", "list.remove(x): x not in list")


def _update(value: Any, args: Any, kwargs: dict[str, Any], at: At) -> None:
    from goflow.parser.interpreter.host import as_mapping

    if isinstance(value, set):
        for argument in args:
            more = elements(argument, at)
            for member in [more] if isinstance(more, Unknown) else more:
                check_hashable(member, at)
                value.add(member)
        return
    for argument in args:
        mapping = as_mapping(argument, at)
        if isinstance(mapping, Unknown):
            set_unknown(value, UnknownKey(mapping), mapping.derived() if not isinstance(mapping, OneOf) else mapping)
        else:
            merge(value, mapping, at)
    merge(value, kwargs, at)


def _of_dict(value: dict[Any, Any], name: str, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    hidden = hidden_key(value)
    hidden = key_order_of(value) if hidden is None and name == "popitem" else hidden
    gone = MaybeGone.among(value, at)
    if name == "popitem" and (unknown := hidden if hidden is not None else gone) is not None:
        return forget_keys(value, unknown)
    if name == "clear" or not args:
        return _run(value, name, args, kwargs, at)
    key = args[0]
    check_hashable(key, at)
    if (unknown := unknown_part(key)) is not None:
        found = OneOf.of(unknown, [*value.values(), *args[1:]])
        if name == "pop" and value:
            forget_keys(value, unknown)
        elif name == "setdefault":
            value[UnknownKey(unknown)] = found
        return found if name in {"pop", "setdefault"} else None
    if name in {"pop", "setdefault"} and hidden is not None and key not in value:
        found = OneOf.of(hidden, [*hidden_values(value), *args[1:]])
        if name == "setdefault":
            value[key] = found
        return found
    answer = _run(value, name, args, kwargs, at)
    if name == "setdefault" and type(answer) is MaybeGone:
        value[key] = answer = OneOf.of(Unknown(answer.reason, answer.at), [answer, *args[1:]])
    elif type(answer) is MaybeGone:
        answer = OneOf.of(answer, [answer, *args[1:]])
    return answer


def _of_set(value: set[Any], name: str, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    hidden = hidden_key(value)
    if name == "pop" and value and (unknown := hidden if hidden is not None else unordered(value, at)) is not None:
        found = OneOf.of(unknown, value)
        left = [found] if hidden is not None else so_many(unknown, len(value) - 1, value)
        value.clear()
        value.update(left)
        return found
    if name in {"remove", "discard"} and len(args) == 1 and value:
        if isinstance(args[0], set):  # a set is looked for as the frozenset that it is equal to
            args = [frozenset(args[0])]
        check_hashable(args[0], at)
        if isinstance(args[0], Unknown):
            return _only(value, args[0])
        if hidden is not None and args[0] not in value:
            return None
    if name in _OF_TWO_SETS:
        args = [elements(argument, at) for argument in args]
        unknown = next((argument for argument in args if isinstance(argument, Unknown)), None)
        if unknown is not None:  # whatever was in it may be gone
            return _only(value, unknown)
        args = [list(argument) for argument in args]
    return _run(value, name, args, kwargs, at)


def _only(value: set[Any], unknown: Unknown) -> None:
    left = OneOf.of(unknown, value)
    value.clear()
    value.add(left)


def forget_keys(value: dict[Any, Any], unknown: Unknown) -> Unknown:
    """One of VALUE's keys is gone, and UNKNOWN is why nobody knows which; what was under it."""
    found = OneOf.of(unknown, value.values())
    for key, inner in value.items():
        value[key] = MaybeGone.of(unknown, [inner])
    return found


def forget_contents(value: Any, why: Unknown, others: Sequence[Any] = ()) -> None:
    """Nothing is known any more of what is in VALUE for the reason WHY; it may be what was in it, or is in OTHERS."""
    why.at.session.journal.touch(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            value[key] = MaybeGone.of(why, [inner, *others])
        value[UnknownKey(why)] = OneOf.of(why, [*value.values(), *others])
        return
    things = [*value, *others]
    value.clear()
    if isinstance(value, set):
        value.add(OneOf.of(why, things))
    else:
        value.append(UnknownMany.of(why, things))


def set_unknown(value: dict[Any, Any], key: Any, new: Any) -> None:
    """``value[key] = new`` with a KEY that stands for any: each of the others may be it."""
    _spread(value, key.unknown if isinstance(key, UnknownKey) else key, new)
    value[key] = new


def _spread(value: dict[Any, Any], unknown: Unknown, new: Any) -> None:
    """NEW may have become what any key of VALUE leads to."""
    for other, before in value.items():
        if before is not new:
            value[other] = OneOf.of(Unknown(unknown.reason, unknown.at), [before, new])


def set_somewhere(value: Any, key: Any, new: Any, at: At) -> None:
    """``value[key] = new`` with a KEY that is not known, or is a slice whose ends are not."""
    unknown = unknown_part(key)
    assert unknown is not None
    if isinstance(value, dict):
        if value is at.module.names:  # ``globals()[...]``: taken to be a name of its own
            value[UnknownKey(unknown)] = new
        else:
            set_unknown(value, key if isinstance(key, Unknown | UnknownKey) else UnknownKey(unknown), new)
    elif isinstance(key, slice):
        value[:] = [UnknownMany.of(unknown, [*value, new])]
    elif value:
        _somewhere(value, unknown, len(value), at, [new])


def delete_somewhere(value: Any, key: Any, at: At) -> None:
    """``del value[key]`` with a KEY that is not known, or is a slice whose ends are not."""
    unknown = unknown_part(key)
    assert unknown is not None
    if isinstance(value, dict):
        if value is not at.module.names:
            forget_keys(value, unknown)
    elif isinstance(key, slice):
        value[:] = [UnknownMany.of(unknown, value[:])]
    elif value:
        _somewhere(value, unknown, len(value) - 1, at)


def merge(value: dict[Any, Any], more: Mapping[Any, Any], at: At) -> None:
    """``value.update(more)``: a key of MORE that is not known may be any that VALUE has."""
    if value and value is not at.module.names and hidden_key(more) is not None:
        for key, new in more.items():
            if (unknown := unknown_part(key)) is not None:
                _spread(value, unknown, new)
    value.update(more)
    if isinstance(more, dict) and (why := key_order_of(more)) is not None:
        forget_order(value, why)


def put(value: dict[Any, Any], pairs: Iterable[tuple[Any, Any]], at: At) -> dict[Any, Any]:
    """``value[key] = new`` for each of PAIRS; VALUE."""
    for key, new in pairs:
        if unknown_part(key) is not None:
            set_somewhere(value, key, new, at)
        else:
            value[key] = new
    return value


def unknown_part(key: Any) -> Unknown | None:
    """Why KEY is not known, an end of the slice or a part of the tuple that it is, too; None where it is known."""
    if isinstance(key, slice):
        return next((part for part in (key.start, key.stop, key.step) if isinstance(part, Unknown)), None)
    if isinstance(key, tuple | frozenset):
        return first_unknown(key)
    if type(key) is UnknownKey:
        return key.unknown
    return key if isinstance(key, Unknown) else None
