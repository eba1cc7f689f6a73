"""What is wrong with a file, as a value: where, which code, what it means and what to do.

A diagnostic never stops anything by itself. `Severity.ERROR` on a DAG means that its last good version stays in force.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from goflow.domain.canonical import Json


class Severity(enum.StrEnum):
    """How bad: an ERROR keeps the DAG (without ``dag_id`` the file) from being taken; a WARNING or NOTE does not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file: PATH relative to the DAG folder, LINE and COLUMN counted from 1 (0: the file as a whole)."""

    path: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        numbers = [number for number in (self.line, self.line and self.column) if number]
        return ":".join([self.path, *map(str, numbers)])


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. CODE is a stable name such as ``GF101``; the list with explanations is `CODES`."""

    code: str
    message: str
    span: Span
    severity: Severity = Severity.ERROR
    hint: str = ""
    dag_id: str | None = None
    task_id: str | None = None

    def to_json(self) -> Json:
        """The diagnostic as the CLI's ``--json`` and the REST API give it."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "path": self.span.path,
            "line": self.span.line,
            "column": self.span.column,
            "end_line": self.span.end_line,
            "end_column": self.span.end_column,
            "hint": self.hint,
            "dag_id": self.dag_id,
            "task_id": self.task_id,
        }

    @classmethod
    def from_json(cls, value: dict[str, Json]) -> Diagnostic:
        """The inverse of ``to_json``."""
        numbers = (int(str(value.get(name) or 0)) for name in ("line", "column", "end_line", "end_column"))
        span = Span(str(value["path"]), *numbers)
        return cls(
            code=str(value["code"]),
            message=str(value["message"]),
            span=span,
            severity=Severity(str(value["severity"])),
            hint=str(value.get("hint") or ""),
            dag_id=None if value.get("dag_id") is None else str(value["dag_id"]),
            task_id=None if value.get("task_id") is None else str(value["task_id"]),
        )


READ_IN_SANDBOX = "GF505"

CODES: dict[str, str] = {
    # 0xx: the file itself
    "GF001": "The file cannot be read (permissions, encoding, size).",
    "GF002": "The file is not valid Python.",
    "GF003": "The file is not valid YAML.",
    "GF004": "The file's own code raises an exception while it is read.",
    "GF005": "Reading the file takes more steps, depth or memory than the budget allows.",
    "GF006": "A module that the file imports is neither in the DAG folder nor known to GoFlow.",
    "GF007": "The file defines a DAG id that another file of the folder already defines.",
    "GF008": "A Variable, Connection or environment variable that the file asks for does not exist.",
    "GF009": "GoFlow itself failed on this file: a defect to report.",
    "GF010": "A zip archive with DAG files in it that cannot be read.",
    # 1xx: cannot be known before run time
    "GF101": "Something the scheduler plans with (an id, an edge, a schedule, a policy) is not known before run time.",
    "GF102": "A field of a task is not known before run time; it is filled in when the task runs.",
    "GF103": "A construct of the language or of a library that GoFlow does not evaluate yet.",
    # 2xx: a DAG that Airflow itself would refuse
    "GF201": "The DAG has a cycle.",
    "GF202": "Two tasks of the DAG have the same id.",
    "GF203": "An argument is missing, has a wrong type or a value that Airflow refuses.",
    "GF204": "An argument that the DAG, operator, group or function does not have.",
    "GF205": "A DAG, task or group id has characters that Airflow refuses.",
    "GF206": "A schedule that cannot be understood.",
    # 3xx: read rightly, but not run yet
    "GF301": "An operator that GoFlow does not convert to a Job yet.",
    "GF302": "A schedule that GoFlow does not run (the DAG can be triggered by hand).",
    "GF303": "A feature that GoFlow reads but does not act on yet.",
    # 4xx: native YAML and goflow.yaml
    "GF401": "A key that the format does not have.",
    "GF402": "A value of the wrong type, or outside its range.",
    "GF403": "A required key is missing.",
    "GF404": "A value that is accepted but means something else here (RetryPolicy Always, say).",
    "GF405": "The same key stands twice in one place.",
    "GF406": "A dag-factory file has what dag-factory refuses.",
    "GF407": "What the format does not have yet, or GoFlow does not do with it.",
    "GF408": "A DAG that says RunAs: CronJob, and asks for what a CronJob does not do.",
    # 5xx: notices
    "GF501": "The file uses what only the other dialect has; that dialect is taken for it.",
    "GF502": "A comment that ignores a code silences nothing.",
    "GF503": "A comment that ignores codes is not understood.",
    "GF504": "An operator that its provider has deprecated, or does not have any more.",
    "GF505": "The file was read by running it, shut in, and not by evaluating it.",
    "GF506": "The file is to be run to be read, and that cannot be done here.",
    "GF507": "Nothing in the file tells which Airflow it is for; its folder does.",
    "GF508": "An argument that Airflow 3 takes and does nothing with.",
}
"""Every diagnostic code with one sentence; ``docs/diagnostics.md`` explains each, and a test holds the two together."""
