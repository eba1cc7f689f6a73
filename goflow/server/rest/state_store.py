"""What tasks and assets remember beside results (AIP-103): list, show, set, forget."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, JsonValue

from goflow.domain.errors import NotFoundError
from goflow.domain.runs import UNMAPPED
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import assets as told_assets
from goflow.server.rest.answers import tasks as told_tasks
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.paging import MapIndex, PagingQuery, PathNumber
from goflow.server.rest.tasks import ONE, find
from goflow.store import Tx, assets, runs, state_stores, tasks
from goflow.store.state_stores import Kept, Scope

router = APIRouter()
OF_TASK = ONE + "/state-store"
OF_ASSET = "/api/v2/assets/{asset_id}/state-store"
DAYS_KEPT = 30
"""Days after which a task's value expires where nobody says when (Airflow's ``default_retention_days``)."""
LARGEST = 65_536
"""Characters of a value's JSON at most (Airflow's ``max_value_storage_bytes``)."""


def _storable(value: Any) -> Any:
    if value is None:
        raise ValueError("value cannot be null")
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        raise ValueError("value contains non-finite numbers; NaN and Inf are not JSON representable") from None
    if len(text) > LARGEST:
        raise ValueError(f"value exceeds max_value_storage_bytes ({LARGEST})")
    return value


Storable = Annotated[JsonValue, AfterValidator(_storable)]


class ValueBody(BaseModel):
    """A value to be kept."""

    model_config = ConfigDict(extra="forbid")
    value: Storable


class TaskValueBody(ValueBody):
    """The same with when it expires: ``default``, a moment, or null for never."""

    expires_at: AwareDatetime | Literal["default"] | None = "default"


# Of tasks --------------------------------------------------------------------------------------------------------


@router.get(OF_TASK, tags=["Task State Store"])
def list_task_state_store(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
    limit: Annotated[int, Query(ge=0, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> Annotated[shapes.Body, Is(told_tasks.TaskStateStoreCollectionResponse)]:
    """What a task instance remembers, by key."""
    with services.store.reading() as tx:
        run = runs.find(tx, dag_id, dag_run_id)
        row = None if run is None else tasks.find(tx, run.id, task_id, map_index)
        found = [] if row is None else state_stores.kept(tx, state_stores.of_task(row))
    shown = [_of_task(one) for one in found[offset:][:limit]]
    return {"task_state_store": shown, "total_entries": len(found)}


def _of_task(one: Kept) -> shapes.Body:
    told = {"key": one.key, "value": one.value, "updated_at": shapes.moment(one.updated_at)}
    return {**told, "expires_at": shapes.moment(one.expires_at)}


@router.get(OF_TASK + "/{key:path}", tags=["Task State Store"])
def get_task_state_store(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    key: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> Annotated[shapes.Body, Is(told_tasks.TaskStateStoreResponse)]:
    """One value that a task instance remembers."""
    with services.store.reading() as tx:
        return _of_task(_one(tx, _scope(tx, dag_id, dag_run_id, task_id, map_index), key))


def _scope(tx: Tx, dag_id: str, run_id: str, task_id: str, map_index: int) -> Scope:
    return state_stores.of_task(find(tx, dag_id, run_id, task_id, map_index)[1])


def _one(tx: Tx, scope: Scope, key: str) -> Kept:
    found = state_stores.kept(tx, scope, key)
    if not found:
        raise NotFoundError(f"state store key {key!r}")
    return found[0]


@router.put(OF_TASK + "/{key:path}", tags=["Task State Store"], status_code=204)
def set_task_state_store(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    key: str,
    body: TaskValueBody,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> None:
    """Have a task instance remember a value."""
    with services.store.transaction() as tx:
        expires = tx.now() + dt.timedelta(days=DAYS_KEPT) if body.expires_at == "default" else body.expires_at
        assert not isinstance(expires, str)
        state_stores.set_(tx, _scope(tx, dag_id, dag_run_id, task_id, map_index), key, body.value, expires, who=caller)


@router.patch(OF_TASK + "/{key:path}", tags=["Task State Store"])
def patch_task_state_store(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    key: str,
    body: ValueBody,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> None:
    """Change a value that is there; it expires when it did."""
    with services.store.transaction() as tx:
        scope = _scope(tx, dag_id, dag_run_id, task_id, map_index)
        state_stores.set_(tx, scope, key, body.value, _one(tx, scope, key).expires_at, who=caller)


@router.delete(OF_TASK + "/{key:path}", tags=["Task State Store"], status_code=204)
def delete_task_state_store(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    key: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> None:
    """Have a task instance forget a value, if it is there."""
    with services.store.transaction() as tx:
        state_stores.clear(tx, _scope(tx, dag_id, dag_run_id, task_id, map_index), key, who=caller)


@router.delete(OF_TASK, tags=["Task State Store"], status_code=204)
def clear_task_state_store(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
    all_map_indices: bool = False,
) -> None:
    """Have a task instance forget everything, with ``all_map_indices`` every copy of the task."""
    with services.store.transaction() as tx:
        if not all_map_indices:
            state_stores.clear(tx, _scope(tx, dag_id, dag_run_id, task_id, map_index), who=caller)
            return
        run = runs.by_run_id(tx, dag_id, dag_run_id)
        if all(row.task_id != task_id for row in tasks.of_run(tx, run.id)):
            raise NotFoundError(f"task instance {task_id} in run {dag_run_id} of DAG {dag_id}")
        state_stores.clear(tx, state_stores.of_task_copies(run, task_id), who=caller)


# Of assets -------------------------------------------------------------------------------------------------------


def _of_asset(one: Kept) -> shapes.Body:
    """AssetStateStoreResponse. Who set it last is in the event log."""
    told = {"key": one.key, "value": one.value, "updated_at": shapes.moment(one.updated_at)}
    return {**told, "last_updated_by": None}


def _scope_of_asset(tx: Tx, asset_id: int) -> Scope:
    found = assets.list_(tx, asset_id=asset_id)
    if not found:
        raise NotFoundError(f"asset {asset_id}", hint="goflow assets list shows the assets and their ids")
    return state_stores.of_asset(found[0].name)


@router.get(OF_ASSET, tags=["Asset State Store"])
def list_asset_state_store(
    asset_id: PathNumber, query: PagingQuery, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_assets.AssetStateStoreCollectionResponse)]:
    """What an asset remembers, by key."""
    with services.store.reading() as tx:
        found = state_stores.kept(tx, _scope_of_asset(tx, asset_id))
    page = query.page()
    shown = [_of_asset(one) for one in found[page.offset :][: page.limit]]
    return {"asset_state_store": shown, "total_entries": len(found)}


@router.get(OF_ASSET + "/{key:path}", tags=["Asset State Store"])
def get_asset_state_store(
    asset_id: PathNumber, key: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_assets.AssetStateStoreResponse)]:
    """One value that an asset remembers."""
    with services.store.reading() as tx:
        return _of_asset(_one(tx, _scope_of_asset(tx, asset_id), key))


@router.put(OF_ASSET + "/{key:path}", tags=["Asset State Store"], status_code=204)
def set_asset_state_store(
    asset_id: PathNumber, key: str, body: ValueBody, services: ServicesDep, caller: CallerDep
) -> None:
    """Have an asset remember a value."""
    with services.store.transaction() as tx:
        state_stores.set_(tx, _scope_of_asset(tx, asset_id), key, body.value, who=caller)


@router.delete(OF_ASSET + "/{key:path}", tags=["Asset State Store"], status_code=204)
def delete_asset_state_store(asset_id: PathNumber, key: str, services: ServicesDep, caller: CallerDep) -> None:
    """Have an asset forget a value, if it is there."""
    with services.store.transaction() as tx:
        state_stores.clear(tx, _scope_of_asset(tx, asset_id), key, who=caller)


@router.delete(OF_ASSET, tags=["Asset State Store"], status_code=204)
def clear_asset_state_store(asset_id: PathNumber, services: ServicesDep, caller: CallerDep) -> None:
    """Have an asset forget everything."""
    with services.store.transaction() as tx:
        state_stores.clear(tx, _scope_of_asset(tx, asset_id), who=caller)
