"""Names and ids that Airflow's answers have and GoFlow's tables have not: derived, and the same each time."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import os
import pwd
import uuid

from goflow.domain.spec import TaskSpec
from goflow.parser.catalogue import facts

BUNDLE = "dags-folder"
"""The name of the one DAG folder, as Airflow calls the bundle of its own ``dags_folder``."""
_TASK, _VERSION = 1, 2
_DECORATED = {
    "_PythonDecoratedOperator": "@task",
    "_BranchPythonDecoratedOperator": "@task.branch",
    "_ShortCircuitDecoratedOperator": "@task.short_circuit",
    "_BashDecoratedOperator": "@task.bash",
    "DecoratedSensorOperator": "@task.sensor",
    "_PythonVirtualenvDecoratedOperator": "@task.virtualenv",
    "_PythonExternalDecoratedOperator": "@task.external_python",
    "_BranchExternalPythonDecoratedOperator": "@task.branch_external_python",
    "_BranchPythonVirtualenvDecoratedOperator": "@task.branch_virtualenv",
}


@functools.cache
def unix_name() -> str | None:
    """The name of the user that the daemon runs as, which Airflow keeps with each task instance; None: it has none."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # in a container with a user of numbers alone
        return None


def task_uuid(key: int) -> str:
    """The id of the task instance with that KEY as the UUID that Airflow's have."""
    return str(uuid.UUID(int=(_TASK << 96) | key))


def version_uuid(key: int) -> str:
    """The same for a version of a DAG."""
    return str(uuid.UUID(int=(_VERSION << 96) | key))


def path_number(path: str) -> int:
    """A number for a file, as Airflow's import errors have one: 48 bits of its digest."""
    return int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()[:6])


def file_token(path: str) -> str:
    """What names the file PATH in a URL."""
    return base64.urlsafe_b64encode(path.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def path_of(token: str) -> str | None:
    """The file that a `file_token` names; None where it is none."""
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError):
        return None


def operator_name(spec: TaskSpec) -> str:
    """What Airflow shows a task's operator as: its class, or ``@task`` and what follows for those of TaskFlow."""
    return operator_words(spec.operator, spec.operator_path)


def operator_words(operator: str, path: str) -> str:
    """The same of a class by its name and its canonical import path."""
    known = _DECORATED.get(operator)
    if known is None:
        found = facts.lookup(path) if path.startswith("airflow.") else None
        known = f"@task.{found.decorator}" if found is not None and found.decorator else operator
    return known


def ui_color(spec: TaskSpec) -> str:
    """The colour that Airflow's page has for a task's class; white where it is not known."""
    for path in (spec.operator_path, *spec.bases):
        found = facts.lookup(path) if path.startswith("airflow.providers.") else None
        if found is not None:
            return found.ui_color
    return "#fff"
