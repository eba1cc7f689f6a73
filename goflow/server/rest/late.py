"""What is late: deadlines of runs and missed SLAs of tasks. Airflow's public API has no paths for them; the bodies have
the form that its own page is given (``DeadlineCollectionResponse``)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.store import dags, deadlines, runs

router = APIRouter(tags=["DagRun"])


@router.get("/goflow/v1/dags/{dag_id}/dagRuns/{run_id}/deadlines")
def list_deadlines(
    dag_id: str, run_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_own.Deadlines)]:
    """The deadlines of a run, the first first: those that were missed, and those that may still be. One that was met is
    gone."""
    with services.store.reading() as tx:
        run = runs.by_run_id(tx, dag_id, run_id)
        found = [shapes.deadline(row, dag_id, run_id) for row in deadlines.of_run(tx, run.id)]
    return {"deadlines": found, "total_entries": len(found)}


@router.get("/goflow/v1/dags/{dag_id}/late")
def list_late(
    dag_id: str, services: ServicesDep, caller: CallerDep, limit: int = Query(10, ge=1, le=1000)
) -> Annotated[shapes.Body, Is(told_own.LateAnswer)]:
    """The newest deadlines that runs of a DAG have missed, and the newest SLAs that its tasks have."""
    with services.store.reading() as tx:
        dags.get(tx, dag_id)
        missed = [shapes.deadline(row, dag_id, run_id) for run_id, row in deadlines.missed_of_dag(tx, dag_id, limit)]
        slas = [shapes.sla_miss(row) for row in deadlines.newest_misses(tx, dag_id, limit)]
    return {"deadlines": missed, "sla_misses": slas}
