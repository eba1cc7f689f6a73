"""What GoFlow keeps of DAGs beyond Airflow: versions by file hash, how two differ, and the Jobs to be made."""

from __future__ import annotations

import difflib
import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException

from goflow.domain.runs import DagRun, Launch, TaskInstance, job_name
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import LaunchState, RunState, RunType
from goflow.operators.manifest import job_manifest
from goflow.operators.plan import NotConvertibleError
from goflow.operators.registry import EMPTY_PATHS, convert
from goflow.operators.request import PlanRequest
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import files as told_files
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.server.rest.paging import Number
from goflow.store import Tx, blobs, dags, versions

router = APIRouter(tags=["DAG"])


@router.get("/goflow/v1/dags/{dag_id}/versions")
def list_versions(
    dag_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_files.FileVersions)]:
    """Every version, oldest first, each by its file hash."""
    with services.store.reading() as tx:
        dags.get(tx, dag_id)
        found = [shapes.version(row, versions.readings(tx, row.id)) for row in versions.list_(tx, dag_id)]
    return {"versions": sorted(found, key=lambda version: version["number"]), "total_entries": len(found)}


@router.get("/goflow/v1/dags/{dag_id}/diff")
def diff_versions(
    dag_id: str, services: ServicesDep, caller: CallerDep, old: Number | None = None, new: Number | None = None
) -> Annotated[shapes.Body, Is(told_files.DiffAnswer)]:
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
    return source(tx, dag_id, number), versions.spec_json(tx, reading.id), reading.spec_digest


def source(tx: Tx, dag_id: str, number: int) -> str:
    """The text of the file that a version comes from; empty where it is not there. Raises NotFoundError."""
    version = versions.by_number(tx, dag_id, number)
    found = blobs.folder(tx, version.folder_digest).files.get(version.file_path)
    return blobs.content(tx, found[0]).decode("utf-8", "replace") if found else ""


@router.get("/goflow/v1/dags/{dag_id}/source")
def show_source(
    dag_id: str, services: ServicesDep, caller: CallerDep, version: Number | None = None
) -> Annotated[shapes.Body, Is(told_files.SourceAnswer)]:
    """The DAG's file as it was in one version (default: the newest)."""
    with services.store.reading() as tx:
        number = version or dags.get(tx, dag_id).version
        return {"version": number, "source": source(tx, dag_id, number)}


@router.get("/goflow/v1/dags/{dag_id}/render")
def render_dag(
    dag_id: str, services: ServicesDep, caller: CallerDep, task_id: str | None = None
) -> Annotated[shapes.Body, Is(told_files.RenderAnswer)]:
    """The Job of each task as it would be created, with placeholders for run and launch."""
    with services.store.reading() as tx:
        spec = versions.spec(tx, dags.get(tx, dag_id).reading_id)
    wanted = [task for task in spec.tasks if task_id is None or task.task_id == task_id]
    if not wanted:
        raise HTTPException(404, f"DAG {dag_id} has no task {task_id}")
    return {"tasks": [rendered(services, spec, task) for task in wanted]}


def rendered(services: Services, dag: DagSpec, task: TaskSpec) -> shapes.Body:
    """The Job of TASK as it would be created, or why there would be none."""
    job, reason = job_of(services, example(services, dag, task))
    return {"task_id": task.task_id, "job": job, "reason": reason}


def job_of(services: Services, asked: PlanRequest) -> tuple[dict[str, Any] | None, str | None]:
    """The Job of what is ASKED for, or None and why there is none."""
    if asked.task.operator_path in EMPTY_PATHS:
        return None, "the scheduler decides it itself; no container is made"
    try:
        return job_manifest(convert(asked), services.site), None
    except NotConvertibleError as problem:
        return None, str(problem)


def example(services: Services, dag: DagSpec, task: TaskSpec) -> PlanRequest:
    """A launch of TASK with placeholders for what only a run has."""
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
