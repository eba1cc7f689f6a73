"""What OpenLineage's provider lets DAG files say of a DAG or a task: it is kept in their params."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from goflow.parser.interpreter.values import At, Unknown, Value
from goflow.parser.libraries.airflow.dag import DagValue
from goflow.parser.libraries.airflow.operators import TaskValue
from goflow.parser.libraries.airflow.state import native
from goflow.parser.libraries.airflow.xcom_args import XComArgValue

_POLICY = "_openlineage_emission_policy"
_LINEAGE = "_selective_enable_ol"
_OF_DAGS = ("emit", "emit_dag_events")
_OF_TASKS = (
    *("emit", "emit_task_events", "extract_operator_metadata", "include_source_code", "hook_lineage"),
    "include_full_task_info",
)


def _policy(at: At, obj: Any, **flags: Any) -> Any:
    """``extend_global_openlineage_emission_policy``: gives OBJ back."""
    for one in _with_tasks(obj, at):
        names = _OF_DAGS if isinstance(one, DagValue) else _OF_TASKS
        given = {name: flags[name] for name in names if flags.get(name) is not None}
        if given:
            params = one.get_attribute("params", at)
            before = params.get_item(_POLICY, at) if params.contains(_POLICY, at) is True else {}
            params.set_item(_POLICY, {**(before if isinstance(before, dict) else {}), **given}, at)
    return obj


def _lineage(enabled: bool) -> Callable[..., Any]:
    def mark(at: At, obj: Any) -> Any:
        for one in _with_tasks(obj, at):
            one.get_attribute("params", at).set_item(_LINEAGE, enabled, at)
        return obj

    return mark


def _with_tasks(obj: Any, at: At) -> list[Value]:
    """A DAG and its tasks so far; a task, or that of an XComArg, alone."""
    if isinstance(obj, DagValue):
        return [obj, *(task.value for task in obj.graph.tasks.values() if isinstance(task.value, TaskValue))]
    if isinstance(obj, XComArgValue):
        found = obj.get_attribute("operator", at)
        return [] if isinstance(found, Unknown) else [found]
    return [obj] if isinstance(obj, TaskValue) else []


OPENLINEAGE: Mapping[str, Any] = {
    "extend_global_openlineage_emission_policy": native("extend_global_openlineage_emission_policy", _policy),
    "enable_lineage": native("enable_lineage", _lineage(True)),
    "disable_lineage": native("disable_lineage", _lineage(False)),
}
"""Functions below ``airflow.providers.openlineage``."""
