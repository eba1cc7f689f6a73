"""A file read by running it, shut in: its account, the objects it made, their specs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from goflow.domain.diagnostics import READ_IN_SANDBOX, Diagnostic, Severity, Span
from goflow.domain.spec import DagSpec, Dialect, Inputs, InputsUsed
from goflow.parser.api import Folder, ParseResult
from goflow.parser.interpreter.session import Session
from goflow.parser.libraries.airflow.dialects import OtherDialectError
from goflow.parser.libraries.airflow.import_paths import other
from goflow.parser.lower import collect
from goflow.parser.sandbox import running
from goflow.parser.sandbox.agreeing import DisagreeError, agreed
from goflow.parser.sandbox.running import NoAccountError

Accounts = Callable[[Folder, str, Inputs], tuple[dict[str, Any], dict[str, Any]]]
_OTHERS = {"ModuleNotFoundError", "ImportError", "AttributeError", "TypeError"}
"""Exceptions by which a file shows that it is written for the other Airflow."""
SAID = "the file is run to be read, shut in, because goflow.yaml says import_mode: sandbox"

NOT_HERE = "in a cluster the daemon runs no file in its own pod, and a Job that does it is not there yet"


def read_in_sandbox(session: Session, folder: Folder, inputs: Inputs, accounts: Accounts | None = None) -> ParseResult:
    """What running the main file of SESSION tells. Raises OtherDialectError as evaluating it does."""
    from goflow.parser.reading import guarded, local_closure

    module = session.main
    accounts = accounts or running.accounts_of
    session.report(READ_IN_SANDBOX, SAID, None, severity=Severity.NOTE)
    used = InputsUsed()
    dags: list[DagSpec] = []
    try:
        if not folder.runs_files:
            raise NoAccountError(NOT_HERE, refused=True)
        first, second = accounts(folder, module.path, inputs)
    except NoAccountError as problem:
        _tell_none(session, problem)
    else:
        shown = _note_files(session, folder, first, second)
        used = _inputs_used(session, first, second, shown)
        error = first["error"] or second["error"]
        if error is not None:
            _tell_error(session, folder, accounts, inputs, error)
        else:
            dags = guarded(module, lambda: _dags(session, first, second, shown))
    local_closure(module)
    marked = tuple(dataclasses.replace(dag, read_by="sandbox") for dag in dags)
    return ParseResult(
        module.path, "", marked, tuple(session.diagnostics), dict(session.closure), used, read_by="sandbox"
    )


def _dags(session: Session, first: dict[str, Any], second: dict[str, Any], shown: dict[str, str]) -> list[DagSpec]:
    from goflow.parser.sandbox.rebuilding import Rebuilding

    try:
        account = agreed(first, second)
    except DisagreeError:
        text = "which DAGs and tasks the file makes depends on the current time or on chance"
        session.report("GF101", text, None)
        return []
    Rebuilding(session, account, shown).run()
    return collect(session, session.main)


def _tell_none(session: Session, problem: NoAccountError) -> None:
    if problem.refused:
        here = "let the process make user namespaces, or read the file without import_mode: sandbox"
        hint = "" if str(problem) == NOT_HERE else here
        session.report("GF506", str(problem), None, hint=hint)
    else:
        session.report("GF005", f"running it fails: {problem}", None)


def _tell_error(session: Session, folder: Folder, accounts: Accounts, inputs: Inputs, error: dict[str, Any]) -> None:
    """The exception that the file raised. Raises OtherDialectError where the other dialect does not raise it."""
    text = f"{error['type'].removeprefix('airflow._goflow.exceptions.')}: {error['message']}".removesuffix(": ")
    span = Span(session.main.path, error["line"], 1 if error["line"] else 0)
    kind = error["type"].rpartition(".")[2]
    if kind in _OTHERS and "irflow" in error["message"] + error["type"] and session.dialect_source != "file":
        elsewhere = other(session.dialect)
        if _works(folder, accounts, inputs, session.main.path, elsewhere):
            raise OtherDialectError(text.partition("\n")[0], elsewhere, span)
    session.diagnostics.append(Diagnostic(_code_of(kind, text), text, span))


def _code_of(kind: str, text: str) -> str:
    """The diagnostic's code for an exception, as evaluating the file would give it."""
    if kind in {"SyntaxError", "IndentationError", "TabError"}:
        return "GF002"
    if kind == "KeyError" and "Variable" in text and "does not exist" in text:
        return "GF008"
    return "GF008" if kind == "AirflowNotFoundException" or "VARIABLE_NOT_FOUND" in text else "GF004"


def _works(folder: Folder, accounts: Accounts, inputs: Inputs, path: str, dialect: Dialect) -> bool:
    try:
        first, _ = accounts(dataclasses.replace(folder, dialect=dialect), path, inputs)
    except NoAccountError:
        return False
    return first["error"] is None


def _note_files(session: Session, folder: Folder, *accounts: dict[str, Any]) -> dict[str, str]:
    """Put the files of the runs into the closure; gives their paths as they are shown by those of the runs."""
    loader = session.loader
    shown: dict[str, str] = {}
    for account in accounts:
        for path, digest in account["files"].items():
            shown[path] = loader.shown(loader.real(path))
            session.closure.setdefault(shown[path], digest)
    return shown


def _inputs_used(session: Session, *accounts: Any) -> InputsUsed:
    first, second, _ = accounts
    loader = session.loader
    listed = {**first["listed"], **second["listed"]}
    return InputsUsed(
        {**first["variables"], **second["variables"]},
        {**first["environment"], **second["environment"]},
        tuple(dict.fromkeys([*first["connections"], *second["connections"]])),
        {loader.shown(loader.real(path)): tuple(names) for path, names in listed.items()},
    )
