"""Exceptions of the file: Python's own as classes that it can raise, catch and derive from."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.classes import ClassValue, Instance, initialise
from goflow.parser.interpreter.descriptors import PropertyValue
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value, raised

if TYPE_CHECKING:
    from goflow.parser.interpreter.session import Session


_OF_LIBRARIES = {
    "dataclasses.FrozenInstanceError": "AttributeError",
    "json.decoder.JSONDecodeError": "ValueError",
    "packaging.version.InvalidVersion": "ValueError",
    "pendulum.parsing.exceptions.ParserError": "ValueError",
    "pendulum.tz.exceptions.TimezoneError": "ValueError",
    "pendulum.tz.exceptions.InvalidTimezone": "pendulum.tz.exceptions.TimezoneError",
    "pydantic_core._pydantic_core.ValidationError": "ValueError",
    "re.error": "Exception",
    "tomllib.TOMLDecodeError": "ValueError",
    "zoneinfo._common.ZoneInfoNotFoundError": "KeyError",
}
"""Exceptions of libraries by their path, with the builtin, or one that stands before it, that each derives from."""


@functools.cache
def builtin_exceptions() -> Mapping[str, ClassValue]:
    """A class for each of Python's exceptions, by name; they know no session, so all share them."""
    found: dict[str, ClassValue] = {}

    def add(kind: type[BaseException]) -> ClassValue:
        if kind.__name__ not in found:
            bases = [add(base) for base in kind.__bases__ if issubclass(base, BaseException)]
            made = ClassValue(kind.__name__, bases, host=kind, construct=_construct)
            if kind is BaseException:
                made.attributes["__init__"] = NativeFunction("__init__", _init, takes_unknown=True)
                made.attributes["__repr__"] = NativeFunction("__repr__", _representation, takes_unknown=True)
                made.attributes["__str__"] = NativeFunction("__str__", _text, takes_unknown=True)
                made.attributes |= {"__cause__": None, "__context__": None, "__traceback__": None}
                made.attributes["__suppress_context__"] = False
                made.attributes["__dict__"] = PropertyValue(NativeFunction("__dict__", _own_attributes))
                made.attributes["add_note"] = NativeFunction("add_note", lambda at, self, note: None)
                made.attributes["with_traceback"] = NativeFunction("with_traceback", lambda at, self, tb: self)
            if kind is OSError:
                made.attributes["__str__"] = NativeFunction("__str__", _os_error_text, takes_unknown=True)
                for name, index in (("errno", 0), ("strerror", 1), ("filename", 2)):
                    made.attributes[name] = _part(name, index, at_least=2)
            if kind in {StopIteration, SystemExit}:
                name = "value" if kind is StopIteration else "code"
                made.attributes[name] = _part(name, 0)
            if kind is BaseExceptionGroup:
                made.attributes["message"] = PropertyValue(NativeFunction("message", _group_message), None)
                made.attributes["exceptions"] = PropertyValue(NativeFunction("exceptions", _group_parts), None)
            found[kind.__name__] = made
        return found[kind.__name__]

    for value in vars(builtins).values():
        if isinstance(value, type) and issubclass(value, BaseException):
            add(value)
    for path, base in _OF_LIBRARIES.items():
        module, _, name = path.rpartition(".")
        found[path] = ClassValue(name, [found[base]], module_name=module, construct=_construct)
    found["EnvironmentError"] = found["IOError"] = found["OSError"]
    return found


def _init(at: At, self: Instance, *args: Any, **kwargs: Any) -> None:
    self.attributes["args"] = tuple(args)


def _construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    """As BaseException.__new__: all arguments are its ``args``, until an ``__init__`` says otherwise."""
    made = Instance(cls, {"args": tuple(args)})
    if any(base.host is BaseExceptionGroup for base in cls.mro):
        _check_group(args, at)
    if kwargs and cls.owner_of("__init__") is at.session.exceptions["BaseException"]:
        raised(at, "TypeError", f"{cls.name}() takes no keyword arguments")
    initialise(made, args, kwargs, at)
    return made


def _check_group(args: Sequence[Any], at: At) -> None:
    """What ``BaseExceptionGroup.__new__`` refuses."""
    from goflow.parser.interpreter.plain_values import type_name

    if len(args) != 2:
        raised(at, "TypeError", f"BaseExceptionGroup.__new__() takes exactly 2 arguments ({len(args)} given)")
    message, parts = args
    if isinstance(message, Unknown) or isinstance(parts, Unknown):
        return
    if not isinstance(message, str):
        raised(at, "TypeError", f"BaseExceptionGroup.__new__() argument 1 must be str, not {type_name(message)}")
    if not isinstance(parts, list | tuple):
        return
    if not parts:
        raised(at, "ValueError", "second argument (exceptions) must be a non-empty sequence")
    for number, part in enumerate(parts):
        if not isinstance(part, Unknown) and not (isinstance(part, Instance) and is_exception(part.cls)):
            raised(at, "ValueError", f"Item {number} of second argument (exceptions) is not an exception")


_NOT_SHOWN = frozenset({"args", "__cause__", "__context__", "__suppress_context__"})


def _own_attributes(at: At, self: Instance) -> Any:
    return {name: value for name, value in self.attributes.items() if name not in _NOT_SHOWN}


def _part(name: str, index: int, at_least: int = 1) -> PropertyValue:
    """The argument of that INDEX as an attribute, until it is set; None where there are not AT_LEAST so many."""

    def get(at: At, self: Instance) -> Any:
        if f"_{name}" in self.attributes:
            return self.attributes[f"_{name}"]
        args = self.attributes.get("args", ())
        return args[index] if len(args) > index and len(args) >= at_least else None

    def put(at: At, self: Instance, value: Any) -> None:
        at.session.journal.touch(self.attributes)
        self.attributes[f"_{name}"] = value

    return PropertyValue(NativeFunction(name, get, takes_unknown=True), NativeFunction(name, put, takes_unknown=True))


def _os_error_text(at: At, self: Instance) -> Any:
    args = self.attributes.get("args", ())
    if len(args) in {2, 3} and not any(isinstance(arg, Unknown) for arg in args):
        return f"[Errno {args[0]}] {args[1]}" + (f": {args[2]!r}" if len(args) == 3 else "")
    return _text(at, self)


def is_exception(cls: ClassValue) -> bool:
    """Whether instances of CLS can be raised."""
    return any(base.host is BaseException for base in cls.mro)


def _text(at: At, self: Instance) -> Any:
    from goflow.parser.interpreter.shown import representation, text

    args = self.attributes.get("args", ())
    if len(args) == 1:
        is_key_error = any(cls.name == "KeyError" for cls in self.cls.mro)
        return representation(args[0], at) if is_key_error else text(args[0], at)
    return text(tuple(args), at) if args else ""


def _representation(at: At, self: Instance) -> Any:
    from goflow.parser.interpreter.shown import representation

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


def from_host(session: Session, problem: BaseException) -> Instance:
    """What Python itself has raised, as an instance that the file can catch; of the nearest class that it knows."""
    for kind in type(problem).__mro__:
        cls = session.exceptions.get(f"{kind.__module__}.{kind.__name__}") or session.exceptions.get(kind.__name__)
        if cls is not None:
            args = problem.args if isinstance(problem, KeyError) else ((str(problem),) if problem.args else ())
            made = make_exception(session, cls, args)
            if isinstance(problem, UnicodeError | OSError):
                made.attributes["args"] = problem.args
            return made
    return make_exception(session, "Exception", (str(problem),))


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
        is_key_error = any(cls.name == "KeyError" for cls in value.cls.mro)
        return f"{name}: {shown(inner)}" if is_key_error else f"{name}: {shown(inner, str)}"
    return f"{name}: {shown(args)}"


def shown(value: Any, way: Callable[[Any], str] = repr) -> str:
    """VALUE for people; of a number, or of what holds one, that has more digits than Python writes, only its kind."""
    try:
        return way(value)
    except ValueError:
        return f"<{value.type_name if isinstance(value, Value) else type(value).__name__} of very many digits>"


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
