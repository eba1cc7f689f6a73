"""Results of tasks: list, show, and by an administrator's hand make, change and delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.errors import AlreadyExistsError, NotFoundError
from goflow.domain.runs import UNMAPPED, DagRun
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import tasks as told_tasks
from goflow.server.rest.bodies import Told
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.paging import Bound, MapIndex, Number, Paging, conditions, is_
from goflow.server.rest.runs import ANY
from goflow.server.rest.strict import strict
from goflow.server.rest.tasks import ONE
from goflow.store import Tx, runs, xcoms
from goflow.store.rows import XCom

router = APIRouter(tags=["XCom"])
BASE = ONE + "/xcomEntries"
ENTRY = BASE + "/{xcom_key:path}"


class XComQuery(Paging):
    """Results by all that Airflow's list knows."""

    xcom_key: str | None = None
    map_index: MapIndex | None = None
    xcom_key_pattern: str | None = None
    xcom_key_prefix_pattern: str | None = None
    dag_display_name_pattern: str | None = None
    dag_display_name_prefix_pattern: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    task_id_pattern: str | None = None
    task_id_prefix_pattern: str | None = None
    map_index_filter: Number | None = None
    logical_date_gte: Bound = None
    logical_date_gt: Bound = None
    logical_date_lte: Bound = None
    logical_date_lt: Bound = None
    run_after_gte: Bound = None
    run_after_gt: Bound = None
    run_after_lte: Bound = None
    run_after_lt: Bound = None


class NewXCom(BaseModel):
    """A result to be left for others."""

    model_config = ConfigDict(extra="forbid")
    key: str = Field(min_length=1, max_length=512)
    value: Any
    map_index: MapIndex = UNMAPPED


class ChangedXCom(BaseModel):
    """What a result is to be."""

    model_config = ConfigDict(extra="forbid")
    value: Any
    map_index: MapIndex = UNMAPPED


@router.get(BASE)
def get_xcom_entries(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    query: Annotated[XComQuery, Query()],
    services: ServicesDep,
    caller: CallerDep,
) -> Annotated[shapes.Body, Is(told_tasks.XComCollectionResponse)]:
    """Results of a task, of all tasks of a run, or of all (``~``), without their values."""
    wanted = conditions(query, map_index_filter="map_index")
    named = (("dag_id", dag_id), ("run_id", dag_run_id), ("task_id", task_id))
    wanted += [is_(field, value) for field, value in named if value != ANY]
    with services.store.reading() as tx:
        rows, total = xcoms.page(tx, wanted, query.page())
        told = Told(tx)
        found = [_entry(told, told.run_of(row.dag_run_id), row) for row in rows]
    return {"xcom_entries": found, "total_entries": total}


@router.get(ENTRY)
def get_xcom_entry(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    xcom_key: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
    deserialize: bool = False,
    stringify: bool = False,
) -> Annotated[shapes.Body, Is(told_tasks.XComResponseNative | told_tasks.XComResponseString)]:
    """One result with its value, as JSON; with ``stringify`` as the text that Python has for it."""
    with services.store.reading() as tx:
        run = runs.by_run_id(tx, dag_id, dag_run_id)
        row = _find(tx, run, task_id, xcom_key, map_index)
        value = strict(row.value)
        if stringify and value is not None:
            value = str(value)
        return {**_entry(Told(tx), run, row), "value": value}


@router.post(BASE, status_code=201)
def create_xcom_entry(
    dag_id: str, dag_run_id: str, task_id: str, body: NewXCom, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.XComResponseNative)]:
    """Leave a result in a task's place. 409 when there is one of that key."""
    with services.store.transaction() as tx:
        run = runs.by_run_id(tx, dag_id, dag_run_id)
        told = Told(tx)
        if told.spec_of(run, task_id) is None:
            raise NotFoundError(f"task {task_id} of DAG {dag_id}")
        if xcoms.pull(tx, run.id, task_id, body.key, body.map_index):
            raise AlreadyExistsError(f"XCom {body.key} of task {task_id}")
        return _set(tx, told, run, task_id, body.key, body, caller)


@router.patch(ENTRY)
def update_xcom_entry(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    xcom_key: str,
    body: ChangedXCom,
    services: ServicesDep,
    caller: CallerDep,
) -> Annotated[shapes.Body, Is(told_tasks.XComResponseNative)]:
    """Put another value in the place of a result."""
    with services.store.transaction() as tx:
        run = runs.by_run_id(tx, dag_id, dag_run_id)
        _find(tx, run, task_id, xcom_key, body.map_index)
        return _set(tx, Told(tx), run, task_id, xcom_key, body, caller)


def _set(tx: Tx, told: Told, run: DagRun, task_id: str, key: str, body: NewXCom | ChangedXCom, who: str) -> shapes.Body:
    xcoms.set_by_hand(tx, run, task_id, body.map_index, key, body.value, who=who)
    row = _find(tx, run, task_id, key, body.map_index)
    return {**_entry(told, run, row), "value": strict(row.value)}


@router.delete(ENTRY, status_code=204)
def delete_xcom_entry(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    xcom_key: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> None:
    """Forget a result."""
    with services.store.transaction() as tx:
        run = runs.by_run_id(tx, dag_id, dag_run_id)
        if not xcoms.delete_by_hand(tx, run, task_id, map_index, xcom_key, who=caller):
            raise HTTPException(404, f"The XCom with key: `{xcom_key}` with mentioned task instance doesn't exist.")


def _find(tx: Tx, run: DagRun, task_id: str, key: str, map_index: int) -> XCom:
    found = xcoms.pull(tx, run.id, task_id, key, map_index)
    if not found:
        raise NotFoundError(f"XCom {key} of task {task_id} in run {run.run_id} of DAG {run.dag_id}")
    return found[0]


def _entry(told: Told, run: DagRun, row: Any) -> shapes.Body:
    """XComResponse, without its value."""
    spec = told.spec_of(run, row.task_id)
    return {
        "key": strict(row.key),
        "timestamp": shapes.moment(row.created_date),
        "logical_date": shapes.moment(run.logical_date),
        "map_index": row.map_index,
        "task_id": row.task_id,
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "dag_display_name": told.dag_name(run.dag_id),
        "task_display_name": (spec.display_name if spec else None) or row.task_id,
        "run_after": shapes.moment(run.run_after),
    }
