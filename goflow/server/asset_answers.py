"""What tasks are told of assets and of what has happened to them, whether they ask in our words or in Airflow's."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import QueryParams

from goflow.domain.assets import AssetEvent
from goflow.domain.errors import InvalidRequestError
from goflow.server import task_bodies
from goflow.store import Tx, assets

MOST_EVENTS = 10_000
"""How many events are told at once, as long as nobody asks for fewer."""


def asset(found: assets.Asset) -> dict[str, Any]:
    """An asset."""
    return {"name": found.name, "uri": found.uri, "group": found.group, "extra": {}}


def happened(event: AssetEvent) -> dict[str, Any]:
    """An event (`goflow_runner.wire.AssetHappened`)."""
    return {
        "id": event.id,
        "timestamp": event.timestamp.isoformat(),
        "asset": {"name": event.asset.name, "uri": event.asset.uri, "group": event.group, "extra": {}},
        "extra": dict(event.extra),
        "source_aliases": [{"name": alias} for alias in event.aliases],
        "source_dag_id": event.source_dag_id,
        "source_run_id": event.source_run_id,
        "source_task_id": event.source_task_id,
        "source_map_index": event.source_map_index,
        "partition_key": event.partition_key,
    }


def asked_for(tx: Tx, query: QueryParams, alias: str | None) -> list[AssetEvent]:
    """The events that QUERY asks for: of an asset by ``name`` and ``uri``, or of what ALIAS has stood for; from
    ``after`` to ``before``, both included. Raises InvalidRequestError."""
    limit = query.get("limit") or "0"
    if not limit.isdecimal():
        raise InvalidRequestError("limit must be a whole number")
    name, uri = (None, None) if alias is not None else (query.get("name") or None, query.get("uri") or None)
    if name is None and uri is None and alias is None:
        raise InvalidRequestError("name and uri cannot both be None")
    return assets.events(
        tx,
        name=name,
        uri=uri,
        alias=alias,
        after=task_bodies.moment(query.get("after"), "after"),
        before=task_bodies.moment(query.get("before"), "before"),
        ascending=query.get("ascending", "true").lower() != "false",
        limit=int(limit) or MOST_EVENTS,
    )
