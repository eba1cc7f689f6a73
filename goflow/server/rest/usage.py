"""What task attempts have used: CPU seconds, memory, waiting and running, over time and over runs; and hints."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Query

from goflow.domain.runs import UNMAPPED, Launch, TaskInstance
from goflow.domain.usage import Series
from goflow.domain.usage_hints import Measured, Resources, hints
from goflow.operators.request import PlanRequest
from goflow.operators.resources import resources_of
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import usage as told_usage
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.server.rest.tasks import find
from goflow.server.rest.versions import job_of
from goflow.store import Tx, dags, launches, runs, tasks, usage, versions
from goflow.store.usage import Tried

router = APIRouter(tags=["Usage"])
MOST_ATTEMPTS = 500
"""Of a mapped task with many copies."""


@router.get("/goflow/v1/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/usage")
def show_usage(
    dag_id: str,
    run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int = UNMAPPED,
    try_number: int = Query(0, ge=0, description="Whose samples; 0: those of the newest attempt"),
) -> Annotated[shapes.Body, Is(told_usage.UsageAnswer)]:
    """What the attempts of a task instance have used, and the samples of one of them: CPU seconds up to a moment
    (seconds since 1970), and the highest memory since the moment before."""
    with services.store.reading() as tx:
        _, row = find(tx, dag_id, run_id, task_id, map_index)
        tried = usage.of_task(tx, row.id)
        number = try_number or row.try_number
        its = launches.of_task(tx, row.id)
        found = usage.series(tx, [launch.id for launch in its if launch.try_number == number])
        asked = _asked(services, tx, row, its[-1] if its else None)
    return {
        "resources": None if asked is None else dataclasses.asdict(asked),
        "attempts": [_body(one) for one in tried],
        "try_number": number,
        "series": [_series(launch, found[launch.id]) for launch in its if launch.id in found],
    }


@router.get("/goflow/v1/dags/{dag_id}/tasks/{task_id}/usage")
def show_usage_of_task(
    dag_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    newest: int = Query(20, ge=1, le=200, description="How many runs are looked at, the newest first"),
) -> Annotated[shapes.Body, Is(told_usage.TaskUsageAnswer)]:
    """What a task has used in the newest runs of its DAG, and what follows from it for what it asks for."""
    with services.store.reading() as tx:
        dags.get(tx, dag_id)
        tried = usage.newest(tx, dag_id, task_id, runs=newest, limit=MOST_ATTEMPTS)
        asked = None
        if tried:
            ti_id = tried[0].task_instance_id
            asked = _asked(services, tx, tasks.get(tx, ti_id), launches.latest(tx, ti_id))
    ended = [one for one in tried if one.end_date is not None]
    found = hints(asked or Resources(), [measured(one) for one in ended])
    return {
        "dag_id": dag_id,
        "task_id": task_id,
        "resources": None if asked is None else dataclasses.asdict(asked),
        "hints": [{"kind": hint.kind, "text": hint.words} for hint in found],
        "attempts": [{"dag_run_id": one.run_id, "map_index": one.map_index, **_body(one)} for one in tried],
        "total_entries": len(tried),
    }


def measured(one: Tried) -> Measured:
    """What hints are told of an attempt."""
    used = one.usage
    return Measured(used.needed_bytes, used.cpu_seconds, one.run_seconds, out_of_memory=one.reason == "OOMKilled")


def _asked(services: Services, tx: Tx, row: TaskInstance, launch: Launch | None) -> Resources | None:
    """What the container of a task instance asks for; None where there is none, or nobody can say before it begins."""
    run = runs.get(tx, row.dag_run_id)
    spec = versions.spec(tx, run.reading_id)
    try:
        task = spec.task(row.task_id)
    except KeyError:
        return None
    if launch is None:
        return None
    asked = PlanRequest(dag=spec, task=task, run=run, instance=row, launch=launch, defaults=services.defaults)
    job, _ = job_of(services, asked)
    return None if job is None else resources_of(job)


def _body(one: Tried) -> shapes.Body:
    return {
        "try_number": one.try_number,
        "state": one.state.value,
        "queued_when": shapes.moment(one.queued_at),
        "start_date": shapes.moment(one.start_date),
        "end_date": shapes.moment(one.end_date),
        "reason": one.reason,
        "wait_seconds": one.wait_seconds,
        "run_seconds": one.run_seconds,
        **shapes.usage(one.usage),
    }


def _series(launch: Launch, found: Series) -> dict[str, Any]:
    return {
        "launch_id": launch.id,
        "ordinal": launch.ordinal,
        "source": found.source,
        "begin": shapes.moment(launch.claimed_at),
        "at": [round(point.at, 1) for point in found.points],
        "cpu_seconds": [round(point.cpu_seconds, 3) for point in found.points],
        "memory_bytes": [point.memory_bytes for point in found.points],
    }
