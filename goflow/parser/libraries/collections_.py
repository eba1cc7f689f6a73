"""``collections``."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.modules import LibraryModule
from goflow.parser.interpreter.orders import unordered
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.shown import representation
from goflow.parser.interpreter.subtypes import HostInstance
from goflow.parser.interpreter.values import (
    At,
    Keywords,
    NativeFunction,
    Unknown,
    UnknownKey,
    Value,
    first_unknown,
    forget_order,
)
from goflow.parser.libraries.registry import function, resolver


class DefaultDict(dict[Any, Any]):
    """A dict that makes what is missing; ``operations.get_item`` finds ``__missing__`` by itself."""

    factory: Any = None
    at: Any = None

    def __or__(self, other: Any) -> Any:
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other: Any) -> Any:
        made = self.copy()
        made.clear()
        made.update(other)
        made.update(self)
        return made

    @property
    def default_factory(self) -> Any:
        """What makes the values."""
        return self.factory

    def representation(self, at: At) -> Any:
        """``defaultdict(<class 'list'>, {...})``."""
        shown = (representation(self.factory, at), representation(dict(self), at))
        unknown = first_unknown(shown)
        return unknown if unknown is not None else f"defaultdict({shown[0]}, {shown[1]})"

    def __missing__(self, key: Any) -> Any:
        if self.factory is None:
            raise KeyError(key)
        self.at.session.journal.touch(self)
        self[key] = call(self.factory, [], {}, self.at)
        return self[key]

    def copy(self) -> DefaultDict:
        """The same with the same factory."""
        made = DefaultDict(self)
        made.factory, made.at = self.factory, self.at
        return made


DefaultDict.__name__ = "defaultdict"  # as messages and type() tell it


def _defaultdict(at: At, factory: Any = None, values: Any = (), **kwargs: Any) -> Any:
    found = host.as_mapping(values, at)
    if isinstance(found, Unknown):
        return found
    made = _in_order_of(values, DefaultDict({**found, **kwargs}), at)
    made.factory, made.at = factory, at
    return made


def _ordered(at: At, values: Any = (), **kwargs: Any) -> Any:
    found = host.as_mapping(values, at)
    made = found if isinstance(found, Unknown) else collections.OrderedDict({**found, **kwargs})
    return _in_order_of(values, made, at)


def _in_order_of(values: Any, made: Any, at: At) -> Any:
    """MADE of VALUES: where nobody knows their order, its own is not known."""
    why = None if isinstance(made, Unknown) else unordered(values, at)
    if why is not None:
        forget_order(made, why)
    return made


def _counter(at: At, values: Any = (), **kwargs: Any) -> Any:
    found = _counted(values, at)
    if isinstance(found, Unknown):
        return found
    return _in_order_of(found, collections.Counter(found, **kwargs), at)


def _counted(values: Any, at: At) -> Any:
    """What a Counter counts: a mapping is taken for counts, anything else for what is to be counted."""
    return host.as_mapping(values, at) if isinstance(values, Mapping) else elements(values, at)


def _counter_method(name: str) -> Any:
    def run(counter: collections.Counter[Any], at: At, values: Any = (), **kwargs: Any) -> Any:
        found = _counted(values, at)
        at.session.journal.touch(counter)
        if isinstance(found, Unknown):  # of whatever is counted there may be more now
            dict.update(counter, dict.fromkeys([*counter, UnknownKey(found)], found))
            return
        getattr(counter, name)(found, **kwargs)

    return run


host.SPECIAL |= {(collections.Counter, name): _counter_method(name) for name in ("update", "subtract")}


def _deque(at: At, values: Any = (), maxlen: Any = None) -> Any:
    found = elements(values, at)
    if isinstance(found, Unknown):
        return found
    unknown = unordered(found, at)
    return unknown if unknown is not None else collections.deque(found, maxlen)


def _chain_map(at: At, *maps: Any) -> Any:
    unknown = next((inner for inner in maps if isinstance(inner, Unknown)), None)
    return unknown if unknown is not None else collections.ChainMap(*maps)


def named_tuple(name: str, fields: list[str], defaults: dict[str, Any], module_name: str) -> ClassValue:
    """A class whose instances are Python's named tuples, or instances with methods where a file's class derives."""
    made = ClassValue(name, module_name=module_name)
    host_type = collections.namedtuple(name, fields, rename=True)  # type: ignore[misc]

    def construct(cls: ClassValue, args: Any, kwargs: Keywords, at: At) -> Any:
        values = {**defaults, **dict(zip(fields, args, strict=False)), **kwargs}
        missing = [field for field in fields if field not in values]
        if missing or len(args) > len(fields) or set(kwargs) - set(fields):
            raise TypeError(f"{name}.__new__() missing or unexpected arguments: {missing or sorted(kwargs)}")
        ordered = [values[field] for field in fields]
        if not _has_methods(cls):
            return host_type(*ordered)
        instance = HostInstance(cls, dict(zip(fields, ordered, strict=True)))
        instance.data = host_type(*ordered)
        return instance

    def guarded(cls: ClassValue, args: Any, kwargs: Keywords, at: At) -> Any:
        return at.session.guarded(lambda at: construct(cls, args, kwargs, at), at, (), {}, name)

    made.construct = guarded
    made.host = host_type
    made.attributes["_fields"] = tuple(fields)
    made.attributes["_make"] = NativeFunction("_make", lambda at, values: made.call(list(values), {}, at), binds=False)
    return made


def _has_methods(cls: ClassValue) -> bool:
    from goflow.parser.interpreter.descriptors import PropertyValue
    from goflow.parser.interpreter.functions import UserFunction

    return any(
        isinstance(value, UserFunction | PropertyValue) for base in cls.mro for value in base.attributes.values()
    )


def _namedtuple(at: At, name: str, fields: Any, *, defaults: Any = (), **options: Any) -> Any:
    names = fields.replace(",", " ").split() if isinstance(fields, str) else [str(field) for field in fields]
    found = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True)) if defaults else {}
    return named_tuple(name, names, found, at.module.name)


@resolver("collections")
def resolve_collections(session: Session, name: str) -> Value | None:
    """``collections`` and ``collections.abc``; ``UserDict`` and ``UserList`` are made when a file asks for them."""

    def otherwise(attribute: str, at: At) -> Any:
        if attribute == "abc" or attribute.startswith("__"):
            return MISSING
        if attribute not in {"UserDict", "UserList"}:
            return Unknown(f"collections.{attribute}, which is not read", at)
        from goflow.parser.libraries.user_containers import user_container

        return user_container(session, attribute)

    if name == "collections.abc":
        return LibraryModule(session, name, build_abc(session))
    return LibraryModule(session, name, build(session), otherwise) if name == "collections" else None


def build(session: Session) -> dict[str, Any]:
    """``collections``."""
    return {
        "defaultdict": function("defaultdict", _defaultdict, takes_unknown=True),
        "OrderedDict": function("OrderedDict", _ordered, takes_unknown=True),
        "Counter": function("Counter", _counter),
        "deque": function("deque", _deque, takes_unknown=True),
        "namedtuple": function("namedtuple", _namedtuple),
        "ChainMap": function("ChainMap", _chain_map, takes_unknown=True),
    }


def build_abc(session: Session) -> dict[str, Any]:
    """``collections.abc``."""
    import collections.abc as abc

    found = {name: ClassValue(name, module_name="collections.abc", host=getattr(abc, name)) for name in abc.__all__}
    found["Callable"].data["has_instance"] = lambda value: isinstance(value, Value) and value.callable
    for name, methods in _ASKED_FOR.items():
        found[name].data["methods"] = methods
    return found


_ASKED_FOR = {
    "Callable": ("__call__",), "Iterable": ("__iter__",), "Iterator": ("__iter__", "__next__"), "Sized": ("__len__",),
    "Container": ("__contains__",), "Collection": ("__len__", "__iter__", "__contains__"), "Awaitable": ("__await__",),
    "Reversible": ("__iter__", "__reversed__"), "AsyncIterable": ("__aiter__",),
}  # fmt: skip
"""The methods that make an object one of these, whatever its class derives from."""
