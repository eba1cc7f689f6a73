"""What happens to assets: an event is written together with what made it, and queued for every DAG that waits for it;
a run that it begins takes it in (``AssetManager.register_asset_change`` and the scheduler's ``AssetDagRunQueue``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import structlog
from sqlalchemy import delete

from goflow.domain.assets import AssetKey, Mention, NewAssetEvent
from goflow.domain.canonical import Json
from goflow.domain.runs import DagRun, TaskInstance
from goflow.store import assets, events
from goflow.store.asset_tables import asset_event_aliases, asset_events, asset_queue, run_asset_events
from goflow.store.columns import dumps
from goflow.store.tx import Tx

log = structlog.get_logger(__name__)


def register_asset_events(
    tx: Tx,
    told: Iterable[NewAssetEvent],
    *,
    who: str,
    source: TaskInstance | None = None,
) -> list[int]:
    """Write TOLD down as made by SOURCE, and queue each for the DAGs that wait for it; the events' keys. A reference to
    an asset that nobody knows makes none, as in Airflow.

    An asset that no DAG names comes into being by it, as in Airflow where an alias stands for it.
    """
    keys = [_register(tx, one, source, who) for one in told]
    return [key for key in keys if key is not None]


def _register(tx: Tx, one: NewAssetEvent, source: TaskInstance | None, who: str) -> int | None:
    at = tx.now()
    found = assets.find(tx, name=one.asset.name or None, uri=one.asset.uri or None)
    if found is None and not (one.asset.name and one.asset.uri):
        log.warning("an asset that is referred to is not known", name=one.asset.name, uri=one.asset.uri)
        return None
    if found is None:
        assets.register(tx, [Mention("asset", one.asset.name, one.asset.uri)], at)
        found = assets.find(tx, name=one.asset.name, uri=one.asset.uri)
    assert found is not None
    key = tx.insert_or_none(asset_events, {**_row(one, source), "asset_id": found.id, "at": at})
    if key is None:
        return None  # told before
    aliases = sorted(set(one.aliases))
    tx.insert_new(asset_event_aliases, [{"alias": alias, "event_id": key} for alias in aliases])
    waiting = assets.waiting_dags(tx, AssetKey(found.name, found.uri), aliases)
    tx.insert_new(asset_queue, [{"dag_id": dag_id, "asset_id": found.id, "created_date": at} for dag_id in waiting])
    told: dict[str, Json] = {"id": key, "name": found.name, "uri": found.uri, "queued": [*waiting]}
    events.emit(
        tx,
        events.ASSET_EVENT,
        dag_id=source.dag_id if source else None,
        run_id=source.run_id if source else None,
        task_id=source.task_id if source else None,
        map_index=source.map_index if source else None,
        who=who,
        data=told,
        at=at,
    )
    return key


def _row(one: NewAssetEvent, source: TaskInstance | None) -> dict[str, Any]:
    row = {"extra": dumps(dict(one.extra)), "partition_key": one.partition_key, "told_as": one.told_as}
    if source is None:
        return row
    made_by = {"dag_id": source.dag_id, "run_id": source.run_id, "task_id": source.task_id}
    return {**row, **made_by, "map_index": source.map_index}


def take_in(tx: Tx, run: DagRun, event_ids: Collection[int], asset_ids: Collection[int]) -> None:
    """RUN has begun by those events; what was queued of those assets for its DAG is done with."""
    tx.insert_new(run_asset_events, [{"dag_run_id": run.id, "event_id": key} for key in event_ids])
    unqueue(tx, run.dag_id, asset_ids)


def unqueue(tx: Tx, dag_id: str, asset_ids: Collection[int]) -> None:
    """Forget what was queued of those assets for a DAG."""
    tx.change(delete(asset_queue).where(asset_queue.c.dag_id == dag_id, asset_queue.c.asset_id.in_(list(asset_ids))))
