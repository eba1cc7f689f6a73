"""CronJobs of Kubernetes: those that GoFlow has placed for DAGs, and those of others that it watches."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from goflow.domain.cronjobs import obstacles
from goflow.domain.errors import NotFoundError
from goflow.operators.cronjob import cronjob_manifest
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.store import Tx, cronjobs, dags, installation, versions
from goflow.store.cronjobs import CronJob
from goflow.store.rows import Dag

router = APIRouter(prefix="/goflow/v1/cronjobs", tags=["CronJob"])


@router.get("")
def list_cronjobs(
    services: ServicesDep,
    caller: CallerDep,
    namespace: str | None = None,
    placed: bool | None = Query(None, description="true: GoFlow's own; false: those that are watched"),
) -> Annotated[shapes.Body, Is(told_own.CronJobs)]:
    """Every CronJob by namespace and name, and why they are not looked after just now, if they are not."""
    with services.store.reading() as tx:
        found = [
            one for one in cronjobs.all_(tx) if namespace in {None, one.namespace} and placed in {None, one.placed}
        ]
        known = {one.dag_id: dags.find(tx, one.dag_id) for one in found}
        trouble = installation.find(tx, cronjobs.TROUBLE)
    rows = [_shape(one, known[one.dag_id]) for one in found]
    return {"cronjobs": rows, "total_entries": len(rows), "trouble": trouble or None}


@router.get("/{namespace}/{name}")
def get_cronjob(
    namespace: str, name: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_own.WantedCronJob)]:
    """One CronJob, and of a placed one how GoFlow wants it to be."""
    with services.store.reading() as tx:
        found = _find(tx, namespace, name)
        dag = dags.find(tx, found.dag_id)
        manifest = _manifest(tx, found, dag, services) if found.placed and dag is not None else None
    return {**_shape(found, dag), "manifest": manifest}


@router.get("/{namespace}/{name}/runs")
def get_cronjob_runs(
    namespace: str, name: str, services: ServicesDep, caller: CallerDep, limit: int = Query(20, ge=1, le=1000)
) -> Annotated[shapes.Body, Is(told_own.RunsOfCronJob)]:
    """The newest runs that Kubernetes has begun, the newest first, each with the name of its Job."""
    with services.store.reading() as tx:
        found = cronjobs.runs_of(tx, _find(tx, namespace, name).dag_id, limit)
        numbers = {run.version_id: versions.get(tx, run.version_id).number for run, _ in found}
    rows = [{**shapes.run(run, numbers[run.version_id]), "job": job} for run, job in found]
    return {"runs": rows, "total_entries": len(rows)}


def _find(tx: Tx, namespace: str, name: str) -> CronJob:
    found = cronjobs.find(tx, namespace, name)
    if found is None:
        raise NotFoundError(f"CronJob {namespace}/{name}")
    return found


def _manifest(tx: Tx, found: CronJob, dag: Dag, services: Services) -> dict[str, Any] | None:
    spec = versions.spec(tx, dag.reading_id)
    if next(obstacles(spec), None) is not None:
        return None  # it is about to be removed
    return cronjob_manifest(spec, services.defaults, services.site, suspended=found.suspended)


def _shape(found: CronJob, dag: Dag | None) -> shapes.Body:
    return {
        "namespace": found.namespace,
        "name": found.name,
        "dag_id": found.dag_id,
        "dag_display_name": None if dag is None else dag.name,
        "placed": found.placed,
        "state": cronjobs.state_of(found.present, found.suspended, found.problem),
        "problem": found.problem,
        "schedule": found.schedule,
        "time_zone": found.time_zone or None,
        "suspended": found.suspended,
        "last_schedule_at": shapes.moment(found.last_schedule_at),
        "next_schedule_at": None if dag is None or found.suspended else shapes.moment(dag.next_run_after),
        "mended_at": shapes.moment(found.mended_at),
        "mended": found.mended,
        "in_force_since": shapes.moment(found.in_force_since),
        "seen_at": shapes.moment(found.seen_at),
    }
