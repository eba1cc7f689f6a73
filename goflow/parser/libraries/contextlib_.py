"""``contextlib``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.exceptions import matches
from goflow.parser.interpreter.files import MemoryFile
from goflow.parser.interpreter.generators import Generator
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Raised, Unknown, Value, raised
from goflow.parser.libraries.registry import function, module, native_class


class GeneratorManagerFactory(Value):
    """A function under ``@contextmanager``."""

    type_name = "function"

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """A context manager."""
        made = self.inner.call(args, kwargs, at)
        return GeneratorManager(made) if isinstance(made, Generator) else made

    def get_attribute(self, name: str, at: At) -> Any:
        """The function's own."""
        return self.inner.get_attribute(name, at)


class GeneratorManager(Value):
    """A generator as a context manager."""

    type_name = "_GeneratorContextManager"

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    def enter(self, at: At) -> Any:
        """Run to the ``yield``."""
        return self.generator.next_value(at)

    def leave(self, problem: Raised | None, at: At) -> bool | Unknown:
        """Run to the end, or raise PROBLEM at the ``yield``."""
        if problem is None:
            self.generator.advance(at)
            return False
        self.generator.throw(problem, at)
        return True


class Suppress(Value):
    """``suppress(Error)``."""

    def __init__(self, kinds: tuple[Any, ...]) -> None:
        self.kinds = kinds

    def enter(self, at: At) -> Any:
        """Nothing."""
        return None

    def leave(self, problem: Raised | None, at: At) -> bool | Unknown:
        """Whether it is one of the kinds."""
        return problem is not None and matches(problem.value, self.kinds)

    def may_catch(self, problem: Raised) -> bool | Unknown:
        """The same."""
        return matches(problem.value, self.kinds)


class NullContext(Value):
    """``nullcontext(value)``."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def enter(self, at: At) -> Any:
        """The value."""
        return self.value


class Closing(NullContext):
    """``closing(value)``: the value is closed at the end."""

    def leave(self, problem: Raised | None, at: At) -> bool | Unknown:
        """Close it."""
        call(host.get_attribute(self.value, "close", at), [], {}, at)
        return False


class Redirected(NullContext):
    """``redirect_stdout(file)``: nothing is printed here, so what the file holds afterwards is not known."""

    def enter(self, at: At) -> Any:
        """The file."""
        if isinstance(self.value, MemoryFile):
            self.value.unknown = Unknown("what is printed into a file", at)
        return self.value


def _manager_class() -> ClassValue:
    """``AbstractContextManager``: entered it gives itself, and it catches nothing."""
    made = native_class("AbstractContextManager", "contextlib")
    made.attributes["__enter__"] = NativeFunction("__enter__", lambda at, self: self, takes_unknown=True)
    made.attributes["__exit__"] = NativeFunction("__exit__", lambda at, self, *problem: None, takes_unknown=True)
    return made


def _decorator_class() -> ClassValue:
    """``ContextDecorator``: a context manager that a function may be decorated with."""
    made = native_class("ContextDecorator", "contextlib")
    reason = "what a context manager as a decorator gives"
    made.attributes["__call__"] = NativeFunction("__call__", lambda at, *_: Unknown(reason, at), takes_unknown=True)
    return made


class ExitStack(Value):
    """``ExitStack()``: what was entered is left in reverse order."""

    type_name = "ExitStack"

    def __init__(self) -> None:
        self.leaving: list[Callable[[Raised | None, At], bool | Unknown]] = []

    def get_attribute(self, name: str, at: At) -> Any:
        """How things come onto the stack."""
        match name:
            case "enter_context":
                return NativeFunction(name, self._enter_context, takes_unknown=True)
            case "push":
                return NativeFunction(name, self._push, takes_unknown=True)
            case "callback":
                return NativeFunction(name, self._callback, takes_unknown=True)
            case "close":
                return NativeFunction(name, lambda at: self.leave(None, at) and None)
        return Unknown(f"contextlib.ExitStack.{name}, which is not read", at)

    def enter(self, at: At) -> Any:
        """The stack."""
        return self

    def leave(self, problem: Raised | None, at: At) -> bool | Unknown:
        """Leave everything; whether one of them has dealt with PROBLEM."""
        left, unknown = problem, None
        while self.leaving:
            try:
                is_over = self.leaving.pop()(left, at)
                if isinstance(is_over, Unknown):
                    unknown = is_over
                elif is_over:
                    left = None
            except Raised as other:
                left = other
        if left is not None and left is not problem:
            raise left
        if unknown is not None and left is not None:
            return unknown
        return problem is not None and left is None

    def _enter_context(self, at: At, manager: Any) -> Any:
        if not isinstance(manager, Value):
            raised(at, "TypeError", "the object does not support the context manager protocol")
        entered = manager.enter(at)
        self.leaving.append(manager.leave)
        return entered

    def _push(self, at: At, manager: Any) -> Any:
        self.leaving.append(manager.leave)
        return manager

    def _callback(self, at: At, run: Any, *args: Any, **kwargs: Any) -> Any:
        def leave(problem: Raised | None, at: At) -> bool:
            call(run, list(args), kwargs, at)
            return False

        self.leaving.append(leave)
        return run


@module("contextlib")
def build(session: Session) -> dict[str, Any]:
    """``contextlib``."""

    def manager(at: At, inner: Any) -> Any:
        return inner if isinstance(inner, Unknown) else GeneratorManagerFactory(inner)

    return {
        "contextmanager": function("contextmanager", manager, takes_unknown=True),
        "suppress": function("suppress", lambda at, *kinds: Suppress(kinds), takes_unknown=True),
        "nullcontext": function("nullcontext", lambda at, value=None: NullContext(value), takes_unknown=True),
        "ExitStack": function("ExitStack", lambda at: ExitStack()),
        "closing": function("closing", lambda at, value: Closing(value), takes_unknown=True),
        "redirect_stdout": function("redirect_stdout", lambda at, file: Redirected(file), takes_unknown=True),
        "redirect_stderr": function("redirect_stderr", lambda at, file: Redirected(file), takes_unknown=True),
        "AbstractContextManager": _manager_class(),
        "ContextDecorator": _decorator_class(),
    }
