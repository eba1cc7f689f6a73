"""What files ask a DAG object to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.values import At, Unknown, raised
from goflow.parser.libraries.airflow.exceptions import MODULE, fail
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.params import make_dag_param
from goflow.parser.libraries.airflow.state import taint_if_undecided

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue


def _add_task(at: At, self: DagValue, task: Any) -> None:
    taint_if_undecided(self, "whether a task is in the DAG", at)
    if isinstance(task, Unknown):
        self.taint("a task", task, at)
        return
    if not hasattr(task, "node"):
        raised(at, "AttributeError", f"'{type_name(task)}' object has no attribute 'start_date'")
    group = self.open_group
    self.graph.add(task.node, group.node if group is not None else None)


def _add_tasks(at: At, self: DagValue, tasks: Any) -> None:
    for task in tasks:
        _add_task(at, self, task)


def _get_task(at: At, self: DagValue, task_id: Any, include_subdags: bool = False) -> Any:
    if isinstance(task_id, Unknown):
        return task_id
    found = self.graph.tasks.get(task_id)
    if found is None:
        fail(at, f"{MODULE}.TaskNotFound", f"Task {task_id} not found")
    return found.value


def _has_task(at: At, self: DagValue, task_id: Any) -> Any:
    return task_id if isinstance(task_id, Unknown) else task_id in self.graph.tasks


def _set_dependency(at: At, self: DagValue, upstream_task_id: Any, downstream_task_id: Any) -> None:
    taint_if_undecided(self, "an edge", at)
    above, below = _get_task(at, self, upstream_task_id), _get_task(at, self, downstream_task_id)
    for value in (above, below):
        if isinstance(value, Unknown):
            self.taint("an edge", value, at)
            return
    above.node.set_downstream([below.node])


def _param(at: At, self: DagValue, name: Any, default: Any = NOT_SET) -> Any:
    return make_dag_param(at, self, name, default)


def _nothing(at: At, self: DagValue, *args: Any, **kwargs: Any) -> None:
    """What only a running Airflow does."""


def _run_time(at: At, self: DagValue, *args: Any, **kwargs: Any) -> Any:
    return Unknown("what a DAG object gives at run time", at)


METHODS: dict[str, Any] = {
    "add_task": _add_task,
    "add_tasks": _add_tasks,
    "get_task": _get_task,
    "has_task": _has_task,
    "set_dependency": _set_dependency,
    "param": _param,
    "add_result": lambda at, self, xcom: xcom,
    "test": _nothing,
    "cli": _nothing,
    "run": _nothing,
    "clear": _nothing,
    "validate": _nothing,
    "check_cycle": _nothing,
    "topological_sort": _run_time,
    "partial_subset": _run_time,
    "get_active_runs": _run_time,
}
