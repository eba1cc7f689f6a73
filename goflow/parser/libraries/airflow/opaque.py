"""Objects of Airflow that are passed through without being looked into: sentinels, hooks, triggers, links.

An `OpaqueClass` stands for a class that is known by its path alone; what it makes keeps the arguments, so that it can
be told (``{"$object": ...}``), and everything asked of it is Unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goflow.domain.canonical import Json
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value


class Sentinel(Value):
    """A marker such as Airflow's NOTSET; CLASS_NAME is what its class is called."""

    def __init__(self, class_name: str) -> None:
        self.type_name = class_name

    def __repr__(self) -> str:
        return f"<{self.type_name}>"

    def truth(self, at: At) -> bool:
        """Sentinels are true, but for ArgNotSet."""
        return self.type_name != "ArgNotSet"


_OPERATOR_PLACES = (".operators.", ".sensors.", ".transfers.", ".decorators.")
NOT_SET = Sentinel("ArgNotSet")
SET_DURING_EXECUTION = Sentinel("SetDuringExecution")


class Tagged(Value):
    """An object of which only its tagged JSON is known: a default in the catalogue."""

    def __init__(self, json: Json) -> None:
        self.json = json


class OpaqueInstance(Instance):
    """An object of an opaque class: ``data`` are the arguments it was made with."""

    def iterate(self, at: At) -> Iterator[Any]:
        """Nobody knows what is in it."""
        yield from ()

    def get_item(self, key: Any, at: At) -> Any:
        """Unknown."""
        return _unknown(self, at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """Unknown, but for the comparison of an object with itself."""
        own = super().binary(operator, other, at, reflected=reflected)
        if own is not NotImplemented:
            return own
        return NotImplemented if operator in {"==", "!=", ">>", "<<"} else _unknown(self, at)

    def enter(self, at: At) -> Any:
        """Itself."""
        return self


def opaque_class(path: str, bases: tuple[ClassValue, ...] = ()) -> ClassValue:
    """The class of that import PATH, known by nothing but its name; files may derive from it."""
    module, _, name = path.rpartition(".")
    attributes: dict[str, Any] = {"__init__": NativeFunction("__init__", _init, takes_unknown=True)}
    return OpaqueClass(name, bases, attributes, module_name=module, construct=_construct, fallback=_attribute)


class OpaqueClass(ClassValue):
    """A class that is known by its path alone."""

    def get_attribute(self, name: str, at: At) -> Any:
        """What the file itself defined on it, else Unknown."""
        if name.startswith("__") or self.lookup(name) is not MISSING:
            return super().get_attribute(name, at)
        return Unknown(f"{name} of {self.name}", at)

    def iterate(self, at: At) -> Iterator[Any]:
        """Nobody knows what is in it."""
        yield Unknown(f"the members of {self.name}", at)


def arguments_of(instance: Instance) -> tuple[list[Any], dict[str, Any]]:
    """The positional and keyword arguments that INSTANCE was made with."""
    data = instance.data
    return data if isinstance(data, tuple) else ([], {})


def _construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    from goflow.parser.interpreter.classes import initialise

    if "task_id" in kwargs and has_operators(cls.module_name):
        return _task_of_unread_class(cls, args, kwargs, at)
    instance = OpaqueInstance(cls)
    instance.data = (list(args), dict(kwargs))
    initialise(instance, args, kwargs, at)
    return instance


def _task_of_unread_class(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Unknown:
    """A name that nobody knows, where operators are, and called like one: it makes a task that is not read."""
    from goflow.parser.libraries.airflow.state import state_of

    unknown = Unknown(f"{cls.module_name}.{cls.name}, which is not read", at)
    state_of(at.session).unknown_called(unknown, args, kwargs, at)
    return unknown


def has_operators(module: str) -> bool:
    """Whether the dotted name MODULE is one of those that providers keep their operators in."""
    return any(place in f".{module}." for place in _OPERATOR_PLACES)


def _init(at: At, instance: Instance, *args: Any, **kwargs: Any) -> None:
    """Takes anything."""


def _attribute(instance: Instance, name: str, at: At) -> Any:
    if name.startswith("__"):
        return MISSING
    _, named = arguments_of(instance)
    return named[name] if name in named else _unknown(instance, at, name)


def _unknown(instance: Instance, at: At, name: str = "") -> Unknown:
    return Unknown(f"{name or 'what is'} in a {instance.cls.name}", at)
