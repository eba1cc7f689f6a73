"""What a class attribute gives when it is asked of an instance: methods, properties, descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value, raised

if TYPE_CHECKING:
    from goflow.parser.interpreter.classes import ClassValue, Instance


class PropertyValue(Value):
    """A property, or a cached one."""

    type_name = "property"

    def __init__(self, getter: Any, setter: Any = None, *, cached_as: str = "") -> None:
        self.getter = getter
        self.setter = setter
        self.cached_as = cached_as

    def get(self, instance: Instance, at: At) -> Any:
        """Call the getter."""
        if self.cached_as:
            if self.cached_as not in instance.attributes:
                at.session.journal.touch(instance.attributes)
                instance.attributes[self.cached_as] = self.getter.call([instance], {}, at)
            return instance.attributes[self.cached_as]
        return self.getter.call([instance], {}, at)

    def set(self, instance: Instance, value: Any, at: At) -> None:
        """Call the setter; AttributeError when there is none."""
        if self.setter is None:
            if self.cached_as:
                at.session.journal.touch(instance.attributes)
                instance.attributes[self.cached_as] = value
                return
            raised(at, "AttributeError", f"property of '{instance.type_name}' object has no setter")
        self.setter.call([instance, value], {}, at)

    def get_attribute(self, name: str, at: At) -> Any:
        """``@x.setter`` and ``@x.getter``, ``fget`` and ``fset``."""
        if name in {"fget", "fset"}:
            return self.getter if name == "fget" else self.setter
        if name == "setter":
            return NativeFunction("setter", lambda at, function: PropertyValue(self.getter, function))
        if name == "getter":
            return NativeFunction("getter", lambda at, function: PropertyValue(function, self.setter))
        if name == "deleter":
            return NativeFunction("deleter", lambda at, function: self)
        return super().get_attribute(name, at)


class StaticMethod(Value):
    """``@staticmethod``."""

    type_name = "staticmethod"

    def __init__(self, function: Any) -> None:
        self.function = function

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Call the function."""
        return self.function.call(args, kwargs, at)


class ClassMethod(Value):
    """``@classmethod``."""

    type_name = "classmethod"

    def __init__(self, function: Any) -> None:
        self.function = function


class BoundMethod(Value):
    """A function with its first argument."""

    type_name = "method"

    def __init__(self, function: Any, receiver: Any) -> None:
        self.function = function
        self.receiver = receiver

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Call the function with the receiver first."""
        return self.function.call([self.receiver, *args], kwargs, at)

    def forget(self, why: Unknown) -> list[Any]:
        """Its function, and what that changes of its receiver."""
        from goflow.parser.interpreter.callbacks import changes_receiver
        from goflow.parser.interpreter.functions import UserFunction

        changes = isinstance(self.function, UserFunction) and changes_receiver(self.function)
        return [self.function, self.receiver] if changes else [self.function]

    def call_with_unknown(self, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """The same, as far as the function can bear arguments that are not known."""
        takes = getattr(self.function, "call_with_unknown", None)
        return NotImplemented if takes is None else takes(unknown, [self.receiver, *args], kwargs, at)

    def get_attribute(self, name: str, at: At) -> Any:
        """``__self__``, ``__func__``, and the function's own."""
        if name == "__self__":
            return self.receiver
        if name == "__func__":
            return self.function
        return self.function.get_attribute(name, at)


def bind(found: Any, instance: Instance | None, cls: ClassValue, at: At) -> Any:
    """What ``instance.name`` (or, with no INSTANCE, ``cls.name``) gives for the class attribute FOUND."""
    from goflow.parser.interpreter.functions import UserFunction

    match found:
        case StaticMethod():
            return found.function
        case ClassMethod():
            return BoundMethod(found.function, cls)
        case PropertyValue():
            return found if instance is None else found.get(instance, at)
        case UserFunction():
            return found if instance is None else BoundMethod(found, instance)
        case NativeFunction():
            return BoundMethod(found, instance) if instance is not None and found.binds else found
    getter = getattr(found, "descriptor", None)
    return found if getter is None else getter.call([instance, cls], {}, at)


def is_abstract(value: Any) -> bool:
    """Whether ``abc.abstractmethod`` has marked the class attribute VALUE."""
    inner = value.getter if isinstance(value, PropertyValue) else getattr(value, "function", value)
    return "__isabstractmethod__" in getattr(inner, "attributes", ())
