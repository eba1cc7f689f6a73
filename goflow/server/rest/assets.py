"""Assets: which there are, what has happened to them, and telling of something that no task of GoFlow's has done."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain import partitions
from goflow.domain.assets import AssetEvent, AssetKey, NewAssetEvent
from goflow.domain.errors import NotFoundError
from goflow.server.rest import shapes
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.store import Tx, assets, runs, transitions

router = APIRouter(tags=["Asset"])


class NewEventBody(BaseModel):
    """Something has happened to an asset."""

    model_config = ConfigDict(extra="forbid")
    asset_id: int
    extra: dict[str, Any] = Field(default_factory=dict)
    partition_key: str | None = Field(None, max_length=partitions.LONGEST_KEY, pattern=r"\S")


@router.get("/api/v2/assets")
def list_assets(
    services: ServicesDep,
    caller: CallerDep,
    limit: int = Query(100, ge=1, le=1000),
    offset: int = Query(0, ge=0),
    name_pattern: str | None = None,
    dag_id: str | None = None,
) -> shapes.Body:
    """Assets by name, with the DAGs that wait for each and the tasks that make and read it."""
    with services.store.reading() as tx:
        found = assets.list_(tx, search=name_pattern, dag_id=dag_id, limit=limit, offset=offset)
        total = assets.count(tx, search=name_pattern, dag_id=dag_id)
    return {"assets": [asset(one) for one in found], "total_entries": total}


@router.get("/api/v2/assets/events")
def list_events(
    services: ServicesDep,
    caller: CallerDep,
    limit: int = Query(100, ge=1, le=1000),
    offset: int = Query(0, ge=0),
    asset_id: int | None = None,
    name: str | None = None,
    source_dag_id: str | None = None,
    source_task_id: str | None = None,
    source_run_id: str | None = None,
    source_map_index: int | None = None,
    timestamp_gte: dt.datetime | None = None,
    timestamp_lte: dt.datetime | None = None,
) -> shapes.Body:
    """What has happened to assets, the newest first."""
    source = {
        "dag_id": source_dag_id,
        "task_id": source_task_id,
        "run_id": source_run_id,
        "map_index": source_map_index,
    }
    picked: dict[str, Any] = {
        "asset_id": asset_id,
        "name": name,
        "source": source,
        "after": timestamp_gte,
        "before": timestamp_lte,
    }
    with services.store.reading() as tx:
        found = assets.events(tx, ascending=False, limit=limit, offset=offset, **picked)
        return {"asset_events": _events(tx, found), "total_entries": assets.count_events(tx, **picked)}


@router.post("/api/v2/assets/events")
def create_event(body: NewEventBody, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Tell that something has happened to an asset; DAGs that wait for it begin."""
    with services.store.transaction() as tx:
        found = _asset(tx, body.asset_id)
        told = NewAssetEvent(
            asset=AssetKey(found.name, found.uri),
            extra={**body.extra, "from_rest_api": True},
            partition_key=body.partition_key,
        )
        (key,) = transitions.register_asset_events(tx, [told], who=caller)
        return _events(tx, assets.by_ids(tx, [key]))[0]


@router.get("/api/v2/assets/{asset_id}")
def show_asset(asset_id: int, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """One asset."""
    with services.store.reading() as tx:
        return asset(_asset(tx, asset_id))


@router.get("/api/v2/dags/{dag_id}/dagRuns/{run_id}/upstreamAssetEvents")
def list_upstream_events(dag_id: str, run_id: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """The events that a run was begun with."""
    with services.store.reading() as tx:
        found = assets.consumed(tx, runs.by_run_id(tx, dag_id, run_id))
        return {"asset_events": _events(tx, found), "total_entries": len(found)}


def _asset(tx: Tx, asset_id: int) -> assets.Asset:
    found = assets.list_(tx, asset_id=asset_id)
    if not found:
        raise NotFoundError(f"asset {asset_id}", hint="goflow assets list shows the assets and their ids")
    return found[0]


def asset(row: assets.Asset) -> shapes.Body:
    """An asset (AssetResponse), with ``events``, how many it has had."""
    at = shapes.moment(row.created_date)
    return {
        "id": row.id,
        "name": row.name,
        "uri": row.uri,
        "group": row.group,
        "extra": {},
        "created_at": at,
        "updated_at": at,
        "scheduled_dags": [{"dag_id": dag_id} for dag_id in row.scheduled_dags],
        "producing_tasks": [{"dag_id": dag_id, "task_id": task_id} for dag_id, task_id in row.producing_tasks],
        "consuming_tasks": [{"dag_id": dag_id, "task_id": task_id} for dag_id, task_id in row.consuming_tasks],
        "aliases": [{"name": alias} for alias in row.aliases],
        "watchers": [],
        "last_asset_event": {"id": None, "timestamp": shapes.moment(row.last_event)},
        "events": row.events,
    }


def _events(tx: Tx, found: list[AssetEvent]) -> list[shapes.Body]:
    begun = assets.runs_begun(tx, [event.id for event in found])
    return [
        {
            "id": event.id,
            "asset_id": event.asset_id,
            "name": event.asset.name,
            "uri": event.asset.uri,
            "group": event.group,
            "extra": dict(event.extra),
            "timestamp": shapes.moment(event.timestamp),
            "source_dag_id": event.source_dag_id,
            "source_run_id": event.source_run_id,
            "source_task_id": event.source_task_id,
            "source_map_index": -1 if event.source_map_index is None else event.source_map_index,
            "source_aliases": list(event.aliases),
            "created_dagruns": [_run(tx, key) for key in begun.get(event.id, ())],
            "partition_key": event.partition_key,
            "problems": dict(event.problems),
        }
        for event in found
    ]


def _run(tx: Tx, key: int) -> shapes.Body:
    run = runs.get(tx, key)
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "state": run.state.value,
        "logical_date": shapes.moment(run.logical_date),
        "start_date": shapes.moment(run.start_date),
        "end_date": shapes.moment(run.end_date),
        "data_interval_start": shapes.moment(run.data_interval_start),
        "data_interval_end": shapes.moment(run.data_interval_end),
        "partition_key": run.partition_key,
    }
