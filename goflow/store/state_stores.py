"""What tasks remember beside their results: ``task_state_store`` and ``asset_state_store`` of Airflow 3.3 (AIP-103).

A task instance's values last as long as its run, over retries and clearing, or until they expire; an asset's last.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, select

from goflow.domain.runs import TaskInstance
from goflow.store.columns import dumps, loads
from goflow.store.tables import asset_state_store, task_state_store
from goflow.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose values: of one task instance, or of the asset of that name."""

    table: Table
    columns: tuple[tuple[str, Any], ...]

    def where(self, key: str | None = None) -> ColumnElement[bool]:
        """The rows of this scope, or the one of KEY."""
        pairs = self.columns if key is None else (*self.columns, ("key", key))
        return and_(*(self.table.c[name] == value for name, value in pairs))


def of_task(row: TaskInstance) -> Scope:
    """The values of a task instance."""
    columns = (("dag_run_id", row.dag_run_id), ("task_id", row.task_id), ("map_index", row.map_index))
    return Scope(task_state_store, columns)


def of_asset(name: str) -> Scope:
    """The values of an asset, whichever DAG speaks of it."""
    return Scope(asset_state_store, (("asset", name),))


def find(tx: Tx, scope: Scope, key: str) -> list[Any]:
    """The value of KEY as the only element; empty where there is none, or none any more."""
    row = tx.first(select(scope.table).where(scope.where(key)))
    if row is None or (scope.table is task_state_store and row.expires_at is not None and row.expires_at <= tx.now()):
        return []
    return [loads(row.value)]


def set_(tx: Tx, scope: Scope, key: str, value: Any, expires_at: dt.datetime | None = None) -> None:
    """Keep VALUE (JSON); EXPIRES_AT is for a task's values alone, None: never."""
    row = {**dict(scope.columns), "key": key, "value": dumps(value), "last_updated_date": tx.now()}
    tx.upsert(scope.table, row | ({"expires_at": expires_at} if scope.table is task_state_store else {}))


def clear(tx: Tx, scope: Scope, key: str | None = None) -> int:
    """Forget the value of KEY, or all; how many."""
    return tx.change(delete(scope.table).where(scope.where(key)))
