"""Objects of libraries whose class and arguments are all that a spec needs: recorded as they were made."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    NativeFunction,
    Unknown,
    UnknownKey,
    Value,
    hidden_key,
)


class RecordedClass(Value):
    """A class of a library: calling it records the call."""

    type_name = "type"

    def __init__(self, path: str, *, positional: tuple[str, ...] = ()) -> None:
        self.path = path
        self.name = path.rpartition(".")[2]
        self.positional = positional

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """An object with these arguments."""
        given = dict(zip(self.positional or tuple(f"_{n}" for n in range(len(args))), args, strict=False))
        return RecordedObject(self, {**given, **kwargs})

    def has_instance(self, value: Any, at: At) -> bool:
        """``isinstance``."""
        return isinstance(value, RecordedObject) and value.cls is self

    def get_attribute(self, name: str, at: At) -> Any:
        """Class attributes are not read."""
        return self.name if name == "__name__" else Unknown(f"{self.path}.{name}", at)


class RecordedObject(Value):
    """An object of a library: its class, and its arguments, which are its attributes."""

    def __init__(self, cls: RecordedClass, arguments: dict[str, Any]) -> None:
        self.cls = cls
        self.path = cls.path
        self.arguments = arguments
        self.type_name = cls.name

    def __repr__(self) -> str:
        return f"<{self.path} object>"

    def get_attribute(self, name: str, at: At) -> Any:
        """An argument; ``to_dict`` gives them all."""
        if name in self.arguments:
            return self.arguments[name]
        if name == "to_dict":
            return NativeFunction("to_dict", lambda at: dict(self.arguments))
        if name == "__class__":
            return self.cls
        hidden = hidden_key(self.arguments)
        if hidden is not None:
            return hidden
        return None if name.islower() and not name.startswith("_") else Unknown(f"{self.path}.{name}", at)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Set it."""
        at.session.journal.touch(self.arguments)
        self.arguments[name] = value

    def forget(self, why: Unknown) -> list[Any]:
        """None of its arguments is known."""
        why.at.session.journal.touch(self.arguments)
        held = list(self.arguments.values())
        self.arguments.update(dict.fromkeys(self.arguments, why))
        self.arguments[UnknownKey(why)] = why
        return held

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """Equal when class and arguments are."""
        from goflow.parser.interpreter.operations import binary

        if operator in {"==", "!="} and isinstance(other, RecordedObject):
            same = binary("==", self.arguments, other.arguments, at) if self.path == other.path else False
            return same if operator == "==" or isinstance(same, Unknown) else not same
        return NotImplemented
