"""The methods that every object has from ``object``, every class from ``type``, and subclasses from Python's types.

What ``object.__setattr__(self, ...)``, ``dict.__setitem__(d, ...)`` and ``super().__new__(cls)`` are: functions that
get their receiver first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.exceptions import is_exception
from goflow.parser.interpreter.metaclasses import is_metaclass, new_class
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.subtypes import HostInstance, fill, host_class_of, new_subtype
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value, raised


def method_of(cls: ClassValue, name: str) -> NativeFunction | None:
    """``CLS.NAME`` where no class of the file and no model says what it is: that of the type of Python's own that CLS
    derives from, ``object`` if none. None where that has no such thing."""
    table = _OF_TYPE if is_metaclass(cls) else _OF_OBJECT
    run = table.get(name) or _OF_OBJECT.get(name)
    if run is not None:
        return NativeFunction(name, run, takes_unknown=True)
    kind = next((base.host for base in cls.mro if base.host is not None), object)
    if not callable(getattr(kind, name, None)):
        return None
    return NativeFunction(name, _of_receiver(name), takes_unknown=True)


def _of_receiver(name: str) -> Callable[..., Any]:
    """The method NAME of the value of Python's own that the receiver is or holds."""

    def run(at: At, self: Any, *args: Any, **kwargs: Any) -> Any:
        value = self.data if isinstance(self, HostInstance) else self
        if isinstance(value, Instance | ClassValue):
            return Unknown(f"{name} of object", at)
        found = host.get_attribute(value, name, at)
        return found.call(args, kwargs, at) if isinstance(found, Value) else Unknown(f"{name} of object", at)

    return run


def _new(at: At, cls: Any, /, *args: Any, **kwargs: Any) -> Any:
    """As ``object.__new__``, or that of the type of Python's own that CLS derives from."""
    if isinstance(cls, Unknown):
        return cls
    if isinstance(cls, ClassValue) and host_class_of(cls) is not None and not is_exception(cls):
        return new_subtype(cls, args, kwargs, at)
    return Instance(cls, {"args": tuple(args)}) if is_exception(cls) else Instance(cls)


def _init(at: At, self: Any, /, *args: Any, **kwargs: Any) -> None:
    if isinstance(self, HostInstance):
        fill(self, args, kwargs, at)
    elif isinstance(self, list | dict | set):
        host.call_method(self, "clear", (), {}, at)
        host.call_method(self, "extend" if isinstance(self, list) else "update", args, kwargs, at)


def _get_attribute(at: At, self: Any, name: Any) -> Any:
    if isinstance(name, Unknown):
        return name
    has_more = isinstance(self, Instance) and self.own_method("__getattr__", at) is not None
    if has_more and name not in self.attributes and self.cls.lookup(name) is MISSING and not name.startswith("__"):
        raised(at, "AttributeError", f"'{self.type_name}' object has no attribute '{name}'")
    if at.session.intercepts and type(self) in {Instance, HostInstance}:
        return self.get_plainly(name, at)
    return host.get_attribute(self, name, at)


def _set_attribute(at: At, self: Any, name: Any, value: Any) -> None:
    if isinstance(self, Instance):
        self.set_plainly(name, value, at)
    elif isinstance(self, ClassValue):
        ClassValue.set_attribute(self, name, value, at)
    else:
        host.set_attribute(self, name, value, at)


def _delete_attribute(at: At, self: Any, name: Any) -> None:
    if isinstance(self, Instance):
        self.delete_plainly(name, at)
    else:
        host.delete_attribute(self, name, at)


def _equal(at: At, self: Any, other: Any) -> Any:
    if isinstance(self, Unknown) or isinstance(other, Unknown):
        return self if isinstance(self, Unknown) else other
    if isinstance(self, Instance | ClassValue) and not isinstance(self, HostInstance):
        return True if self is other else NotImplemented
    return _of_receiver("__eq__")(at, self, other)


def _nothing(at: At, /, *args: Any, **kwargs: Any) -> None:
    return None


def _call_class(at: At, cls: Any, /, *args: Any, **kwargs: Any) -> Any:
    """``type.__call__``: past what the class's own metaclass says."""
    return ClassValue.call(cls, args, kwargs, at) if isinstance(cls, ClassValue) else cls.call(args, kwargs, at)


def _new_class(at: At, metaclass: Any, /, *args: Any, **kwargs: Any) -> Any:
    from goflow.parser.interpreter.builtins import type_of

    return type_of(args[0], at) if len(args) == 1 else new_class(at, metaclass, *args, **kwargs)


_OF_OBJECT: dict[str, Callable[..., Any]] = {
    "__new__": _new, "__init__": _init, "__init_subclass__": _nothing, "__eq__": _equal,
    "__setattr__": _set_attribute, "__delattr__": _delete_attribute,
    "__getattribute__": _get_attribute,
}  # fmt: skip
_OF_TYPE: dict[str, Callable[..., Any]] = {
    "__new__": _new_class, "__init__": _nothing, "__call__": _call_class, "__prepare__": lambda at, *a, **k: {},
    "__instancecheck__": lambda at, cls, value: isinstance(value, Instance) and value.cls.derives_from(cls),
    "__subclasscheck__": lambda at, cls, other: other.derives_from(cls),
}  # fmt: skip
