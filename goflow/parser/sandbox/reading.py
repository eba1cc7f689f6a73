"""A file read by running it, shut in: its account, the objects it made, their specs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

from goflow.domain.diagnostics import READ_IN_SANDBOX, Diagnostic, Severity, Span
from goflow.domain.spec import DagSpec, Dialect, Inputs, InputsUsed
from goflow.parser.api import Folder, ParseResult
from goflow.parser.folder import Archive
from goflow.parser.interpreter.session import Session
from goflow.parser.libraries.airflow.dialects import OtherDialectError
from goflow.parser.libraries.airflow.import_paths import other
from goflow.parser.lower import collect
from goflow.parser.sandbox import elsewhere, running
from goflow.parser.sandbox.agreeing import DisagreeError, agreed
from goflow.parser.sandbox.running import NoAccountError

Accounts = Callable[[Folder, str, Inputs, Sequence[str]], tuple[dict[str, Any], dict[str, Any]]]
"""What gives the two accounts of a file, or of the modules at the top of an archive."""
Ask = Callable[[Folder], tuple[dict[str, Any], dict[str, Any]]]
_OTHERS = {"ModuleNotFoundError", "ImportError", "AttributeError", "TypeError"}
"""Exceptions by which a file shows that it is written for the other Airflow."""
SAID = "the file is run to be read, shut in, because goflow.yaml says import_mode: sandbox"

NOT_HERE = "in a cluster files are run by Jobs, which only the daemon makes"


def read_in_sandbox(
    session: Session,
    folder: Folder,
    inputs: Inputs,
    accounts: Accounts | None = None,
    archive: Archive | None = None,
) -> ParseResult:
    """What running the main file of SESSION tells, or the DAG files of the ARCHIVE that it is. Raises OtherDialectError
    as evaluating it does, and AccountWantedError where somebody else has to run it first."""
    from goflow.parser.reading import guarded, local_closure

    module = session.main
    names = () if archive is None else archive.dag_files
    asked = accounts or (running.accounts_of if folder.runs_files else elsewhere.accounts_of)

    def ask(folder: Folder) -> tuple[dict[str, Any], dict[str, Any]]:
        return asked(folder, module.path, inputs, [PurePosixPath(name).stem for name in names])

    session.report(READ_IN_SANDBOX, SAID, None, severity=Severity.NOTE)
    used = InputsUsed()
    dags: list[DagSpec] = []
    try:
        if not folder.runs_files and folder.answers is None:
            raise NoAccountError(NOT_HERE, refused=True)
        first, second = ask(folder)
    except NoAccountError as problem:
        _tell_none(session, folder, problem)
    else:
        shown = _note_files(session, archive, first, second)
        used = _inputs_used(session, first, second, shown)
        for path, error in _problems(module.path, first, second).items():
            _tell_error(session, folder, ask, path, error)
        if first["error"] is None and second["error"] is None:
            dags = guarded(module, lambda: _dags(session, first, second, shown))
    local_closure(module, [] if archive is None else archive.files.values())
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


def _tell_none(session: Session, folder: Folder, problem: NoAccountError) -> None:
    if problem.refused:
        here = "let the process make user namespaces, or read the file without import_mode: sandbox"
        session.report("GF506", str(problem), None, hint=here if folder.runs_files else "")
    else:
        session.report("GF005", f"running it fails: {problem}", None)


def _problems(path: str, first: dict[str, Any], second: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The exceptions of the file PATH, or of files in the archive that it is, by their paths."""
    whole = first["error"] or second["error"]
    found = {f"{path}/{name}.py": error for name, error in {**second["failures"], **first["failures"]}.items()}
    return found if whole is None else {path: whole, **found}


def _tell_error(session: Session, folder: Folder, ask: Ask, path: str, error: dict[str, Any]) -> None:
    """The exception that the file PATH raised. Raises OtherDialectError where the other dialect does not raise it."""
    text = f"{error['type'].removeprefix('airflow._goflow.exceptions.')}: {error['message']}".removesuffix(": ")
    span = Span(path, error["line"], 1 if error["line"] else 0)
    kind = error["type"].rpartition(".")[2]
    if kind in _OTHERS and "irflow" in error["message"] + error["type"] and session.dialect_source != "file":
        elsewhere = other(session.dialect)
        if _works(folder, ask, elsewhere):
            raise OtherDialectError(text.partition("\n")[0], elsewhere, span)
    session.diagnostics.append(Diagnostic(_code_of(kind, text), text, span))


def _code_of(kind: str, text: str) -> str:
    """The diagnostic's code for an exception, as evaluating the file would give it."""
    if kind in {"SyntaxError", "IndentationError", "TabError"}:
        return "GF002"
    if kind == "KeyError" and "Variable" in text and "does not exist" in text:
        return "GF008"
    return "GF008" if kind == "AirflowNotFoundException" or "VARIABLE_NOT_FOUND" in text else "GF004"


def _works(folder: Folder, ask: Ask, dialect: Dialect) -> bool:
    try:
        first, _ = ask(dataclasses.replace(folder, dialect=dialect))
    except NoAccountError:
        return False
    return first["error"] is None and not first["failures"]


def _note_files(session: Session, archive: Archive | None, *accounts: dict[str, Any]) -> dict[str, str]:
    """Put the files of the runs into the closure; gives their paths as they are shown by those of the runs."""
    loader, path = session.loader, session.main.path
    told = loader.told(session.root / path)
    shown = {f"{told}/{name}": f"{path}/{name}" for name in (() if archive is None else archive.files)}
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
