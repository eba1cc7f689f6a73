"""Airflow's exceptions as classes that the file can raise, catch and derive from, and the ways to raise them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.exceptions import make_exception
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Raised

MODULE = "airflow.exceptions"
_BASES = {
    "AirflowException": "Exception",
    "AirflowRuntimeError": "Exception",
    "AirflowSkipException": "AirflowException",
    "AirflowFailException": "AirflowException",
    "ParamValidationError": "AirflowException",
    "AirflowNotFoundException": "AirflowException",
    "AirflowTimetableInvalid": "AirflowException",
    "DuplicateTaskIdFound": "AirflowException",
    "TaskAlreadyInTaskGroup": "AirflowException",
    "TaskDeferred": "BaseException",
    "AirflowTaskTimeout": "BaseException",
    "DownstreamTasksSkipped": "AirflowException",
    "AirflowRescheduleException": "AirflowException",
    "RemovedInAirflow3Warning": "DeprecationWarning",
    "RemovedInAirflow4Warning": "DeprecationWarning",
    "AirflowProviderDeprecationWarning": "DeprecationWarning",
}


def exception_class(session: Session, name: str) -> ClassValue:
    """The class NAME of ``airflow.exceptions``; unknown names derive from AirflowException."""
    path = f"{MODULE}.{name}"
    found = session.exceptions.get(path)
    if found is None:
        base_name = _BASES.get(name, "AirflowException")
        base = session.exceptions.get(base_name) or exception_class(session, base_name)
        found = session.exceptions[path] = ClassValue(name, (base,), module_name=MODULE)
    return found


def fail(
    at: At,
    kind: str,
    message: str,
    *,
    only: Dialect | None = None,
    code: str = "",
    hint: str = "",
    argument: str = "",
) -> NoReturn:
    """Raise KIND (a builtin's name, or ``airflow.exceptions.Name``) for the file to catch.

    ONLY says that under that dialect there would be no such error: where nothing catches it, the file is read once
    more as that dialect. CODE and HINT are the diagnostic's, where nothing catches it, and it stands at the keyword
    ARGUMENT of the call at AT.
    """
    if kind.startswith(f"{MODULE}."):
        exception_class(at.session, kind.removeprefix(f"{MODULE}."))
    value = make_exception(at.session, kind, (message,))
    value.data = {"dialect": only, "code": code, "hint": hint, "argument": argument}
    raise Raised(value, at.argument(argument) if argument else at)


@contextmanager
def told_at(place: At | None) -> Iterator[None]:
    """What is raised inside about an argument that the call at PLACE has is told there: a decorator has arguments that
    are looked at when its function is called."""
    try:
        yield
    except Raised as problem:
        data = problem.value.data
        name = data.get("argument") if isinstance(data, dict) else None
        if name and place is not None and (found := place.argument(name)) is not place:
            problem.at = found
        raise
