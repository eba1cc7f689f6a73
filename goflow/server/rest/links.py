"""Extra links of task instances: those of Airflow's standard operators, and what tasks in Airflow images have left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.spec import TaskSpec
from goflow.store import Tx, tasks, xcoms

_LEFT = "_link_"
"""Under keys that begin so, with the class of the link behind it, Airflow's own task runner leaves links as results."""
_NAMES = {"TriggerDagRunLink": "Triggered DAG", "ExternalDagLink": "External DAG"}
"""What those of the standard provider are called; others are known by their class alone."""
Known = Mapping[str, Any]


def _triggered(fields: Known, left: Known, _: DagRun) -> tuple[Any, Any]:
    return fields.get("trigger_dag_id"), left.get("trigger_run_id")


def _external(fields: Known, _: Known, run: DagRun) -> tuple[Any, Any]:
    return fields.get("external_dag_id"), run.run_id


_OF_OPERATORS: dict[str, tuple[str, Callable[[Known, Known, DagRun], tuple[Any, Any]]]] = {
    "TriggerDagRunOperator": ("Triggered DAG", _triggered),
    "ExternalTaskSensor": ("External DAG", _external),
    "ExternalTaskMarker": ("External DAG", _external),
}
"""By operator: the link's name, and the DAG and the run that it leads to."""


def of_instance(tx: Tx, run: DagRun, row: TaskInstance, spec: TaskSpec | None, base_url: str) -> dict[str, str | None]:
    """Name to address, by name; None where it leads nowhere yet. BASE_URL: where the page is."""
    left = xcoms.of_task(tx, run.id, row.task_id, row.map_index)
    known = {key: getattr(value, "value", value) for key, value in left.items()}
    found: dict[str, str | None] = {
        _NAMES.get(key.removeprefix(_LEFT), key.removeprefix(_LEFT)): value
        for key, value in known.items()
        if key.startswith(_LEFT) and isinstance(value, str)
    }
    if spec is not None and spec.operator in _OF_OPERATORS:
        name, leads_to = _OF_OPERATORS[spec.operator]
        dag_id, run_id = leads_to({**spec.fields, **(tasks.rendered(tx, row.id) or {})}, known, run)
        whole = isinstance(dag_id, str) and isinstance(run_id, str)
        found[name] = _page(base_url, dag_id, run_id) if whole else found.get(name)
    return dict(sorted(found.items()))


def _page(base_url: str, dag_id: str, run_id: str) -> str:
    return f"{base_url.rstrip('/')}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
