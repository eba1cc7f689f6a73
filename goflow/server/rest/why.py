"""What task instances wait for, in words."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from goflow.scheduler import why
from goflow.scheduler.namespaces import NamespaceSlots
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.store import runs

router = APIRouter(tags=["Task Instance"])


@router.get("/goflow/v1/dags/{dag_id}/dagRuns/{run_id}/waiting")
def list_waiting(
    dag_id: str, run_id: str, services: ServicesDep, caller: CallerDep, task_id: str | None = None
) -> Annotated[shapes.Body, Is(told_own.WaitingTasks)]:
    """The task instances of a run that neither run nor have ended, each with WAITS_FOR: why it does not run yet."""
    slots = NamespaceSlots(services.namespace_slots, services.defaults.namespace)
    with services.store.reading() as tx:
        run = runs.by_run_id(tx, dag_id, run_id)
        found = why.of_run(tx, run, slots, services.parallelism, task_id=task_id)
    told = [
        {"task_id": row.task_id, "map_index": row.map_index, "state": row.state.value, "waits_for": words}
        for row, words in found
    ]
    return {"task_instances": told, "total_entries": len(told)}
