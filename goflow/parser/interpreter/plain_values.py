"""What is asked of every value: its type's name, the plain value inside, and what Python's own errors become."""

from __future__ import annotations

from typing import Any, NoReturn

from goflow.parser.interpreter.values import At, Raised, Value

HOST_ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RuntimeError)


def as_raised(problem: BaseException, at: At) -> NoReturn:
    """Raise what Python itself has raised in an operation as the file's exception."""
    from goflow.parser.interpreter.exceptions import from_host

    raise Raised(from_host(at.session, problem), at) from None


def plain_host(value: Any) -> Any:
    """The text or number inside an instance of a class that derives from ``str`` or ``int``; else VALUE itself."""
    inner = getattr(value, "data", None) if isinstance(value, Value) else None
    return inner if isinstance(inner, str | int | float | bytes) else value


def type_name(value: Any) -> str:
    """The name of VALUE's type, as Python's error messages have it."""
    if isinstance(value, Value):
        return value.type_name
    return "NoneType" if value is None else type(value).__name__


def is_set(value: Any) -> bool:
    """Whether VALUE counts as true where Airflow asks, objects and what nobody knows included."""
    return isinstance(value, Value) or value is NotImplemented or bool(value)
