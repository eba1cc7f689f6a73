"""Partitions of assets: what waits for the other events of a run, and letting runs be for none any more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, model_validator

from goflow.scheduler import partition_orders
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.answers import runs as told_runs
from goflow.server.rest.context import CallerDep, ServicesDep, UtcMoment
from goflow.store import partitions

router = APIRouter(tags=["Partition"])


class ClearPartitionsBody(BaseModel):
    """Which runs are to be for no partition any more (ClearPartitionsBody): one, those for a key, or of a time."""

    model_config = ConfigDict(extra="forbid")
    run_id: str | None = None
    partition_key: str | None = None
    partition_date_start: UtcMoment | None = None
    partition_date_end: UtcMoment | None = None
    clear_task_instances: bool = False
    dry_run: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> ClearPartitionsBody:
        start, end = self.partition_date_start, self.partition_date_end
        by_time = start is not None or end is not None
        if (self.run_id is not None) + (self.partition_key is not None) + by_time != 1:
            raise ValueError(
                "Exactly one of run_id, partition_key, or a partition date window "
                "(partition_date_start / partition_date_end) must be provided."
            )
        if start is not None and end is not None and start > end:
            raise ValueError("partition_date_start must be on or before partition_date_end.")
        return self


@router.post("/api/v2/dags/{dag_id}/clearPartitions")
def clear_dag_run_partitions(
    dag_id: str, body: ClearPartitionsBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.ClearPartitionsResponse)]:
    """Empty the partition key and date of runs, or with ``dry_run`` (the default, as in Airflow) say of how many."""
    cleared = partition_orders.clear_partitions(
        services.store,
        dag_id,
        run_id=body.run_id,
        key=body.partition_key,
        since=body.partition_date_start,
        until=body.partition_date_end,
        clear_tasks=body.clear_task_instances,
        dry_run=body.dry_run,
        who=caller,
    )
    return {"dag_runs_cleared": cleared.runs, "task_instances_cleared": cleared.tasks, "dry_run": body.dry_run}


@router.get("/goflow/v1/partitions")
def list_waiting(
    services: ServicesDep,
    caller: CallerDep,
    dag_id: str | None = None,
    limit: int = Query(100, ge=1, le=1000),
    offset: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> Annotated[shapes.Body, Is(told_own.WaitingPartitions)]:
    """Keys for which events wait, those that have waited longest first: what has come, and what is missing."""
    with services.store.reading() as tx:
        found = partitions.waiting(tx, dag_id, limit=limit, offset=offset)
        waits = partitions.schedules(tx, {one.dag_id for one in found})
        rows = [
            {
                "dag_id": one.dag_id,
                "partition_key": one.key,
                "since": shapes.moment(one.since),
                "events": len(one.event_ids),
                "assets": [_asset(asset) for asset in partition_orders.awaited(tx, waits[one.dag_id].schedule, one)],
            }
            for one in found
        ]
        return {"partitions": rows, "total_entries": partitions.count_waiting(tx, dag_id)}


def _asset(awaited: partition_orders.Awaited) -> shapes.Body:
    missing = awaited.missing
    return {
        "name": awaited.asset.name,
        "uri": awaited.asset.uri,
        "is_met": missing.met,
        "received_keys": list(awaited.there),
        "missing_keys": list(missing.keys),
        "required_keys": missing.expected,
        "is_out_of_reach": missing.out_of_reach,
    }
