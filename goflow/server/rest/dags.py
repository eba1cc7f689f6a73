"""DAGs: list, show, pause; their versions, what changed between two, and the Jobs that would be made."""

from __future__ import annotations

import difflib
import json
from typing import Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict

from goflow.domain.runs import DagRun, Launch, TaskInstance, job_name
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import LaunchState, RunState, RunType
from goflow.operators.manifest import job_manifest
from goflow.operators.plan import NotConvertibleError
from goflow.operators.registry import EMPTY_PATHS, convert
from goflow.operators.request import PlanRequest
from goflow.scheduler import operations
from goflow.server.rest import shapes
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.store import Tx, blobs, dags, questions, versions

router = APIRouter(tags=["DAG"])


class PatchDag(BaseModel):
    """What of a DAG can be set."""

    model_config = ConfigDict(extra="forbid")
    is_paused: bool


@router.get("/api/v2/dags")
def list_dags(
    services: ServicesDep,
    caller: CallerDep,
    limit: int = Query(100, ge=1, le=1000),
    offset: int = Query(0, ge=0),
    paused: bool | None = None,
    tags: str | None = None,
    dag_id_pattern: str | None = None,
    exclude_stale: bool = True,
) -> shapes.Body:
    """Active DAGs by id."""
    picked: dict[str, Any] = {
        "active": True if exclude_stale else None,
        "paused": paused,
        "tag": tags,
        "search": dag_id_pattern,
    }
    with services.store.reading() as tx:
        found = dags.list_(tx, limit=limit, offset=offset, **picked)
        total = dags.count(tx, **picked)
    return {"dags": [shapes.dag(row) for row in found], "total_entries": total}


@router.get("/api/v2/dags/{dag_id}")
def show_dag(dag_id: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """One DAG."""
    with services.store.reading() as tx:
        return shapes.dag(dags.get(tx, dag_id))


@router.get("/api/v2/dags/{dag_id}/details")
def show_details(dag_id: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """One DAG with its meaning: tasks, edges, params."""
    with services.store.reading() as tx:
        row = dags.get(tx, dag_id)
        reading = versions.reading(tx, row.reading_id)
        return {
            **shapes.dag(row),
            "spec": versions.spec_json(tx, row.reading_id),
            "problems": [shapes.problem(question) for question in questions.problems(tx, dag_id)],
            "diagnostics": [found.to_json() for found in reading.diagnostics],
        }


@router.patch("/api/v2/dags/{dag_id}")
def patch_dag(dag_id: str, body: PatchDag, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Pause or unpause."""
    change = operations.pause if body.is_paused else operations.unpause
    change(services.store, dag_id, who=caller)
    with services.store.reading() as tx:
        return shapes.dag(dags.get(tx, dag_id))


@router.post("/goflow/v1/dags/{dag_id}/release")
def release_dag(dag_id: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """A person's word: let a held catch-up begin."""
    operations.release(services.store, dag_id, who=caller)
    with services.store.reading() as tx:
        return shapes.dag(dags.get(tx, dag_id))


@router.get("/goflow/v1/dags/{dag_id}/versions")
def list_versions(dag_id: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Every version, oldest first, each by its file hash."""
    with services.store.reading() as tx:
        dags.get(tx, dag_id)
        found = [shapes.version(row, versions.readings(tx, row.id)) for row in versions.list_(tx, dag_id)]
    return {"versions": sorted(found, key=lambda version: version["number"]), "total_entries": len(found)}


@router.get("/goflow/v1/dags/{dag_id}/diff")
def diff_versions(
    dag_id: str, services: ServicesDep, caller: CallerDep, old: int | None = None, new: int | None = None
) -> shapes.Body:
    """What changed between two versions (default: the last two): the file's text, and the DAG's meaning."""
    with services.store.reading() as tx:
        newest = dags.get(tx, dag_id).version
        second = new or newest
        first = old or max(second - 1, 1)
        sides = [_side(tx, dag_id, number) for number in (first, second)]
    names = (f"version {first}", f"version {second}")
    meanings = [json.dumps(side[1], indent=1, sort_keys=True, ensure_ascii=False) for side in sides]
    return {
        "old": first,
        "new": second,
        "same_meaning": sides[0][2] == sides[1][2],
        "source": _difference(sides[0][0], sides[1][0], names, around=3),
        "meaning": _difference(meanings[0], meanings[1], names, around=2),
    }


def _difference(old: str, new: str, names: tuple[str, str], around: int) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), *names, n=around, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _side(tx: Tx, dag_id: str, number: int) -> tuple[str, dict[str, Any], str]:
    """(source text, spec, digest of the meaning) of one version."""
    version = versions.by_number(tx, dag_id, number)
    reading = versions.readings(tx, version.id)[-1]
    manifest = blobs.folder(tx, version.folder_digest)
    found = manifest.files.get(version.file_path)
    text = blobs.content(tx, found[0]).decode("utf-8", "replace") if found else ""
    return text, versions.spec_json(tx, reading.id), reading.spec_digest


@router.get("/goflow/v1/dags/{dag_id}/source")
def show_source(dag_id: str, services: ServicesDep, caller: CallerDep, version: int | None = None) -> shapes.Body:
    """The DAG's file as it was in one version (default: the newest)."""
    with services.store.reading() as tx:
        number = version or dags.get(tx, dag_id).version
        return {"version": number, "source": _side(tx, dag_id, number)[0]}


@router.get("/goflow/v1/dags/{dag_id}/render")
def render_dag(dag_id: str, services: ServicesDep, caller: CallerDep, task_id: str | None = None) -> shapes.Body:
    """The Job of each task as it would be created, with placeholders for run and launch."""
    with services.store.reading() as tx:
        spec = versions.spec(tx, dags.get(tx, dag_id).reading_id)
    wanted = [task for task in spec.tasks if task_id is None or task.task_id == task_id]
    if not wanted:
        raise HTTPException(404, f"DAG {dag_id} has no task {task_id}")
    return {"tasks": [_rendered(services, spec, task) for task in wanted]}


def _rendered(services: Services, dag: DagSpec, task: TaskSpec) -> shapes.Body:
    if task.operator_path in EMPTY_PATHS:
        return {"task_id": task.task_id, "job": None, "reason": "the scheduler decides it itself; no container is made"}
    try:
        plan = convert(_example(services, dag, task))
    except NotConvertibleError as problem:
        return {"task_id": task.task_id, "job": None, "reason": str(problem)}
    return {"task_id": task.task_id, "job": job_manifest(plan, services.site), "reason": None}


def _example(services: Services, dag: DagSpec, task: TaskSpec) -> PlanRequest:
    now = services.store.clock.now()
    run_id, launch_id = "RUN", "0" * 32
    run = DagRun(
        id=0,
        dag_id=dag.dag_id,
        run_id=run_id,
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        version_id=0,
        reading_id=0,
        logical_date=now,
        data_interval_start=now,
        data_interval_end=now,
        run_after=now,
    )
    instance = TaskInstance(id=0, dag_run_id=0, dag_id=dag.dag_id, run_id=run_id, task_id=task.task_id, try_number=1)
    launch = Launch(
        id=launch_id,
        task_instance_id=0,
        try_number=1,
        ordinal=1,
        state=LaunchState.PLANNED,
        backend="kubernetes",
        job_name=job_name(dag.dag_id, task.task_id, launch_id),
    )
    return PlanRequest(dag=dag, task=task, run=run, instance=instance, launch=launch, defaults=services.defaults)
