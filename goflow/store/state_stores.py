"""What tasks remember beside their results: ``task_state_store`` and ``asset_state_store`` of Airflow 3.3 (AIP-103).

A task instance's values last as long as its run, over retries and clearing, or until they expire; an asset's last.
What people change by REST is told by an event, what tasks do by none.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, select

from goflow.domain.runs import DagRun, TaskInstance
from goflow.store import events
from goflow.store.columns import dumps, loads
from goflow.store.tables import asset_state_store, task_state_store
from goflow.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose values: of one task instance, or of the asset of that name; EVENT says it in events."""

    table: Table
    columns: tuple[tuple[str, Any], ...]
    event: dict[str, Any] = field(default_factory=dict, compare=False)

    def where(self, key: str | None = None) -> ColumnElement[bool]:
        """The rows of this scope, or the one of KEY."""
        pairs = self.columns if key is None else (*self.columns, ("key", key))
        return and_(*(self.table.c[name] == value for name, value in pairs))


def of_task(row: TaskInstance) -> Scope:
    """The values of a task instance."""
    columns = (("dag_run_id", row.dag_run_id), ("task_id", row.task_id), ("map_index", row.map_index))
    where = {"dag_id": row.dag_id, "run_id": row.run_id, "task_id": row.task_id, "map_index": row.map_index}
    return Scope(task_state_store, columns, where)


def of_asset(name: str) -> Scope:
    """The values of an asset, whichever DAG speaks of it."""
    return Scope(asset_state_store, (("asset", name),), {"data": {"asset": name}})


def find(tx: Tx, scope: Scope, key: str) -> list[Any]:
    """The value of KEY as the only element; empty where there is none, or none any more."""
    row = tx.first(select(scope.table).where(scope.where(key)))
    if row is None or (scope.table is task_state_store and row.expires_at is not None and row.expires_at <= tx.now()):
        return []
    return [loads(row.value)]


def set_(
    tx: Tx, scope: Scope, key: str, value: Any, expires_at: dt.datetime | None = None, *, who: str | None = None
) -> None:
    """Keep VALUE (JSON); EXPIRES_AT is for a task's values alone, None: never. WHO: the person who does it."""
    row = {**dict(scope.columns), "key": key, "value": dumps(value), "last_updated_date": tx.now()}
    tx.upsert(scope.table, row | ({"expires_at": expires_at} if scope.table is task_state_store else {}))
    if who is not None:
        _tell(tx, events.STATE_STORE_SET, scope, key, who)


def clear(tx: Tx, scope: Scope, key: str | None = None, *, who: str | None = None) -> int:
    """Forget the value of KEY, or all; how many. WHO: the person who does it."""
    gone = tx.change(delete(scope.table).where(scope.where(key)))
    if gone and who is not None:
        _tell(tx, events.STATE_STORE_CLEARED, scope, key, who)
    return gone


def _tell(tx: Tx, kind: str, scope: Scope, key: str | None, who: str) -> None:
    data = {**scope.event.get("data", {}), "key": key}
    events.emit(tx, kind, who=who, **{**scope.event, "data": data})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A value that is kept under KEY, with when it was set and, of a task's, when it expires (None: never)."""

    key: str
    value: Any
    updated_at: dt.datetime
    expires_at: dt.datetime | None = None


def kept(tx: Tx, scope: Scope, key: str | None = None) -> list[Kept]:
    """What is kept, by key; with KEY that alone. What has expired is not among it."""
    rows = tx.rows(select(scope.table).where(scope.where(key)).order_by(scope.table.c.key))
    found = [
        Kept(
            key=row.key,
            value=loads(row.value),
            updated_at=row.last_updated_date,
            expires_at=row.expires_at if scope.table is task_state_store else None,
        )
        for row in rows
    ]
    return [one for one in found if one.expires_at is None or one.expires_at > tx.now()]


def of_task_copies(run: DagRun, task_id: str) -> Scope:
    """The values of a task, whatever the map index."""
    where = {"dag_id": run.dag_id, "run_id": run.run_id, "task_id": task_id}
    return Scope(task_state_store, (("dag_run_id", run.id), ("task_id", task_id)), where)
