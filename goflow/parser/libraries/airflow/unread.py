"""Calls of what is not read: where they may make tasks, edges or DAGs, that is told and never passed over.

``DbtTaskGroup(...)`` of a library that nobody models, inside ``with DAG``, makes tasks that the reader does not see.
The DAG that it may change is tainted; a DAG that it may make is a diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from goflow.domain.diagnostics import Severity
from goflow.parser.interpreter.unread import CLIENTS, callee, is_of_python
from goflow.parser.interpreter.values import Arguments, At, Keywords, Unknown
from goflow.parser.libraries.airflow.relations import Dependable, dag_of

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue
    from goflow.parser.libraries.airflow.state import AirflowState

_MAKES_TASKS = re.compile(
    r"(Operator|Sensor|Transfer|TaskGroup|Task|Group|Dag|DAG)$|(^|_)(task|dag)s?(_|$)|^(exec|partial|expand|expand_kwargs)$"
)
_MAKES_DAGS = re.compile(r"(Dag|DAG|Dags|DAGs)$|(^|_)dags?(_|$)|^exec$")
_TASK_ARGUMENTS = frozenset({"task_id", "group_id", "task_group", "trigger_rule"})


def unread_call(state: AirflowState, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> None:
    """Take note of a call of UNKNOWN."""
    name = callee(at)
    if CLIENTS.match(unknown.reason) or is_of_python(unknown.reason):
        return
    touched = list(dict.fromkeys(_dags_in((*args, *kwargs.values()))))
    current = state.current_dag()
    if not touched and current is not None and (_TASK_ARGUMENTS & set(kwargs) or _MAKES_TASKS.search(name)):
        touched = [current]
    for dag in touched:
        dag.taint(f"what {name or 'a call'}(...) does to the DAG", unknown, at)
    if current is None and not touched and ("dag_id" in kwargs or _MAKES_DAGS.search(name) or _globals_in(args, at)):
        dag_id = kwargs.get("dag_id")
        words = f"{name or 'a call'}(...) may make DAGs that are not seen: it depends on {unknown.reason}"
        known = dag_id if isinstance(dag_id, str) else None
        severity = Severity.ERROR if known is not None else Severity.WARNING
        at.session.report("GF103", words, at, severity=severity, dag_id=known)


def _dags_in(values: Any, depth: int = 3) -> Iterator[DagValue]:
    """The DAGs that VALUES and what they hold belong to."""
    from goflow.parser.libraries.airflow.dag import DagValue

    for value in values:
        if isinstance(value, DagValue):
            yield value
        elif isinstance(value, Dependable):
            dag = dag_of(value.dependency())
            if dag is not None:
                yield dag
        elif depth and isinstance(value, list | tuple | set):
            yield from _dags_in(value, depth - 1)
        elif depth and isinstance(value, dict):
            yield from _dags_in(value.values(), depth - 1)


def _globals_in(args: Arguments, at: At) -> bool:
    """Whether the module's globals are handed over, as DAG factories want them."""
    return any(arg is at.module.names for arg in args)
