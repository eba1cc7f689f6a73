"""XComs: what tasks leave for others, as JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from goflow.domain.runs import DagRun, TaskInstance
from goflow.store.columns import dumps, loads
from goflow.store.rows import XCom
from goflow.store.tables import dag_runs, xcoms
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


def clear(tx: Tx, dag_run_id: int, task_id: str, map_index: int | None = None) -> int:
    """Forget what a task left; how many."""
    statement = delete(xcoms).where(_x.dag_run_id == dag_run_id, _x.task_id == task_id)
    return tx.change(statement if map_index is None else statement.where(_x.map_index == map_index))


def _xcom(row: Row[Any]) -> XCom:
    values = row._asdict()
    values["value"] = loads(values["value"])
    return XCom(**values)
