"""DAG runs: trigger, list, show, mark, clear, delete."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from goflow.domain.runs import DagRun
from goflow.domain.state import RunState
from goflow.scheduler import marking, operations, partition_orders
from goflow.server.rest import shapes
from goflow.server.rest.context import CallerDep, Note, ServicesDep
from goflow.store import Tx, dags, runs, versions
from goflow.store.runs import OfPartitions

router = APIRouter(tags=["DagRun"])
ANY = "~"
"""Airflow's wildcard: ``/dags/~/dagRuns`` lists the runs of all DAGs."""


class TriggerBody(BaseModel):
    """A run to be made (TriggerDAGRunPostBody)."""

    model_config = ConfigDict(extra="forbid")
    dag_run_id: str | None = None
    logical_date: AwareDatetime | None = None
    run_after: AwareDatetime | None = None
    conf: dict[str, Any] | None = None
    note: str | None = None
    partition_key: str | None = None


class PatchRun(BaseModel):
    """What of a run can be set: its state (mark), its note."""

    model_config = ConfigDict(extra="forbid")
    state: Literal[RunState.QUEUED, RunState.SUCCESS, RunState.FAILED] | None = None
    note: Note = None


class ClearBody(BaseModel):
    """What to clear (DAGRunClearBody)."""

    model_config = ConfigDict(extra="forbid")
    dry_run: bool = True
    only_failed: bool = False
    only_new: bool = False
    run_on_latest_version: bool | None = None
    note: Note = None

    @model_validator(mode="after")
    def _one_kind(self) -> ClearBody:
        if self.only_new and self.only_failed:
            raise ValueError("only_new and only_failed are mutually exclusive")
        return self


@router.post("/api/v2/dags/{dag_id}/dagRuns")
def trigger(dag_id: str, body: TriggerBody, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Make a run by hand. 409 when there is one of that id or logical date."""
    made = operations.trigger(
        services.store,
        dag_id,
        run_id=body.dag_run_id,
        conf=body.conf or {},
        logical_date=body.logical_date,
        note=body.note,
        partition_key=body.partition_key,
        who=caller,
    )
    with services.store.reading() as tx:
        return _shape(tx, made)


@router.get("/api/v2/dags/{dag_id}/dagRuns")
def list_runs(
    dag_id: str,
    services: ServicesDep,
    caller: CallerDep,
    state: Annotated[list[RunState] | None, Query()] = None,
    partition_key_pattern: str | None = None,
    partition_key_prefix_pattern: str | None = None,
    partition_date_gte: dt.date | None = None,
    partition_date_lte: dt.date | None = None,
    limit: int = Query(100, ge=1, le=1000),
    offset: int = Query(0, ge=0),
) -> shapes.Body:
    """Runs, newest first; ``~`` for those of every DAG. Days of partitions go by the clocks of the schedule's zone."""
    with services.store.reading() as tx:
        picked = None if dag_id == ANY else dags.get(tx, dag_id).dag_id
        wanted = OfPartitions()
        if partition_date_gte or partition_date_lte:
            wanted = partition_orders.days_of(tx, dag_id, partition_date_gte, partition_date_lte)
        wanted = replace(wanted, contains=partition_key_pattern, prefix=partition_key_prefix_pattern)
        found = runs.list_(tx, picked, states=state, partitions=wanted, limit=limit, offset=offset)
        total = runs.count(tx, picked, states=state, partitions=wanted)
        return {"dag_runs": [_shape(tx, row) for row in found], "total_entries": total}


@router.get("/api/v2/dags/{dag_id}/dagRuns/{run_id}")
def show_run(dag_id: str, run_id: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """One run."""
    with services.store.reading() as tx:
        return _shape(tx, runs.by_run_id(tx, dag_id, run_id))


@router.patch("/api/v2/dags/{dag_id}/dagRuns/{run_id}")
def patch_run(dag_id: str, run_id: str, body: PatchRun, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Mark a run, or set its note."""
    with_note = "note" in body.model_fields_set
    if body.state is not None:
        marking.mark_run(services.store, dag_id, run_id, body.state, note=body.note, with_note=with_note, who=caller)
    elif with_note:
        operations.set_run_note(services.store, dag_id, run_id, body.note)
    with services.store.reading() as tx:
        return _shape(tx, runs.by_run_id(tx, dag_id, run_id))


@router.delete("/api/v2/dags/{dag_id}/dagRuns/{run_id}", status_code=204)
def delete_run(dag_id: str, run_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Delete a run that has ended, with its tasks, logs and results."""
    operations.delete_run(services.store, dag_id, run_id, who=caller)


@router.post("/api/v2/dags/{dag_id}/dagRuns/{run_id}/clear")
def clear_run(dag_id: str, run_id: str, body: ClearBody, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Clear a run's tasks, or with ``dry_run`` (the default, as in Airflow) say which they are."""
    cleared = operations.clear(
        services.store,
        dag_id,
        run_id,
        only_failed=body.only_failed,
        only_new=body.only_new,
        run_note=body.note,
        dry_run=body.dry_run,
        newest_version=body.run_on_latest_version,
        who=caller,
    )
    return shapes.task_keys(cleared.instances)


def _shape(tx: Tx, row: DagRun) -> shapes.Body:
    return shapes.run(row, versions.get(tx, row.version_id).number)
