"""Many runs at once, and waiting for one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.concurrency import run_in_threadpool

from goflow.domain.runs import UNMAPPED
from goflow.domain.state import TERMINAL_RUN_STATES
from goflow.scheduler import marking, operations, partition_orders
from goflow.server.rest import cursors, shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import kept as told_kept
from goflow.server.rest.answers import runs as told_runs
from goflow.server.rest.answers import tasks as told_tasks
from goflow.server.rest.bulk import BulkBody, Hands, carry_out
from goflow.server.rest.context import CallerDep, Note, Services, ServicesDep, UtcMoment
from goflow.server.rest.masks import masked
from goflow.server.rest.runs import ANY, BASE, ClearOptions, Mark, clear, told_instances
from goflow.server.rest.strict import strict
from goflow.store import Store, runs, xcoms

router = APIRouter(tags=["DagRun"])


class BulkRun(BaseModel):
    """One of many runs (BulkDAGRunBody)."""

    model_config = ConfigDict(extra="forbid")
    dag_run_id: str
    dag_id: str | None = None
    state: Mark | None = None
    note: Note = None


class ClearRuns(ClearOptions):
    """Which runs to clear: those that are named, those for a partition, or those of a time (BulkDAGRunClearBody)."""

    dag_runs: list[BulkRun] = Field(default_factory=list)
    partition_key: str | None = None
    partition_date_start: UtcMoment | None = None
    partition_date_end: UtcMoment | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ClearRuns:
        start, end = self.partition_date_start, self.partition_date_end
        by_time = start is not None or end is not None
        if bool(self.dag_runs) + (self.partition_key is not None) + by_time != 1:
            raise ValueError(
                "Exactly one of dag_runs (non-empty), partition_key, or a partition date window "
                "(partition_date_start / partition_date_end) must be provided."
            )
        if start is not None and end is not None and start > end:
            raise ValueError("partition_date_start must be on or before partition_date_end.")
        return self


@router.patch(BASE)
def bulk_dag_runs(
    dag_id: str, body: BulkBody[BulkRun], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.BulkResponse)]:
    """Mark, note or delete many runs; each is told by itself."""

    def key(entity: str | BulkRun) -> tuple[str, str]:
        named = BulkRun(dag_run_id=entity) if isinstance(entity, str) else entity
        return _concrete(dag_id, named)

    def present(key: tuple[str, str]) -> bool:
        with services.store.reading() as tx:
            return runs.find(tx, *key) is not None

    def change(entity: BulkRun, mask: list[str] | None) -> None:
        given = masked(entity, mask)
        of_dag, run_id = key(entity)
        with services.store.transaction() as tx:
            if given.get("state") is not None:
                marking.mark_run(tx, of_dag, run_id, given["state"], who=caller)
            if given.get("note") is not None:
                operations.set_run_note(tx, of_dag, run_id, given["note"], who=caller)

    hands = Hands(
        things="DagRuns",
        key=key,
        present=present,
        make=None,
        change=change,
        remove=lambda key: operations.delete_run(services.store, *key, who=caller),
        names=lambda key: [".".join(key)],
    )
    return carry_out(body.actions, hands)


def _concrete(dag_id: str, run: BulkRun) -> tuple[str, str]:
    """(DAG id, run id) that RUN means. Raises HTTPException 400 where it does not say it."""
    found = run.dag_id or dag_id
    if ANY in (found, run.dag_run_id):
        raise HTTPException(
            400,
            "When using wildcard in path, dag_id must be specified in request body for dag_run_id: " + run.dag_run_id,
        )
    return found, run.dag_run_id


@router.post("/api/v2/dags/{dag_id}/clearDagRuns")
def clear_dag_runs(
    dag_id: str, body: ClearRuns, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.ClearTaskInstanceCollectionResponse | told_runs.DAGRunCollectionResponse)]:
    """Clear many runs and tell them, or with ``dry_run`` (the default, as in Airflow) say which tasks that would be."""
    wanted = dict.fromkeys(_runs_of(services, dag_id, body))
    found = [row for of_dag, run_id in wanted for row in clear(services, of_dag, run_id, body, caller)]
    if body.dry_run:
        return told_instances(found)
    return {"dag_runs": found, "total_entries": len(found), **cursors.NONE}


def _runs_of(services: Services, dag_id: str, body: ClearRuns) -> list[tuple[str, str]]:
    if body.dag_runs:
        found = [_concrete(dag_id, run) for run in body.dag_runs]
        other = next((of_dag for of_dag, _ in found if dag_id not in {ANY, of_dag}), None)
        if other is not None:
            raise HTTPException(400, f"Entry dag_id {other!r} does not match the URL dag_id {dag_id!r}.")
        with services.store.reading() as tx:
            for one in found:
                runs.by_run_id(tx, *one)
        return found
    if dag_id == ANY:
        raise HTTPException(400, "Partition selectors require a concrete dag_id; '~' is not supported.")
    with services.store.reading() as tx:
        meant = partition_orders.runs_for(
            tx, dag_id, key=body.partition_key, since=body.partition_date_start, until=body.partition_date_end
        )
        return [(dag_id, run.run_id) for run in meant]


@router.get(BASE + "/{dag_run_id}/wait", response_class=StreamingResponse)
async def wait_dag_run_until_finished(
    dag_id: str,
    dag_run_id: str,
    services: ServicesDep,
    caller: CallerDep,
    interval: Annotated[float, Query(gt=0.0, le=3600.0, description="seconds between two looks")],
    result: Annotated[list[str] | None, Query(description="tasks whose results are told at the end")] = None,
) -> StreamingResponse:
    """A line of JSON with the run's state, now and after each INTERVAL until it has ended; the last with results."""

    def look() -> tuple[bool, str]:
        return _line(services.store, dag_id, dag_run_id, result)

    first = await run_in_threadpool(look)  # before anything is sent: what is not there is a 404

    async def lines() -> AsyncIterator[str]:
        ended, line = first
        yield line
        while not ended:
            await asyncio.sleep(interval)
            ended, line = await run_in_threadpool(look)
            yield line

    return StreamingResponse(lines())  # without a content type, as in Airflow: its client knows none for NDJSON


def _line(store: Store, dag_id: str, run_id: str, wanted: list[str] | None) -> tuple[bool, str]:
    """Whether the run has ended, and the line that tells it."""
    with store.reading() as tx:
        run = runs.by_run_id(tx, dag_id, run_id)
        told: dict[str, Any] = {"state": run.state.value}
        ended = run.state in TERMINAL_RUN_STATES
        results = {}
        for task_id in (wanted or ()) if ended else ():
            found = xcoms.pull(tx, run.id, task_id)
            if found:
                single = len(found) == 1 and found[0].map_index == UNMAPPED
                results[task_id] = strict(found[0].value if single else [one.value for one in found])
    if results:
        told["results"] = results
    return ended, json.dumps(told) + "\n"
