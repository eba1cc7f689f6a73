"""``super()``."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.classes import ClassValue, Instance, call_init
from goflow.parser.interpreter.descriptors import BoundMethod, bind
from goflow.parser.interpreter.object_methods import method_of
from goflow.parser.interpreter.subtypes import HostInstance, fill
from goflow.parser.interpreter.values import At, NativeFunction, Value, raised


class SuperValue(Value):
    """``super()``: attributes of what comes after OWNER in the instance's (or class's) MRO."""

    type_name = "super"

    def __init__(self, owner: ClassValue, receiver: Any) -> None:
        self.owner = owner
        self.receiver = receiver

    def get_attribute(self, name: str, at: At) -> Any:
        """The next definition, bound."""
        is_class = isinstance(self.receiver, ClassValue)
        cls: ClassValue = self.receiver if is_class else self.receiver.cls
        if is_class and self.owner not in cls.mro and cls.metaclass is not None:
            cls, is_class = cls.metaclass, False  # in a method of a metaclass
        mro = cls.mro
        after = mro[mro.index(self.owner) + 1 :] if self.owner in mro else ()
        for candidate in after:
            if name in candidate.attributes:
                if name == "__init__" and isinstance(self.receiver, Instance):
                    return self._init_of(candidate)
                return bind(candidate.attributes[name], None if is_class else self.receiver, cls, at)
        if isinstance(self.receiver, HostInstance):
            if name == "__init__":
                return NativeFunction(
                    name, lambda at, /, *args, **kwargs: fill(self.receiver, args, kwargs, at), takes_unknown=True
                )
            if hasattr(self.receiver.data, name):
                return host.get_attribute(self.receiver.data, name, at)
        if name in {"__post_init__", "__enter__", "__exit__", "__set_name__"}:
            return NativeFunction(name, lambda at, /, *args, **kwargs: None, takes_unknown=True)
        method = method_of(cls, name)
        if method is not None:
            return method if is_class or name == "__new__" else BoundMethod(method, self.receiver)
        raised(at, "AttributeError", f"'super' object has no attribute '{name}'")

    def _init_of(self, owner: ClassValue) -> NativeFunction:
        """OWNER's ``__init__`` for the receiver; every name may be one of the file's keyword arguments."""

        def init(at: At, /, *args: Any, **kwargs: Any) -> Any:
            return call_init(self.receiver, owner, args, kwargs, at)

        return NativeFunction("__init__", init, takes_unknown=True)
