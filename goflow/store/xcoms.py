"""XComs: what tasks leave for others, as JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from goflow.domain.runs import DagRun, TaskInstance
from goflow.store import events
from goflow.store.columns import dumps, loads
from goflow.store.listing import Condition, Listing, Page
from goflow.store.rows import XCom
from goflow.store.tables import dag_runs, dags, xcoms
from goflow.store.tx import Tx

RETURN_VALUE = "return_value"

_x = xcoms.c
_PULL = (
    select(xcoms)
    .where(_x.dag_run_id == bindparam("dag_run_id"), _x.task_id == bindparam("task_id"), _x.key == bindparam("key"))
    .order_by(_x.map_index)
)
_PULL_ONE = _PULL.where(_x.map_index == bindparam("map_index"))
_OF_TASK = select(xcoms).where(
    _x.dag_run_id == bindparam("dag_run_id"), _x.task_id == bindparam("task_id"), _x.map_index == bindparam("map_index")
)
_LENGTHS = select(_x.task_id, _x.map_index, _x.length).where(
    _x.dag_run_id == bindparam("dag_run_id"),
    _x.task_id.in_(bindparam("task_ids", expanding=True)),
    _x.key == bindparam("key"),
)
_PRIOR_RUN = (
    select(_x.dag_run_id)
    .select_from(xcoms.join(dag_runs, dag_runs.c.id == _x.dag_run_id))
    .where(
        dag_runs.c.dag_id == bindparam("dag_id"),
        dag_runs.c.execution_date <= bindparam("logical_date"),
        _x.task_id == bindparam("task_id"),
        _x.key == bindparam("key"),
    )
    .order_by(dag_runs.c.execution_date.desc())
    .limit(1)
)


def push(
    tx: Tx, dag_run_id: int, task_id: str, map_index: int, key: str, value: Any, length: int | None = None
) -> None:
    """Leave VALUE (JSON), in place of what was there. LENGTH: how many copies a task mapped over it has."""
    push_many(tx, dag_run_id, task_id, map_index, [(key, value, length)])


def push_many(
    tx: Tx, dag_run_id: int, task_id: str, map_index: int, values: Iterable[tuple[str, Any, int | None]]
) -> None:
    """The same for several (key, value, length) of one task instance."""
    base = {"dag_run_id": dag_run_id, "task_id": task_id, "map_index": map_index}
    _push(tx, [{**base, "key": key, "value": value, "length": length} for key, value, length in values])


def push_all(tx: Tx, results: Iterable[tuple[TaskInstance, str, Any, int | None]]) -> None:
    """The same for several (instance, key, value, length) of any task instances."""
    _push(
        tx,
        [
            {
                "dag_run_id": instance.dag_run_id,
                "task_id": instance.task_id,
                "map_index": instance.map_index,
                "key": key,
                "value": value,
                "length": length,
            }
            for instance, key, value, length in results
        ],
    )


def _push(tx: Tx, rows: list[dict[str, Any]]) -> None:
    now = tx.now()
    tx.upsert_many(xcoms, [{**row, "value": dumps(row["value"]), "created_date": now} for row in rows])


def pull(tx: Tx, dag_run_id: int, task_id: str, key: str = RETURN_VALUE, map_index: int | None = None) -> list[XCom]:
    """What a task left, by map index; MAP_INDEX None: all of its copies."""
    params = {"dag_run_id": dag_run_id, "task_id": task_id, "key": key}
    if map_index is None:
        return [_xcom(row) for row in tx.rows(_PULL, params)]
    return [_xcom(row) for row in tx.rows(_PULL_ONE, {**params, "map_index": map_index})]


def prior(tx: Tx, run: DagRun, task_id: str, key: str = RETURN_VALUE, map_index: int | None = None) -> list[XCom]:
    """The same from RUN or else the newest earlier run that has one (Airflow's ``include_prior_dates``)."""
    if run.logical_date is None:
        return pull(tx, run.id, task_id, key, map_index)
    params = {"dag_id": run.dag_id, "logical_date": run.logical_date, "task_id": task_id, "key": key}
    found = tx.value(_PRIOR_RUN, params)
    return [] if found is None else pull(tx, int(found), task_id, key, map_index)


def of_task(tx: Tx, dag_run_id: int, task_id: str, map_index: int = -1) -> dict[str, Any]:
    """Key to value, for one task instance."""
    rows = tx.rows(_OF_TASK, {"dag_run_id": dag_run_id, "task_id": task_id, "map_index": map_index})
    return {row.key: loads(row.value) for row in rows}


def lengths(
    tx: Tx, dag_run_id: int, task_ids: Collection[str], key: str = RETURN_VALUE
) -> dict[str, dict[int, int | None]]:
    """Task id to {map index: length}; tasks that left nothing are not among it."""
    out: dict[str, dict[int, int | None]] = {}
    for row in tx.rows(_LENGTHS, {"dag_run_id": dag_run_id, "task_ids": list(task_ids), "key": key}):
        out.setdefault(row.task_id, {})[row.map_index] = row.length
    return out


def delete_(tx: Tx, dag_run_id: int, task_id: str, map_index: int, key: str) -> bool:
    """Forget one result; whether it was there."""
    mine = (_x.dag_run_id == dag_run_id, _x.task_id == task_id, _x.map_index == map_index, _x.key == key)
    return bool(tx.change(delete(xcoms).where(*mine)))


def set_by_hand(tx: Tx, run: DagRun, task_id: str, map_index: int, key: str, value: Any, *, who: str) -> None:
    """Leave VALUE in a task's place, in place of what was there, as WHO has asked for."""
    length = len(value) if isinstance(value, list | dict) else None
    push(tx, run.id, task_id, map_index, key, value, length)
    _tell(tx, events.XCOM_SET, run, task_id, map_index, key, who)


def delete_by_hand(tx: Tx, run: DagRun, task_id: str, map_index: int, key: str, *, who: str) -> bool:
    """Forget one result, as WHO has asked for; whether it was there."""
    gone = delete_(tx, run.id, task_id, map_index, key)
    if gone:
        _tell(tx, events.XCOM_DELETED, run, task_id, map_index, key, who)
    return gone


def _tell(tx: Tx, kind: str, run: DagRun, task_id: str, map_index: int, key: str, who: str) -> None:
    dag_id, run_id, data = run.dag_id, run.run_id, {"key": key}
    events.emit(tx, kind, dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index, who=who, data=data)


def clear(tx: Tx, dag_run_id: int, task_id: str, map_index: int | None = None) -> int:
    """Forget what a task left; how many."""
    statement = delete(xcoms).where(_x.dag_run_id == dag_run_id, _x.task_id == task_id)
    return tx.change(statement if map_index is None else statement.where(_x.map_index == map_index))


def _xcom(row: Row[Any]) -> XCom:
    values = row._asdict()
    values["value"] = loads(values["value"])
    return XCom(**values)


_r = dag_runs.c
_BY_KEY = (_r.dag_id, _x.task_id, _r.run_id, _x.map_index, _x.key)
_LISTING = Listing(
    statement=select(xcoms, _r.dag_id, _r.run_id, _r.execution_date.label("logical_date"), _r.run_after, _r.reading_id)
    .select_from(xcoms)
    .join(dag_runs, _r.id == _x.dag_run_id)
    .join(dags, dags.c.id == _r.dag_id),
    key=_x.key,
    fields={
        "xcom_key": _x.key,
        "dag_id": _r.dag_id,
        "run_id": _r.run_id,
        "task_id": _x.task_id,
        "map_index": _x.map_index,
        "dag_display_name": dags.c.name,
        "logical_date": _r.execution_date,
        "run_after": _r.run_after,
    },
    orders={
        "": _BY_KEY,
        "key": [_x.key],
        "dag_id": [_r.dag_id],
        "run_id": [_r.run_id],
        "task_id": [_x.task_id],
        "map_index": [_x.map_index],
        "timestamp": [_x.created_date],
        "run_after": [_r.run_after],
    },
)


def page(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[Sequence[Row[Any]], int]:
    """Rows of results with their run's ``dag_id``, ``run_id``, ``logical_date``, ``run_after`` and ``reading_id``, and
    how many there are. Raises InvalidRequestError."""
    return _LISTING.page(tx, conditions, page)
