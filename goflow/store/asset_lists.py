"""Lists of assets, of what has happened to them, and of what is queued for DAGs that wait for several."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select

from goflow.domain.assets import AssetEvent
from goflow.store import assets as asset_rows
from goflow.store import events as log
from goflow.store.asset_tables import asset_event_aliases, asset_events, asset_queue, asset_uses, assets
from goflow.store.assets import Asset
from goflow.store.listing import Condition, Listing, Page, contains
from goflow.store.tables import dags
from goflow.store.tx import Tx

_a, _u, _e, _q = assets.c, asset_uses.c, asset_events.c, asset_queue.c
_MENTIONED = or_(
    and_(_u.kind == "asset", _u.name == _a.name, _u.uri == _a.uri),
    and_(_u.kind == "name", _u.name == _a.name),
    and_(_u.kind == "uri", _u.uri == _a.uri),
)
_USES = select(_u.dag_id).where(_MENTIONED).correlate(assets)


def _of_dags(one: Condition, tx: Tx) -> ColumnElement[bool]:
    return _USES.where(_u.dag_id.in_(one.value)).exists()


def _active(one: Condition, tx: Tx) -> ColumnElement[bool]:
    return _USES.join(dags, dags.c.id == _u.dag_id).where(dags.c.is_active).exists()


def _search(one: Condition, tx: Tx) -> ColumnElement[bool]:
    return or_(contains(_a.name, one.value[0]), contains(_a.uri, one.value[0]))


_ASSETS = Listing(
    statement=select(_a.id),
    key=_a.id,
    fields={"name": _a.name, "uri": _a.uri},
    orders={
        "id": [_a.id],
        "name": [_a.name],
        "uri": [_a.uri],
        "created_at": [_a.created_date],
        "updated_at": [_a.created_date],
    },
    special={"dag_ids": _of_dags, "only_active": _active, "search": _search},
)
_EVENTS = Listing(
    statement=select(_e.id).join(assets, _a.id == _e.asset_id),
    key=_e.id,
    fields={
        "asset_id": _e.asset_id,
        "name": _a.name,
        "source_dag_id": _e.dag_id,
        "source_task_id": _e.task_id,
        "source_run_id": _e.run_id,
        "source_map_index": _e.map_index,
        "timestamp": _e.at,
    },
    orders={
        "source_dag_id": [_e.dag_id],
        "source_task_id": [_e.task_id],
        "source_run_id": [_e.run_id],
        "source_map_index": [_e.map_index],
        "timestamp": [_e.at],
    },
    default="timestamp",
)


def page(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[Asset], int]:
    """Assets with who makes and reads them, and how many there are. Raises InvalidRequestError."""
    rows, total = _ASSETS.page(tx, conditions, page)
    found = {one.id: one for one in asset_rows.list_(tx, among=[row.id for row in rows])}
    return [found[row.id] for row in rows], total


def events(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[AssetEvent], int]:
    """What has happened to assets, and how many events there are. Raises InvalidRequestError."""
    rows, total = _EVENTS.page(tx, conditions, page)
    found = {event.id: event for event in asset_rows.by_ids(tx, [row.id for row in rows])}
    return [found[row.id] for row in rows], total


def aliases(tx: Tx) -> list[str]:
    """Every alias that a DAG mentions or that an event was told under, by name."""
    mentioned = select(_u.name).where(_u.kind == "alias").distinct()
    told = select(asset_event_aliases.c.alias).distinct()
    return sorted({str(row[0]) for statement in (mentioned, told) for row in tx.rows(statement)})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedFor:
    """Something has happened to an asset since the last run by assets of a DAG."""

    dag_id: str
    asset_id: int
    at: dt.datetime


def queued(
    tx: Tx, *, dag_id: str | None = None, asset_id: int | None = None, before: dt.datetime | None = None
) -> list[QueuedFor]:
    """What is queued for a DAG, of an asset, from before a moment; the oldest first."""
    statement = select(asset_queue).where(*_picked(dag_id, asset_id, before)).order_by(_q.created_date, _q.dag_id)
    return [QueuedFor(dag_id=row.dag_id, asset_id=row.asset_id, at=row.created_date) for row in tx.rows(statement)]


def forget_queued(
    tx: Tx, *, dag_id: str | None = None, asset_id: int | None = None, before: dt.datetime | None = None, who: str
) -> int:
    """Take that out of the queue, as WHO has asked for; how much it was."""
    gone = tx.change(delete(asset_queue).where(*_picked(dag_id, asset_id, before)))
    if gone:
        data = {"asset_id": asset_id, "before": before.isoformat() if before else None, "count": gone}
        log.emit(tx, log.ASSET_QUEUE_CLEARED, dag_id=dag_id, who=who, data=data)
    return gone


def _picked(dag_id: str | None, asset_id: int | None, before: dt.datetime | None) -> list[Any]:
    found: list[Any] = []
    if dag_id is not None:
        found.append(_q.dag_id == dag_id)
    if asset_id is not None:
        found.append(_q.asset_id == asset_id)
    if before is not None:
        found.append(_q.created_date < before)
    return found
