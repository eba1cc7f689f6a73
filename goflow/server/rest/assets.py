"""Assets: which there are, what has happened to them, and telling of something that no task of GoFlow's has done."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain import partitions
from goflow.domain.assets import AssetEvent, AssetKey, NewAssetEvent
from goflow.domain.errors import ConflictError, NotFoundError
from goflow.scheduler import operations
from goflow.server.rest import naming, shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import assets as told_assets
from goflow.server.rest.answers import runs as told_runs
from goflow.server.rest.bodies import Told
from goflow.server.rest.context import CallerDep, ServicesDep, UtcMoment
from goflow.server.rest.paging import Bound, Number, Paging, PathNumber, conditions, is_
from goflow.server.rest.runs import TriggerBody
from goflow.store import Tx, asset_lists, assets, runs, transitions

router = APIRouter(tags=["Asset"])


class AccessControl(BaseModel):
    """Which teams hear of an event; there are none here."""

    model_config = ConfigDict(extra="forbid")
    consumer_teams: list[str] | None = None
    allow_global: bool = True


class NewEventBody(BaseModel):
    """Something has happened to an asset."""

    model_config = ConfigDict(extra="forbid")
    asset_id: Number
    extra: dict[str, Any] = Field(default_factory=dict)
    partition_key: str | None = Field(None, max_length=partitions.LONGEST_KEY, pattern=r"\S")
    access_control: AccessControl | None = None


class AssetQuery(Paging):
    """Assets by name and URI, and by the DAGs that mention them."""

    name_pattern: str | None = None
    name_prefix_pattern: str | None = None
    uri_pattern: str | None = None
    uri_prefix_pattern: str | None = None
    dag_ids: list[str] = Field(default_factory=list)
    only_active: bool = True
    search: str | None = Field(None, description="a part of the name or the URI (GoFlow's own)")


class AliasQuery(Paging):
    """Aliases by name."""

    name_pattern: str | None = None
    name_prefix_pattern: str | None = None


class EventQuery(Paging):
    """Events of assets by what they happened to, by whom, and when."""

    asset_id: Number | None = None
    source_dag_id: str | None = None
    source_task_id: str | None = None
    source_run_id: str | None = None
    source_map_index: Number | None = None
    name: str | None = Field(None, description="the asset's name (GoFlow's own)")
    name_pattern: str | None = None
    name_prefix_pattern: str | None = None
    timestamp_gte: Bound = None
    timestamp_gt: Bound = None
    timestamp_lte: Bound = None
    timestamp_lt: Bound = None


@router.get("/api/v2/assets")
def get_assets(
    query: Annotated[AssetQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_assets.AssetCollectionResponse)]:
    """Assets, with the DAGs that wait for each and the tasks that make and read it."""
    wanted = conditions(query, besides=("dag_ids", "only_active"))
    if query.dag_ids:
        wanted.append(is_("dag_ids", *(name for names in query.dag_ids for name in names.split(","))))
    if query.only_active:
        wanted.append(is_("only_active", True))
    with services.store.reading() as tx:
        found, total = asset_lists.page(tx, wanted, query.page())
    return {"assets": [asset(one) for one in found], "total_entries": total}


@router.get("/api/v2/assets/aliases")
def get_asset_aliases(
    query: Annotated[AliasQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_assets.AssetAliasCollectionResponse)]:
    """Aliases by name."""
    part, beginning = (query.name_pattern or "~").lower(), query.name_prefix_pattern or "~"
    with services.store.reading() as tx:
        found = asset_lists.aliases(tx)
    found = [one for one in found if part in {"~", "%"} or any(term.strip() in one.lower() for term in part.split("|"))]
    found = [one for one in found if beginning == "~" or one.startswith(tuple(beginning.split("|")))]
    if query.order_by and query.order_by[0].startswith("-"):
        found.reverse()
    page = query.page()
    shown = [_alias(one) for one in found[page.offset :][: page.limit]]
    return {"asset_aliases": shown, "total_entries": len(found)}


def _alias(name: str) -> shapes.Body:
    return {"id": naming.path_number(name), "name": name, "group": "asset"}


@router.get("/api/v2/assets/aliases/{asset_alias_id}")
def get_asset_alias(
    asset_alias_id: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_assets.AssetAliasResponse)]:
    """One alias."""
    with services.store.reading() as tx:
        for name in asset_lists.aliases(tx):
            if naming.path_number(name) == asset_alias_id:
                return _alias(name)
    raise NotFoundError(f"asset alias {asset_alias_id}")


@router.get("/api/v2/assets/events")
def get_asset_events(
    query: Annotated[EventQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_assets.AssetEventCollectionResponse)]:
    """What has happened to assets, in its order unless another is asked for."""
    with services.store.reading() as tx:
        found, total = asset_lists.events(tx, conditions(query), query.page())
        return {"asset_events": _events(tx, found), "total_entries": total}


@router.post("/api/v2/assets/events")
def create_asset_event(
    body: NewEventBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_assets.AssetEventResponse)]:
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


@router.post("/api/v2/assets/{asset_id}/materialize")
def materialize_asset(
    asset_id: PathNumber, services: ServicesDep, caller: CallerDep, body: TriggerBody | None = None
) -> Annotated[shapes.Body, Is(told_runs.DAGRunResponse)]:
    """Make a run of the DAG that makes the asset. 404 where none does, 409 where several do."""
    body = body or TriggerBody()
    with services.store.reading() as tx:
        makers = sorted({dag_id for dag_id, _ in _asset(tx, asset_id).producing_tasks})
    if not makers:
        raise NotFoundError(f"a DAG that makes asset {asset_id}")
    if len(makers) > 1:
        raise ConflictError(f"More than one Dag materializes asset with ID: {asset_id}", hint=", ".join(makers))
    made = operations.trigger(
        services.store,
        makers[0],
        run_id=body.dag_run_id,
        conf=body.conf or {},
        logical_date=body.logical_date,
        run_after=body.run_after,
        without_logical_date=True,
        note=body.note,
        partition_key=body.partition_key,
        who=caller,
    )
    with services.store.reading() as tx:
        return Told(tx).run(made)


@router.get("/api/v2/assets/{asset_id}")
def get_asset(
    asset_id: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_assets.AssetResponse)]:
    """One asset."""
    with services.store.reading() as tx:
        return asset(_asset(tx, asset_id))


@router.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents")
def get_upstream_asset_events(
    dag_id: str, dag_run_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_assets.AssetEventCollectionResponse)]:
    """The events that a run was begun with."""
    with services.store.reading() as tx:
        found = assets.consumed(tx, runs.by_run_id(tx, dag_id, dag_run_id))
        return {"asset_events": _events(tx, found), "total_entries": len(found)}


# What is queued --------------------------------------------------------------------------------------------------

Before = Annotated[UtcMoment | None, Query(description="only what was queued before that moment")]


@router.get("/api/v2/assets/{asset_id}/queuedEvents")
def get_asset_queued_events(
    asset_id: PathNumber, services: ServicesDep, caller: CallerDep, before: Before = None
) -> Annotated[shapes.Body, Is(told_assets.QueuedEventCollectionResponse)]:
    """The DAGs for which an event of the asset is queued, until what else they wait for has happened."""
    with services.store.reading() as tx:
        return _queued(tx, asset_lists.queued(tx, asset_id=asset_id, before=before))


@router.get("/api/v2/dags/{dag_id}/assets/queuedEvents")
def get_dag_asset_queued_events(
    dag_id: str, services: ServicesDep, caller: CallerDep, before: Before = None
) -> Annotated[shapes.Body, Is(told_assets.QueuedEventCollectionResponse)]:
    """The assets whose events are queued for a DAG."""
    with services.store.reading() as tx:
        return _queued(tx, asset_lists.queued(tx, dag_id=dag_id, before=before))


@router.get("/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents")
def get_dag_asset_queued_event(
    dag_id: str, asset_id: PathNumber, services: ServicesDep, caller: CallerDep, before: Before = None
) -> Annotated[shapes.Body, Is(told_assets.QueuedEventResponse)]:
    """What is queued for a DAG of one asset."""
    with services.store.reading() as tx:
        found = _queued(tx, asset_lists.queued(tx, dag_id=dag_id, asset_id=asset_id, before=before))
    if not found["queued_events"]:
        _nothing_queued(f"dag_id: `{dag_id}` and asset_id: `{asset_id}`")
    one: shapes.Body = found["queued_events"][0]
    return one


def _queued(tx: Tx, found: list[asset_lists.QueuedFor]) -> shapes.Body:
    told = Told(tx)
    rows = [
        {
            "dag_id": one.dag_id,
            "asset_id": one.asset_id,
            "created_at": shapes.moment(one.at),
            "dag_display_name": told.dag_name(one.dag_id),
        }
        for one in found
    ]
    return {"queued_events": rows, "total_entries": len(rows)}


def _nothing_queued(which: str) -> NoReturn:
    raise HTTPException(404, f"Queued event with {which} was not found")


@router.delete("/api/v2/assets/{asset_id}/queuedEvents", status_code=204)
def delete_asset_queued_events(
    asset_id: PathNumber, services: ServicesDep, caller: CallerDep, before: Before = None
) -> None:
    """Forget what is queued of an asset."""
    with services.store.transaction() as tx:
        if not asset_lists.forget_queued(tx, asset_id=asset_id, before=before, who=caller):
            _nothing_queued(f"asset_id: `{asset_id}`")


@router.delete("/api/v2/dags/{dag_id}/assets/queuedEvents", status_code=204)
def delete_dag_asset_queued_events(
    dag_id: str, services: ServicesDep, caller: CallerDep, before: Before = None
) -> None:
    """Forget what is queued for a DAG."""
    with services.store.transaction() as tx:
        if not asset_lists.forget_queued(tx, dag_id=dag_id, before=before, who=caller):
            _nothing_queued(f"dag_id: `{dag_id}`")


@router.delete("/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents", status_code=204)
def delete_dag_asset_queued_event(
    dag_id: str, asset_id: PathNumber, services: ServicesDep, caller: CallerDep, before: Before = None
) -> None:
    """Forget what is queued for a DAG of one asset."""
    with services.store.transaction() as tx:
        if not asset_lists.forget_queued(tx, dag_id=dag_id, asset_id=asset_id, before=before, who=caller):
            _nothing_queued(f"dag_id: `{dag_id}` and asset_id: `{asset_id}`")


# Bodies ----------------------------------------------------------------------------------------------------------


def _asset(tx: Tx, asset_id: int) -> assets.Asset:
    found = assets.list_(tx, asset_id=asset_id)
    if not found:
        raise NotFoundError(f"asset {asset_id}", hint="goflow assets list shows the assets and their ids")
    return found[0]


def asset(row: assets.Asset) -> shapes.Body:
    """An asset (AssetResponse), with ``events``, how many it has had."""
    at = shapes.moment(row.created_date)

    def since(role: str, dag_id: str, task_id: str | None = None) -> shapes.Body:
        moments: list[dt.datetime] = [
            moment
            for (in_role, of_dag, of_task), moment in row.since.items()
            if (in_role, of_dag) == (role, dag_id) and task_id in {None, of_task}
        ]
        first = shapes.moment(min(moments)) if moments else at
        return {"created_at": first, "updated_at": first}

    def of_tasks(role: str, found: tuple[tuple[str, str], ...]) -> list[shapes.Body]:
        return [{"dag_id": dag, "task_id": task, **since(role, dag, task)} for dag, task in found]

    return {
        "id": row.id,
        "name": row.name,
        "uri": row.uri,
        "group": row.group,
        "extra": {},
        "created_at": at,
        "updated_at": at,
        "scheduled_dags": [{"dag_id": dag_id, **since("schedule", dag_id)} for dag_id in row.scheduled_dags],
        "producing_tasks": of_tasks("outlet", row.producing_tasks),
        "consuming_tasks": of_tasks("inlet", row.consuming_tasks),
        "aliases": [_alias(alias) for alias in row.aliases],
        "watchers": [],
        "last_asset_event": {"id": row.last_event_id, "timestamp": shapes.moment(row.last_event)},
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
            "created_dagruns": [_run(tx, key, event) for key in begun.get(event.id, ())],
            "partition_key": event.partition_key,
            "problems": dict(event.problems),
        }
        for event in found
    ]


def _run(tx: Tx, key: int, event: AssetEvent) -> shapes.Body:
    """DagRunAssetReference; the newest of the events that a run takes in is what has begun it."""
    run = runs.get(tx, key)
    newest = max((one.id for one in assets.consumed(tx, run)), default=event.id)
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "state": run.state.value,
        "logical_date": shapes.moment(run.logical_date),
        "start_date": shapes.moment(run.start_date or run.queued_at),
        "end_date": shapes.moment(run.end_date),
        "data_interval_start": shapes.moment(run.data_interval_start),
        "data_interval_end": shapes.moment(run.data_interval_end),
        "partition_key": run.partition_key,
        "triggering": newest == event.id,
    }
