"""Calls of what is not read: where they may make tasks, edges or DAGs, that is told and never passed over.

``DbtTaskGroup(...)`` of a library that nobody models, inside ``with DAG``, makes tasks that the reader does not see.
The DAG that it may change is tainted; a DAG that it may make is a diagnostic. So with what such code makes of a
decorated function, with a call whose result nobody takes (it is made for what it does), and with ``with`` blocks of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import libcst as cst

from goflow.domain.diagnostics import Severity
from goflow.parser.interpreter.alternatives import OneOf, changeable
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.scopes import Scope
from goflow.parser.interpreter.unread import (
    CLIENTS,
    callee,
    is_of_code,
    is_of_data,
    is_of_python,
    knows_no_tasks,
)
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown
from goflow.parser.interpreter.written_names import last_name
from goflow.parser.libraries.airflow.makers import Maker, made_by, made_in, named_for_dags, named_for_tasks
from goflow.parser.libraries.airflow.relations import Dependable, dag_of

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue
    from goflow.parser.libraries.airflow.state import AirflowState

_OF_AIRFLOW_ITSELF = re.compile(
    r"airflow\.(configuration|logging_config|models\.(connection|dagrun|pool|variable|xcom)|settings|stats"
    r"|utils\.(db|email|file|json|log|net|process_utils|session|state|strings|timezone))\b"
)
"""Modules of Airflow's own that make no tasks."""
_OF_LOGGERS = frozenset({"critical", "debug", "error", "exception", "info", "log", "warn", "warning"}) | frozenset(
    {"count", "decrement", "gauge", "histogram", "incr", "increment", "timing"}
)
"""Methods of loggers and of metrics, whoever's they are."""
_TASK_ARGUMENTS = frozenset({"task_id", "group_id", "task_group", "trigger_rule"})


def unread_call(state: AirflowState, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Unknown:
    """Take note of a call of UNKNOWN; gives what it gives."""
    what = f"{callee(at) or 'a call'}(...)"
    if isinstance(at.node, cst.Call) and isinstance(at.node.func, cst.Attribute):
        for dag in dict.fromkeys(_dags_of(unknown)):  # a method of one of some tasks or groups
            dag.taint(f"what {what} does to the DAG", unknown, at)
    if CLIENTS.match(unknown.reason) or is_of_python(unknown.reason):
        return unknown
    handed = [*args, *kwargs.values()]
    if callee(at) in {"set_upstream", "set_downstream"} and args:
        unread_edge(state, unknown, args[0], at)
    touched = list(dict.fromkeys(_dags_in(handed)))
    current = state.current_dag()
    files = [value for value in handed if not _is_airflows(value) and value is not at.module.names]
    at_once = made_by(files)
    if not touched and current is not None and _may_make_tasks(unknown, at_once, kwargs, at):
        touched = [current]
    for dag in touched:
        dag.taint(f"what {what} does to the DAG", unknown, at)
    if current is None and not touched and _may_make_dags(unknown, at_once, args, kwargs, at):
        _tell_of_dags(what, kwargs.get("dag_id"), unknown, at)
    elif current is None and state.first_unread is None and _is_the_files_own(unknown, at):
        state.first_unread = what, unknown, at
    makes = at_once | made_by(filter(_is_airflows, handed))
    if isinstance(at.node, cst.Decorator):
        makes |= _named_decorator(at.node)
    if not makes:
        return unknown
    return Maker.made(unknown, changeable(handed), makes)


def _is_airflows(value: Any) -> bool:
    """Whether VALUE is Airflow's own: who wants to make something of that does not wait to be handed it."""
    return isinstance(value, NativeFunction) or (isinstance(value, ClassValue) and value.is_native)


def goes_anywhere(state: AirflowState, unknown: Unknown, at: At) -> None:
    """A task is given to a DAG that is not known: to one of some that are, or to one that is not seen."""
    from goflow.parser.libraries.airflow.dag import DagValue

    found = [one for one in unknown.may_be() if isinstance(one, DagValue)] if isinstance(unknown, OneOf) else []
    for dag in dict.fromkeys([*found, state.current_dag()]):
        if dag is not None:
            dag.taint("whether there is such a task", unknown, at)
    if not found:
        _tell_of_dags("the DAG of a task", None, unknown, at)


def unread_block(state: AirflowState, unknown: Unknown, body: cst.CSTNode, scope: Scope, at: At) -> None:
    """Take note of ``with UNKNOWN: BODY``: it may be a group, whose prefix the tasks inside get, or a DAG."""
    makes = made_in(body, scope)
    if "tasks" not in makes:
        return
    found = list(_dags_of(unknown))
    current = state.current_dag()
    if current is not None and not _makes_none(unknown):
        found.append(current)
    for dag in dict.fromkeys(found):
        dag.taint("what the context of tasks does to them", unknown, at)
    if current is None and "dags" not in makes and not _makes_none(unknown):
        _tell_of_dags("the context of tasks", None, unknown, at)


def unread_edge(state: AirflowState, unknown: Unknown, other: Any, at: At) -> None:
    """Take note of ``UNKNOWN >> OTHER`` or ``OTHER >> UNKNOWN``: between tasks it is an edge."""
    if not isinstance(other, Unknown | Dependable | list | tuple):
        return
    found = dict.fromkeys(_dags_in([unknown, other]))
    current = state.current_dag()
    for dag in found or ([current] if current is not None else []):
        dag.taint("an edge", unknown, at)


def _dags_of(unknown: Unknown) -> Iterator[DagValue]:
    """The DAGs of the tasks and groups of which UNKNOWN is one, and those that it may be."""
    from goflow.parser.libraries.airflow.dag import DagValue

    if isinstance(unknown, OneOf):
        yield from _dags_in(one for one in unknown.may_be() if isinstance(one, Dependable | DagValue))


def _may_make_tasks(unknown: Unknown, makes: frozenset[str], kwargs: Keywords, at: At) -> bool:
    if _TASK_ARGUMENTS & set(kwargs) or named_for_tasks(callee(at)):
        return True
    if not isinstance(at.node, cst.Call):  # it decorates: what it gives is called where that makes something
        return False
    if "tasks" in makes or made_by([unknown]):
        return True
    return at.node in at.session.discarded and _may_do_anything(unknown, at)


def _may_do_anything(unknown: Unknown, at: At) -> bool:
    if _makes_none(unknown) or callee(at) in _OF_LOGGERS:
        return False
    return is_of_code(unknown.reason) and not is_of_data(unknown.reason, at)


def _named_decorator(node: cst.Decorator) -> frozenset[str]:
    """What a function under ``@company_task`` makes, for all that the decorator's name says."""
    found = node.decorator
    while isinstance(found, cst.Call):
        found = found.func
    name = last_name(found)
    named = {"tasks": named_for_tasks(name), "dags": named_for_dags(name)}
    return frozenset(what for what, is_named in named.items() if is_named)


def _makes_none(unknown: Unknown) -> bool:
    return knows_no_tasks(unknown.reason) or _OF_AIRFLOW_ITSELF.match(unknown.reason) is not None


def _is_the_files_own(unknown: Unknown, at: At) -> bool:
    makes_an_object = callee(at)[:1].isupper() and at.node not in at.session.discarded
    return at.module is at.session.main and not makes_an_object and _may_do_anything(unknown, at)


def tell_of_no_dags(state: AirflowState) -> None:
    """The file made no DAG: what is not read may make some."""
    if state.first_unread is not None and not any(found.code == "GF103" for found in state.session.diagnostics):
        what, unknown, at = state.first_unread
        _tell_of_dags(what, None, unknown, at)


def _may_make_dags(unknown: Unknown, makes: frozenset[str], args: Arguments, kwargs: Keywords, at: At) -> bool:
    if "dag_id" in kwargs or named_for_dags(callee(at)) or any(arg is at.module.names for arg in args):
        return True
    return isinstance(at.node, cst.Call) and ("dags" in makes or "dags" in made_by([unknown]))


def _tell_of_dags(what: str, dag_id: Any, unknown: Unknown, at: At) -> None:
    words = f"{what} may make DAGs that are not seen: it depends on {unknown.reason}"
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
        elif isinstance(value, Instance) and not value.cls.is_native and depth:
            yield from _dags_in(list(value.attributes.values()), depth - 1)
        elif isinstance(value, OneOf) and depth:
            yield from _dags_in(value.may_be(), depth - 1)
        elif depth and isinstance(value, list | tuple | set):
            yield from _dags_in(value, depth - 1)
        elif depth and isinstance(value, dict):
            yield from _dags_in(value.values(), depth - 1)
