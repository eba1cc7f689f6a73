"""Task groups of providers that make tasks of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, Raised, Unknown
from goflow.parser.libraries.airflow.graph import TaskNode
from goflow.parser.libraries.airflow.groups import GroupValue, group_class, make_group
from goflow.parser.libraries.airflow.operators import OperatorValue
from goflow.parser.libraries.airflow.state import state_of
from goflow.parser.libraries.airflow.xcom_args import xcom_of

_PLACE = "airflow.providers.databricks.operators.databricks_workflow"
DATABRICKS_WORKFLOW = f"{_PLACE}.DatabricksWorkflowTaskGroup"
_OWN_ARGUMENTS: Mapping[str, Any] = {
    "access_control_list": None,
    "existing_clusters": [],
    "extra_job_params": {},
    "jar_params": [],
    "job_clusters": [],
    "max_concurrent_runs": 1,
    "name": None,
    "notebook_packages": [],
    "notebook_params": {},
    "python_params": [],
    "spark_submit_params": [],
}
"""Its arguments but for the connection, with what stands for those that are not given."""
_NOT_LAUNCHED = ("name", "notebook_packages")


class WorkflowGroup(GroupValue):
    """``DatabricksWorkflowTaskGroup``: its tasks become one job of Databricks, which a task ``launch`` starts."""

    arguments: dict[str, Any]

    def leave(self, problem: Raised | None, at: At) -> bool | Unknown:
        """Make the task ``launch`` and put it before the others, as the provider's ``__exit__`` does."""
        if problem is None:
            roots, tasks = list(self.node.roots()), list(self.node.tasks())
            launch = self._launch(at)
            for task in tasks:
                if isinstance(task, TaskNode) and isinstance(task.value, OperatorValue):
                    task.value.store("workflow_run_metadata", xcom_of(launch, at), at)
            for root in roots:
                root.set_upstream([launch.node])
            graph = self.node.dag
            if graph is not None:
                for task_id in sorted(self.node.upstream):
                    launch.node.set_upstream([graph.tasks[task_id]])
                for task_id in sorted(self.node.downstream):
                    for leaf in self.node.leaves():
                        leaf.set_downstream([graph.tasks[task_id]])
        return super().leave(problem, at)

    def _launch(self, at: At) -> OperatorValue:
        from goflow.parser.libraries.airflow.operator_classes import operator_class

        operator = operator_class(at.session, f"{_PLACE}._CreateDatabricksWorkflowOperator")
        assert operator is not None
        given = {name: value for name, value in self.arguments.items() if name not in _NOT_LAUNCHED}
        made = operator.call([], {"task_id": "launch", "dag": self.dag, "task_group": self, **given}, at)
        assert isinstance(made, OperatorValue)
        return made


def workflow_group_class(session: Session) -> ClassValue:
    """``DatabricksWorkflowTaskGroup`` of this session."""
    return state_of(session).singleton(
        "DatabricksWorkflowTaskGroup",
        lambda: ClassValue(
            "DatabricksWorkflowTaskGroup", (group_class(session),), {}, module_name=_PLACE, construct=_construct
        ),
    )


def _construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    rest = {name: value for name, value in kwargs.items() if name not in _OWN_ARGUMENTS}
    connection = rest.pop("databricks_conn_id", None)
    made = at.session.guarded(make_group, at, [cls, *args], rest, "DatabricksWorkflowTaskGroup")
    group = WorkflowGroup(cls, made.node, at, made.attributes)
    given = {name: value for name in _OWN_ARGUMENTS if isinstance(value := kwargs.get(name), Unknown) or value}
    group.arguments = {"databricks_conn_id": connection, **_OWN_ARGUMENTS, **given}
    return group
