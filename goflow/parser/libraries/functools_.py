"""``functools``, ``copy``, ``six``: functions over values."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.alternatives import OneOf
from goflow.parser.interpreter.builtin_functions import is_instance, is_subclass
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import BoundMethod, PropertyValue, bind
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.operations import binary, truth
from goflow.parser.interpreter.orders import unordered
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.subtypes import HostInstance
from goflow.parser.interpreter.unread import may_be_called
from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    NativeFunction,
    Unknown,
    Value,
    raised,
)
from goflow.parser.libraries.registry import function, module


class Partial(Value):
    """``functools.partial``."""

    type_name = "partial"
    doc = functools.partial.__doc__

    def __init__(self, target: Any, args: Arguments, kwargs: Keywords) -> None:
        self.function = target
        self.args = tuple(args)
        self.kwargs = dict(kwargs)

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "name", "partial"))

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Call the function with all arguments."""
        return call(self.function, [*self.args, *args], {**self.kwargs, **kwargs}, at)

    def forget(self, why: Unknown) -> list[Any]:
        """Its function and the arguments that it keeps."""
        return [self.function, *self.args, *self.kwargs.values()]

    def get_attribute(self, name: str, at: At) -> Any:
        """``func``, ``args``, ``keywords``."""
        own = {"func": self.function, "args": self.args, "keywords": self.kwargs}
        return own[name] if name in own else super().get_attribute(name, at)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``partial.__name__ = ...`` is taken and means nothing."""


def _wraps(at: At, wrapped: Any, *args: Any, **kwargs: Any) -> Any:
    return NativeFunction("wraps", lambda at, wrapper: _update_wrapper(at, wrapper, wrapped), takes_unknown=True)


def _update_wrapper(at: At, wrapper: Any, wrapped: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(wrapper, UserFunction):
        inner = wrapped.function if isinstance(wrapped, BoundMethod) else wrapped
        wrapper.wraps = wrapped
        wrapper.name = str(getattr(inner, "name", wrapper.name))
        wrapper.qualname = str(getattr(inner, "qualname", wrapper.qualname))
        wrapper.attributes.update(getattr(inner, "attributes", {}))
        wrapper.attributes["__doc__"] = host.get_attribute(inner, "__doc__", at)
    return wrapper


class Cached(Value):
    """A function under ``lru_cache``: it is called once for the same arguments."""

    type_name = "_lru_cache_wrapper"

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.name = str(getattr(inner, "name", "cached"))
        self.qualname = str(getattr(inner, "qualname", self.name))
        self.doc = getattr(inner, "doc", None)
        self._known: dict[Any, Any] = {}

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """What the function gave the first time. TypeError for arguments that cannot be hashed."""
        try:
            key = (tuple(args), tuple(kwargs.items()))
            known = key in self._known
        except TypeError as problem:
            raised(at, "TypeError", str(problem))
        if not known:
            answer = self.inner.call(args, kwargs, at)
            at.session.journal.touch(self._known)
            self._known[key] = answer
        return self._known[key]

    @property
    def descriptor(self) -> Value:
        """As a method it gets its instance first."""
        return NativeFunction(
            "__get__",
            lambda at, instance, cls: self if instance is None else BoundMethod(self, instance),
            takes_unknown=True,
        )

    def get_attribute(self, name: str, at: At) -> Any:
        """Its own, else the function's."""
        if name == "cache_clear":
            return NativeFunction(name, self._clear)
        if name == "__wrapped__":
            return self.inner
        return Unknown(f"{name} of a cache", at) if name == "cache_info" else self.inner.get_attribute(name, at)

    def _clear(self, at: At) -> None:
        at.session.journal.touch(self._known)
        self._known.clear()


def _cache(at: At, target: Any = None, *args: Any, **options: Any) -> Any:
    def decorate(at: At, inner: Any) -> Any:
        return inner if isinstance(inner, Unknown) else Cached(inner)

    if isinstance(target, Value):
        return decorate(at, target)
    return NativeFunction("lru_cache", decorate, takes_unknown=True)


def _reduce(at: At, target: Any, values: Any, *start: Any) -> Any:
    found = elements(values, at)
    why = found if isinstance(found, Unknown) else unordered(found, at)
    if why is not None:
        may_be_called([target], why, at)
        return OneOf.of(why, [*([found] if isinstance(found, Unknown) else found), *start])
    assert isinstance(found, list)
    rest = [*start, *found]
    total = rest[0]
    for value in rest[1:]:
        total = call(target, [total, value], {}, at)
    return total


_BY_ANOTHER = {
    "__lt__": {"__gt__": ("<", True), "__le__": ("<", False), "__ge__": ("<", True)},
    "__le__": {"__ge__": ("<=", True), "__lt__": ("<=", False), "__gt__": ("<=", True)},
    "__gt__": {"__lt__": (">", True), "__ge__": (">", False), "__le__": (">", True)},
    "__ge__": {"__le__": (">=", True), "__gt__": (">=", False), "__lt__": (">=", True)},
}
"""What each comparison is worked out from: the sign that is there, and whether its opposite is meant."""


def _total_ordering(at: At, cls: Any) -> Any:
    if not isinstance(cls, ClassValue):
        return cls
    root = next((name for name in ("__lt__", "__le__", "__gt__", "__ge__") if cls.lookup(name) is not MISSING), None)
    if root is None:
        raised(at, "ValueError", "must define at least one ordering operation: < > <= >=")
    for name, (sign, opposite) in _BY_ANOTHER[root].items():
        if cls.lookup(name) is MISSING:
            at.session.journal.touch(cls.attributes)
            cls.attributes[name] = NativeFunction(name, _compared(name, sign, opposite), takes_unknown=True)
    return cls


def _compared(name: str, sign: str, opposite: bool) -> Callable[..., Any]:
    def run(at: At, self: Any, other: Any) -> Any:
        base = truth(binary(sign, self, other, at), at)
        if isinstance(base, Unknown):
            return base
        strict = name in {"__lt__", "__gt__"}
        same = truth(binary("==", self, other, at), at)
        if isinstance(same, Unknown):
            return same
        if opposite:  # > is neither < nor ==, >= is not <
            return (not base and not same) if strict and sign in {"<", ">"} else not base
        return (base and not same) if strict else (base or same)

    return run


class Dispatched(Value):
    """A function under ``singledispatch``."""

    type_name = "function"

    def __init__(self, inner: Any, *, skipped: int = 0) -> None:
        self.inner = inner
        self.skipped = skipped
        """So many parameters stand before the one whose annotation tells the class."""
        self.name = str(getattr(inner, "name", "function"))
        self._by_class: list[tuple[Any, Any]] = []

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """The function for the class of the first argument: the nearest in its MRO."""
        if not args or isinstance(args[0], Unknown):
            return args[0] if args else self.inner.call(args, kwargs, at)
        return call(self.chosen(args, at), list(args), kwargs, at)

    def chosen(self, args: Arguments, at: At) -> Any:
        """The function for ARGS."""
        if not args or isinstance(args[0], Unknown):
            return args[0] if args else self.inner
        best: Any = None
        for cls, function_ in self._by_class:
            if is_instance(at, args[0], cls) is True and (best is None or is_subclass(at, cls, best[0]) is True):
                best = cls, function_
        return self.inner if best is None else best[1]

    def get_attribute(self, name: str, at: At) -> Any:
        """``register``, else the function's own."""
        if name == "register":
            return NativeFunction(name, self._register, takes_unknown=True)
        return self.inner.get_attribute(name, at)

    def _register(self, at: At, cls: Any, function_: Any = None) -> Any:
        if function_ is None and isinstance(cls, UserFunction):
            function_, names = cls, [parameter.name for parameter in cls.parameters]
            cls = function_.annotation(names[self.skipped], at) if len(names) > self.skipped else None
        if function_ is None:
            return NativeFunction("register", lambda at, inner: self._register(at, cls, inner), takes_unknown=True)
        at.session.journal.touch(self._by_class)
        self._by_class.append((cls, function_))
        return function_


class Compared(Value):
    """What ``cmp_to_key``'s function makes of VALUE: it is ordered by what COMPARE says."""

    type_name = "K"

    def __init__(self, compare: Any, value: Any) -> None:
        self.compare = compare
        self.value = value

    def get_attribute(self, name: str, at: At) -> Any:
        """``obj``."""
        return self.value if name == "obj" else super().get_attribute(name, at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """What the function says of the two, held against 0."""
        if not isinstance(other, Compared) or operator not in {"<", "<=", ">", ">=", "==", "!="}:
            return NotImplemented
        left, right = (other, self) if reflected else (self, other)
        return binary(operator, call(self.compare, [left.value, right.value], {}, at), 0, at)


def _cmp_to_key(at: At, compare: Any) -> Any:
    if isinstance(compare, Unknown):
        return compare
    return NativeFunction("K", lambda at, obj: Compared(compare, obj), takes_unknown=True)


class PartialMethod(Value):
    """``functools.partialmethod``: a partial that gets the instance first."""

    type_name = "partialmethod"

    def __init__(self, target: Any, args: Arguments, kwargs: Keywords) -> None:
        self.inner = Partial(target, args, kwargs)

    @property
    def descriptor(self) -> Value:
        """How an instance, or the class, gets at it."""
        inner = self.inner

        def get(at: At, instance: Any, cls: Any) -> Any:
            target = bind(inner.function, instance, cls, at)
            if instance is None and target is inner.function:
                return NativeFunction("partialmethod", self._unbound, takes_unknown=True)
            return Partial(target, inner.args, inner.kwargs)

        return NativeFunction("__get__", get, takes_unknown=True)

    def _unbound(self, at: At, receiver: Any, *args: Any, **kwargs: Any) -> Any:
        return call(self.inner.function, [receiver, *self.inner.args, *args], {**self.inner.kwargs, **kwargs}, at)


class DispatchedMethod(Value):
    """``functools.singledispatchmethod``: the class of the first argument after the instance says which one runs."""

    type_name = "singledispatchmethod"

    def __init__(self, inner: Any) -> None:
        self.dispatched = Dispatched(inner, skipped=1)

    def get_attribute(self, name: str, at: At) -> Any:
        """``register``."""
        return self.dispatched.get_attribute(name, at)

    @property
    def descriptor(self) -> Value:
        """How an instance, or the class, gets at it."""

        def get(at: At, instance: Any, cls: Any) -> Any:
            run = NativeFunction(
                self.dispatched.name,
                lambda at, *args, **kwargs: call(
                    bind(self.dispatched.chosen(args, at), instance, cls, at), list(args), kwargs, at
                ),
                takes_unknown=True,
            )
            return run if instance is not None else Unknown("a dispatched method asked of its class", at)

        return NativeFunction("__get__", get, takes_unknown=True)


@module("functools")
def build_functools(session: Session) -> dict[str, Any]:
    """``functools``."""
    return {
        "partial": function("partial", lambda at, target, *a, **k: Partial(target, a, k), takes_unknown=True),
        "wraps": function("wraps", _wraps, takes_unknown=True),
        "update_wrapper": function("update_wrapper", _update_wrapper, takes_unknown=True),
        "lru_cache": function("lru_cache", _cache, takes_unknown=True),
        "cache": function("cache", _cache, takes_unknown=True),
        "reduce": function("reduce", _reduce, takes_unknown=True),
        "cached_property": function(
            "cached_property", lambda at, inner: PropertyValue(inner, cached_as=inner.name), takes_unknown=True
        ),
        "total_ordering": function("total_ordering", _total_ordering, takes_unknown=True),
        "singledispatch": function("singledispatch", lambda at, inner: Dispatched(inner), takes_unknown=True),
        "singledispatchmethod": function(
            "singledispatchmethod", lambda at, inner: DispatchedMethod(inner), takes_unknown=True
        ),
        "cmp_to_key": function("cmp_to_key", _cmp_to_key, takes_unknown=True),
        "partialmethod": function(
            "partialmethod", lambda at, target, *a, **k: PartialMethod(target, a, k), takes_unknown=True
        ),
        "WRAPPER_ASSIGNMENTS": functools.WRAPPER_ASSIGNMENTS,
        "WRAPPER_UPDATES": functools.WRAPPER_UPDATES,
    }


def copied(value: Any, at: At, *, deep: bool, memo: dict[int, Any] | None = None) -> Any:
    """``copy.copy`` and ``copy.deepcopy``; objects of libraries stay the same object unless they copy themselves."""

    def again(inner: Any) -> Any:
        return copied(inner, at, deep=True, memo=memo) if deep else inner

    at.session.budget.step(at)
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)][0]
    made = _copied(value, at, again, deep=deep)
    memo[id(value)] = (made, value)
    return made


def _copied(value: Any, at: At, again: Callable[[Any], Any], *, deep: bool) -> Any:
    if isinstance(value, list | tuple | dict | set):
        at.session.budget.made(len(value), at)
    match value:
        case collections.deque():
            return collections.deque(map(again, value), value.maxlen)
        case dict():
            made_dict = value.copy()
            if deep:
                made_dict.clear()
                for key, inner in value.items():
                    made_dict[again(key)] = again(inner)
            return made_dict
        case list():
            return [again(inner) for inner in value]
        case set():
            return set(value)
        case tuple() if not hasattr(value, "_fields"):
            return tuple(again(inner) for inner in value)
        case HostInstance():
            around = HostInstance(value.cls, {key: again(inner) for key, inner in value.attributes.items()})
            around.data = copied(value.data, at, deep=deep)
            return around
        case Instance() if type(value) is Instance:  # objects of libraries are classes of their own
            made = Instance(value.cls, {key: again(inner) for key, inner in value.attributes.items()})
            made.data = value.data
            return made
    return value


@module("copy")
def build_copy(session: Session) -> dict[str, Any]:
    """``copy``."""
    return {
        "copy": function("copy", lambda at, value: copied(value, at, deep=False), takes_unknown=True),
        "deepcopy": function("deepcopy", lambda at, value, *_: copied(value, at, deep=True), takes_unknown=True),
    }


@module("six")
def build_six(session: Session) -> dict[str, Any]:
    """``six``."""
    string = session.library["builtins"]["str"]
    return {"string_types": (string,), "text_type": string, "PY2": False, "PY3": True}
