"""Watches: the assets that triggers watch (``AssetWatcher``), who runs those triggers, and what they are.

A watch is of one asset; the file of one DAG that waits for it says which triggers there are. What changes a watch is in
`goflow.store.transitions.watches`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, select

from goflow.domain.assets import AssetKey
from goflow.store.asset_tables import asset_uses, asset_watches, assets
from goflow.store.columns import loads
from goflow.store.tables import dags
from goflow.store.tx import Tx

_w, _u, _a = asset_watches.c, asset_uses.c, assets.c
_WATCHES = select(asset_watches, _a.name, _a.uri).join(assets, _a.id == _w.asset_id)
_GET = _WATCHES.where(_w.id == bindparam("watch_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A watch. WATCHERS: the name of each watcher by the key of its trigger; None: nobody has looked yet.

    TROUBLE: why nobody could find that out. EPOCH grows with each change of hands.
    """

    id: int
    asset_id: int
    asset: AssetKey
    dag_id: str
    reading_id: int
    runner_id: str | None
    epoch: int
    watchers: Mapping[str, str] | None
    trouble: str | None


def wanted(tx: Tx) -> dict[int, tuple[str, int]]:
    """The assets that are to be watched: those with watchers in the schedule of an active DAG that is not paused, each
    with the DAG whose reading is the newest, and that reading's key."""
    statement = (
        select(_a.id, _u.dag_id, dags.c.reading_id)
        .join(asset_uses, and_(_u.name == _a.name, _u.uri == _a.uri, _u.kind == "asset"))
        .join(dags, dags.c.id == _u.dag_id)
        .where(_u.role == "schedule", _u.watched, dags.c.is_active, ~dags.c.is_paused, dags.c.reading_id.is_not(None))
        .order_by(dags.c.reading_id, _u.dag_id)
    )
    return {row.id: (row.dag_id, row.reading_id) for row in tx.rows(statement)}  # the last one holds


def all_(tx: Tx) -> list[Watch]:
    """Every watch, the oldest first."""
    return [_watch(row) for row in tx.rows(_WATCHES.order_by(_w.id))]


def find(tx: Tx, watch_id: int) -> Watch | None:
    """The watch of that key, or None."""
    row = tx.first(_GET, {"watch_id": watch_id})
    return None if row is None else _watch(row)


def count(tx: Tx, *, unheld: bool = False) -> int:
    """How many watches there are; with UNHELD those that no runner has."""
    statement = select(func.count()).select_from(asset_watches)
    return int(tx.value(statement.where(_w.runner_id.is_(None)) if unheld else statement) or 0)


def _watch(row: Row[Any]) -> Watch:
    return Watch(
        id=row.id,
        asset_id=row.asset_id,
        asset=AssetKey(row.name, row.uri),
        dag_id=row.dag_id,
        reading_id=row.reading_id,
        runner_id=row.runner_id,
        epoch=row.epoch,
        watchers=loads(row.watchers, None),
        trouble=row.trouble,
    )
