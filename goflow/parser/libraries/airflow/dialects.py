"""Which dialect a file is written in, where it uses what only one of them has (decision 5)."""

from __future__ import annotations

import re

from goflow.domain.diagnostics import Span
from goflow.domain.errors import did_you_mean
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Raised
from goflow.parser.libraries.airflow.import_paths import has_module, modules_of, other, what_became_of

_MISSING_MODULE = re.compile(r"No module named '(airflow[\w.]*)'")


class OtherDialectError(Exception):
    """The file uses what only DIALECT has; its text says what, SPAN where."""

    def __init__(self, message: str, dialect: Dialect, span: Span) -> None:
        super().__init__(message)
        self.dialect = dialect
        self.span = span


def refuse_dialect(problem: Raised, session: Session) -> None:
    """Raise OtherDialectError where PROBLEM comes from the session's dialect alone."""
    elsewhere = other_dialect(problem, session)
    if elsewhere is not None:
        raise OtherDialectError(problem.message.partition("\n")[0], elsewhere, problem.at.span)


def other_dialect(problem: Raised, session: Session) -> Dialect | None:
    """The dialect under which PROBLEM, which nothing in the file caught, would not have come up; None: no such."""
    if session.dialect_source == "file":
        return None
    elsewhere = other(session.dialect)
    data = problem.value.data
    if isinstance(data, dict) and data.get("dialect") == elsewhere:
        return elsewhere
    if problem.type_name in {"ModuleNotFoundError", "ImportError"}:
        found = _MISSING_MODULE.search(problem.message)
        if found is not None and has_module(found[1], elsewhere):
            return elsewhere
    return None


def code_and_hint(problem: Raised, session: Session) -> tuple[str, str]:
    """The diagnostic's code and hint that the models of Airflow gave PROBLEM; GF006 for a module that Airflow does not
    have, GF004 for all others."""
    missing = _MISSING_MODULE.search(problem.message) if problem.is_a("ModuleNotFoundError") else None
    if missing is not None:
        return "GF006", what_became_of(missing[1]) or did_you_mean(missing[1], modules_of(session.dialect))
    data = problem.value.data
    if not isinstance(data, dict):
        return "GF004", ""
    return str(data.get("code") or "GF004"), str(data.get("hint") or "")
