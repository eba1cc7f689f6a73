"""Exceptions of the file: Python's own as classes that it can raise, catch and derive from."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import PropertyValue
from goflow.parser.interpreter.values import At, NativeFunction, Unknown

if TYPE_CHECKING:
    from goflow.parser.interpreter.session import Session


def builtin_exceptions() -> dict[str, ClassValue]:
    """A fresh class for each of Python's exceptions, by name."""
    found: dict[str, ClassValue] = {}

    def add(kind: type[BaseException]) -> ClassValue:
        if kind.__name__ not in found:
            bases = [add(base) for base in kind.__bases__ if issubclass(base, BaseException)]
            made = ClassValue(kind.__name__, bases, host=kind)
            if kind is BaseException:
                made.attributes["__init__"] = NativeFunction("__init__", _init, takes_unknown=True)
                made.attributes["__repr__"] = NativeFunction("__repr__", _representation, takes_unknown=True)
                made.attributes["__str__"] = NativeFunction("__str__", _text, takes_unknown=True)
                made.attributes |= {"__cause__": None, "__context__": None, "__traceback__": None}
                made.attributes["add_note"] = NativeFunction("add_note", lambda at, self, note: None)
                made.attributes["with_traceback"] = NativeFunction("with_traceback", lambda at, self, tb: self)
            if kind is BaseExceptionGroup:
                made.attributes["message"] = PropertyValue(NativeFunction("message", _group_message), None)
                made.attributes["exceptions"] = PropertyValue(NativeFunction("exceptions", _group_parts), None)
            found[kind.__name__] = made
        return found[kind.__name__]

    for value in vars(builtins).values():
        if isinstance(value, type) and issubclass(value, BaseException):
            add(value)
    found["EnvironmentError"] = found["IOError"] = found["OSError"]
    return found


def _init(at: At, self: Instance, *args: Any, **kwargs: Any) -> None:
    self.attributes.setdefault("args", tuple(args))


def _text(at: At, self: Instance) -> Any:
    from goflow.parser.interpreter.operations import representation, text

    args = self.attributes.get("args", ())
    if len(args) == 1:
        is_key_error = any(cls.name == "KeyError" for cls in self.cls.mro)
        return representation(args[0], at) if is_key_error else text(args[0], at)
    return text(tuple(args), at) if args else ""


def _representation(at: At, self: Instance) -> Any:
    from goflow.parser.interpreter.operations import representation

    args = self.attributes.get("args", ())
    inner = representation(args[0], at) if len(args) == 1 else representation(tuple(args), at)
    if isinstance(inner, Unknown):
        return inner
    return f"{self.cls.name}({inner})" if len(args) == 1 else f"{self.cls.name}{inner}"


def _group_message(at: At, self: Instance) -> Any:
    return self.attributes.get("args", ("",))[0]


def _group_parts(at: At, self: Instance) -> Any:
    _, *inner = self.attributes.get("args", ("",))
    return tuple(inner[0]) if inner and isinstance(inner[0], list | tuple) else ()


def make_exception(session: Session, kind: str | ClassValue, args: Sequence[Any]) -> Instance:
    """An instance of KIND: a builtin's name, a class, or the dotted path of one that a library has registered."""
    cls = kind if isinstance(kind, ClassValue) else session.exceptions.get(kind)
    if cls is None:
        cls = session.exceptions["Exception"]
    return Instance(cls, {"args": tuple(args)})


def message_of(value: Instance) -> str:
    """As the last line of Python's traceback: ``KeyError: 'X'``."""
    args = value.attributes.get("args", ())
    name = value.cls.name if value.cls.module_name == "builtins" else value.cls.path
    if not args:
        return name
    if len(args) == 1:
        inner = args[0]
        if isinstance(inner, Unknown):
            return f"{name}: (a message that depends on {inner.reason})"
        return f"{name}: {inner!r}" if value.cls.name == "KeyError" else f"{name}: {inner}"
    return f"{name}: {args!r}"


def matches(value: Instance, wanted: Any) -> bool | Unknown:
    """Whether ``except WANTED`` catches VALUE."""
    if isinstance(wanted, Unknown):
        return wanted
    if isinstance(wanted, tuple):
        answers = [matches(value, inner) for inner in wanted]
        if True in [answer for answer in answers if not isinstance(answer, Unknown)]:
            return True
        return next((answer for answer in answers if isinstance(answer, Unknown)), False)
    return isinstance(wanted, ClassValue) and value.cls.derives_from(wanted)
