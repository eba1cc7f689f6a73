"""``contextlib``."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.exceptions import matches
from goflow.parser.interpreter.generators import Generator
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, Raised, Unknown, Value
from goflow.parser.libraries.registry import function, module


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

    def leave(self, problem: Raised | None, at: At) -> bool:
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

    def leave(self, problem: Raised | None, at: At) -> bool:
        """Whether it is one of the kinds."""
        return problem is not None and matches(problem.value, self.kinds) is True


class NullContext(Value):
    """``nullcontext(value)``."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def enter(self, at: At) -> Any:
        """The value."""
        return self.value


@module("contextlib")
def build(session: Session) -> dict[str, Any]:
    """``contextlib``."""

    def manager(at: At, inner: Any) -> Any:
        return inner if isinstance(inner, Unknown) else GeneratorManagerFactory(inner)

    return {
        "contextmanager": function("contextmanager", manager, takes_unknown=True),
        "suppress": function("suppress", lambda at, *kinds: Suppress(kinds), takes_unknown=True),
        "nullcontext": function("nullcontext", lambda at, value=None: NullContext(value), takes_unknown=True),
        "closing": function("closing", lambda at, value: NullContext(value), takes_unknown=True),
    }
