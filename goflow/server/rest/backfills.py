"""Backfills: make, dry run, list, show, pause, unpause, cancel."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.backfills import Backfill, BackfillOrder, Reprocess
from goflow.scheduler import backfills as orders
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.answers import runs as told_runs
from goflow.server.rest.context import CallerDep, Services, ServicesDep, UtcMoment
from goflow.server.rest.paging import Natural, Paging, PathNumber, conditions
from goflow.store import Tx, backfills, dags

router = APIRouter(tags=["Backfill"])


class BackfillBody(BaseModel):
    """A backfill to be made (BackfillPostBody). Dates without a zone are UTC, both ends are included."""

    model_config = ConfigDict(extra="forbid")
    dag_id: str
    from_date: UtcMoment
    to_date: UtcMoment
    run_backwards: bool = False
    dag_run_conf: dict[str, Any] | None = None
    reprocess_behavior: Reprocess = Reprocess.NONE
    max_active_runs: int = Field(10, ge=1, le=2**31 - 1)
    run_on_latest_version: bool | None = None

    def order(self) -> BackfillOrder:
        """It, as the scheduler takes it."""
        return BackfillOrder(**self.model_dump())


class BackfillQuery(Paging):
    """Backfills of a DAG, or of all (Airflow asks for one)."""

    dag_id: str | None = None


@router.get("/api/v2/backfills")
def list_backfills(
    query: Annotated[BackfillQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.BackfillCollectionResponse)]:
    """Backfills of a DAG, or of all (Airflow asks for one), in the order in which they were made."""
    with services.store.reading() as tx:
        found, total = backfills.page(tx, conditions(query), query.page())
        return {"backfills": [_shape(tx, row) for row in found], "total_entries": total}


@router.post("/api/v2/backfills")
def create_backfill(
    body: BackfillBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.BackfillResponse)]:
    """Make a backfill and its runs. 409 while another one of the DAG is not over."""
    return _told(services, orders.create(services.store, body.order(), who=caller))


@router.post("/api/v2/backfills/dry_run")
def create_backfill_dry_run(
    body: BackfillBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.DryRunBackfillCollectionResponse)]:
    """The runs that a backfill would make or run again, in the order in which they would begin."""
    found = orders.dry_run(services.store, body.order())
    rows = [
        {
            "logical_date": shapes.moment(info.logical_date),
            "partition_key": info.partition_key,
            "partition_date": shapes.moment(info.partition_date),
            "data_interval_start": shapes.moment(info.start),
            "data_interval_end": shapes.moment(info.end),
        }
        for info in found
    ]
    return {"backfills": rows, "total_entries": len(rows)}


@router.get("/api/v2/backfills/{backfill_id}")
def get_backfill(
    backfill_id: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.BackfillResponse)]:
    """One backfill."""
    with services.store.reading() as tx:
        return _shape(tx, backfills.get(tx, backfill_id))


@router.get("/goflow/v1/backfills/{backfill_id}/runs")
def list_backfill_runs(
    backfill_id: PathNumber,
    services: ServicesDep,
    caller: CallerDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Natural = 0,
) -> Annotated[shapes.Body, Is(told_own.RunsOfBackfill)]:
    """The dates of a backfill in its order, each with its run, or why it has none."""
    with services.store.reading() as tx:
        backfills.get(tx, backfill_id)
        rows = [
            {
                "sort_ordinal": date.sort_ordinal,
                "logical_date": shapes.moment(date.logical_date),
                "partition_key": date.partition_key,
                "run_id": run_id or None,
                "state": state or None,
                "exception_reason": None if date.exception_reason is None else date.exception_reason.value,
            }
            for date, run_id, state in backfills.runs_of(tx, backfill_id, limit=limit, offset=offset)
        ]
        return {"backfill_runs": rows, "total_entries": backfills.count_dates(tx, backfill_id)}


@router.put("/api/v2/backfills/{backfill_id}/pause")
def pause_backfill(
    backfill_id: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.BackfillResponse)]:
    """Begin no more runs of it. 409 when it is over."""
    return _told(services, orders.pause(services.store, backfill_id, who=caller))


@router.put("/api/v2/backfills/{backfill_id}/unpause")
def unpause_backfill(
    backfill_id: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.BackfillResponse)]:
    """Let it go on. 409 when it is over."""
    return _told(services, orders.unpause(services.store, backfill_id, who=caller))


@router.put("/api/v2/backfills/{backfill_id}/cancel")
def cancel_backfill(
    backfill_id: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.BackfillResponse)]:
    """End it: runs that have not begun fail, those that run go on. 409 when it is over."""
    return _told(services, orders.cancel(services.store, backfill_id, who=caller))


def _told(services: Services, row: Backfill) -> shapes.Body:
    with services.store.reading() as tx:
        return _shape(tx, row)


def _shape(tx: Tx, row: Backfill) -> shapes.Body:
    """A backfill (BackfillResponse), with its order and how many of its runs are in each state."""
    return {
        "id": row.id,
        "dag_id": row.dag_id,
        "dag_display_name": dags.get(tx, row.dag_id).name,
        "from_date": shapes.moment(row.from_date),
        "to_date": shapes.moment(row.to_date),
        "dag_run_conf": None if row.dag_run_conf is None else dict(row.dag_run_conf),
        "is_paused": row.is_paused,
        "reprocess_behavior": row.reprocess_behavior.value,
        "max_active_runs": row.max_active_runs,
        "created_at": shapes.moment(row.created_at),
        "completed_at": shapes.moment(row.completed_at),
        "updated_at": shapes.moment(row.updated_at),
        "run_backwards": row.run_backwards,
        "triggering_user_name": row.triggering_user_name,
        "runs": backfills.states(tx, row.id),
    }
