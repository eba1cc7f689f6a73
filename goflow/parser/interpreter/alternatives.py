"""What may be any of several things, may be there or not, or may be the same as something else.

What an arm that is not decided about has chosen, and what is reached by a key that is not known, is one of some things
that are known. Who changes it has changed each of them, as far as anybody knows (decision 2 of the architecture).
"""

from __future__ import annotations

import collections
import types
from collections.abc import Collection, Iterable
from typing import Any, Self

from goflow.parser.interpreter.values import CONTAINERS, Arguments, At, Keywords, Unknown, Value, hidden_key

_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})


def changeable(things: Collection[Any]) -> list[Any]:
    """Those of THINGS that can be changed, or that lead to what can."""
    if _PLAIN.issuperset(map(type, things)):  # most often
        return []
    return [one for one in things if _is_changeable(one)]


def _is_changeable(one: Any) -> bool:
    if isinstance(one, Unknown):
        return isinstance(one, OneOf) and bool(one.holders)
    if isinstance(one, tuple | frozenset):
        return bool(changeable(one))
    return isinstance(one, (Value, *CONTAINERS)) or hasattr(one, "__next__")


class OneOf(Unknown):
    """One of some lists, dicts, sets or objects, and nobody knows which, or something inside of one: whoever changes it
    may have changed each of them. HOLDERS are they."""

    __slots__ = ("holders",)
    holders: list[Any]

    def __init__(self, reason: str, at: At, holders: list[Any]) -> None:
        super().__init__(reason, at)
        self.holders = holders

    @classmethod
    def of(cls, unknown: Unknown, things: Collection[Any]) -> Unknown:
        """UNKNOWN, or one of THINGS where any of them can be changed."""
        found = changeable(things)
        if not found:
            return unknown
        return OneOf(unknown.reason, unknown.at, [*found, unknown] if isinstance(unknown, OneOf) else found)

    def derived(self) -> Unknown:
        """Something else."""
        return Unknown(self.reason, self.at)

    def may_be(self) -> list[Any]:
        """The things that it may be, those that HOLDERS may be among them."""
        found: dict[int, Any] = {}
        waiting, seen = [self], {id(self)}
        while waiting:
            for one in waiting.pop().holders:
                if not isinstance(one, OneOf):
                    found[id(one)] = one
                elif id(one) not in seen:
                    seen.add(id(one))
                    waiting.append(one)
        return list(found.values())

    def changed(self, at: At) -> None:
        """It is changed: what it may be is not known any more."""
        if self.holders:
            from goflow.parser.interpreter.unread import forget_all

            forget_all(self.holders, Unknown(self.reason, at))

    def drawn_from(self, at: At) -> None:
        """Elements are taken from it: iterators that it may be are no one knows where."""
        for one in self.may_be():
            if is_iterator(one):
                at.session.journal.spoil(one, Unknown(self.reason, at))

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Changes one of them, or a class among them."""
        self.changed(at)
        for one in self.may_be():
            if isinstance(one, Value):
                one.forget_attribute(name, Unknown(self.reason, at))

    def delete_attribute(self, name: str, at: At) -> None:
        """The same."""
        self.set_attribute(name, None, at)

    def set_item(self, key: Any, value: Any, at: At) -> None:
        """Changes one of them."""
        self.changed(at)

    def delete_item(self, key: Any, at: At) -> None:
        """Changes one of them."""
        self.changed(at)

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """One of them, or a method of one of them, which may change it."""
        if self.holders:
            from goflow.parser.interpreter.unread import one_is_called

            one_is_called(self, args, kwargs, at)
        return super().call(args, kwargs, at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """Something else."""
        super().binary(operator, other, at, reflected=reflected)
        return self.derived()


class Keeper(OneOf):
    """An object that nobody here knows and that keeps HOLDERS, what it was made with: its methods may change them, and
    its attributes may be them."""

    __slots__ = ()

    def get_attribute(self, name: str, at: At) -> Any:
        """One of them, or a method that gets at them."""
        return OneOf(self.reason, self.at, self.holders)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """It keeps that, too."""
        at.session.journal.touch(self.holders)
        self.holders += changeable([value])

    def delete_attribute(self, name: str, at: At) -> None:
        """The same."""


class UnknownMany(OneOf):
    """Stands in a list for any number of elements, for none as well: what a list was extended by that is not known."""

    __slots__ = ()

    @classmethod
    def of(cls, unknown: Unknown, things: Collection[Any] = ()) -> Self:
        """As many as UNKNOWN may hold, of THINGS among others."""
        unknown.at.session.holds_many = True
        return cls(unknown.reason, unknown.at, _holders(unknown, things))

    @staticmethod
    def among(values: Any, at: At) -> UnknownMany | None:
        """The first that stands in VALUES, a list or tuple; None in anything else."""
        if not at.session.holds_many or not isinstance(values, list | tuple | collections.deque):
            return None
        return next((value for value in values if type(value) is UnknownMany), None)


class MaybeGone(OneOf):
    """The value of a key that a mapping may have or not: what one arm has set or deleted and another has not."""

    __slots__ = ()

    @classmethod
    def of(cls, unknown: Unknown, things: Collection[Any] = ()) -> Self:
        """For the reason of UNKNOWN; where it is there, it may be one of THINGS."""
        unknown.at.session.holds_gone = True
        return cls(unknown.reason, unknown.at, _holders(unknown, things))

    @staticmethod
    def among(value: Any, at: At) -> MaybeGone | None:
        """The first such value of VALUE, a dict or a view of one; None where there is none."""
        if not at.session.holds_gone:
            return None
        mapping = value if isinstance(value, dict) else getattr(value, "mapping", None)
        if not isinstance(mapping, dict | types.MappingProxyType):
            return None
        return next((inner for inner in mapping.values() if type(inner) is MaybeGone), None)


def partly_known(value: Any, at: At) -> Unknown | None:
    """Why the elements or keys of VALUE, a container, are not all known; None where they are, and for anything else."""
    hidden = hidden_key(value) if isinstance(value, dict | set) else None
    reasons = hidden, UnknownMany.among(value, at), MaybeGone.among(value, at)
    return next((why for why in reasons if why is not None), None)


def whole(mapping: Any, at: At) -> Any:
    """MAPPING, for whoever asks it for its keys by himself; an Unknown where nobody knows all of them."""
    why = partly_known(mapping, at) if isinstance(mapping, dict) else None
    return mapping if why is None else Unknown(why.reason, why.at)


def _holders(unknown: Unknown, things: Collection[Any]) -> list[Any]:
    found = changeable(things) if things else []
    return [*found, unknown] if isinstance(unknown, OneOf) and unknown.holders else found


def so_many(unknown: Unknown, count: int, things: Collection[Any] = ()) -> list[Unknown]:
    """COUNT values, none of which is known for the reason of UNKNOWN, though each may be one of THINGS."""
    holders = _holders(unknown, things)
    if not holders:
        return [Unknown(unknown.reason, unknown.at) for _ in range(count)]
    return [OneOf(unknown.reason, unknown.at, holders) for _ in range(count)]


def is_iterator(value: Any) -> bool:
    """Whether VALUE gives its elements once, an iterator of Python's own or a generator of the file's."""
    return hasattr(value, "__next__") or hasattr(value, "next_value")


def run_on(iterator: Any, why: Unknown) -> None:
    """Any number of ITERATOR's elements may be drawn, and WHY says why nobody knows: what of the file's code works
    them out may be run."""
    more = getattr(iterator, "run_on", None)
    if more is not None:
        more(why)


def of_arguments(unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Unknown:
    """What a function of Python's or a library's own gives that needs to know more: UNKNOWN, and maybe one of what it
    was given. It may have drawn from it."""
    things = [*args, *kwargs.values()]
    from goflow.parser.interpreter.unread import may_be_called

    may_be_called(things, unknown, at)
    return OneOf.of(unknown, things)


MOST_SOURCES = 50
"""So many lists or dicts are joined into one whose contents are known; of more nothing is."""


class Copies:
    """Lists and dicts that stand for one of several, with what these have in common (``a if UNKNOWN else b``).

    Such a copy is no thing that the file has: it is one of its sources. Who changes a source may have changed the copy
    (and all others that have this source), and who changes the copy may have changed each source.
    """

    __slots__ = ("_of", "sources")

    def __init__(self) -> None:
        self.sources: dict[int, tuple[Any, list[Any], Unknown]] = {}
        """By the identity of a copy: the copy, what it may be, and why nobody knows."""
        self._of: dict[int, tuple[Any, list[Any], Unknown]] = {}

    def sources_of(self, values: Iterable[Any]) -> list[Any]:
        """What the file has where it has one of VALUES, copies among them."""
        found: dict[int, Any] = {}
        for value in values:
            for source in self.sources[id(value)][1] if id(value) in self.sources else (value,):
                found[id(source)] = source
        return list(found.values())

    def add(self, copy: Any, sources: list[Any], why: Unknown) -> None:
        """COPY stands for one of SOURCES, none of which is a copy, and WHY says why nobody knows for which."""
        self.sources[id(copy)] = copy, sources, why
        for source in sources:
            self._of.setdefault(id(source), (source, [], why))[1].append(copy)

    def may_be_same(self, left: Any, right: Any) -> Unknown | None:
        """Why nobody knows whether LEFT and RIGHT, two things here, are one; None where they are not."""
        found = self.others(left)
        return found[1] if found is not None and any(other is right for other in found[0]) else None

    def others(self, thing: Any) -> tuple[list[Any], Unknown] | None:
        """What may be the same as THING, and why nobody knows; None where nothing is."""
        entry = self.sources.get(id(thing))
        if entry is None:
            found = self._of.get(id(thing))
            return None if found is None else (found[1], found[2])
        others = {id(source): source for source in entry[1]}
        for source in entry[1]:
            others |= {id(copy): copy for copy in self._of[id(source)][1]}
        del others[id(thing)]
        return list(others.values()), entry[2]
