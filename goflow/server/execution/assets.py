"""Assets and what has happened to them, as Airflow's client asks for it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from goflow.domain.assets import AssetEvent
from goflow.domain.errors import NotFoundError
from goflow.domain.runs import Launch
from goflow.server import asset_answers
from goflow.server.door import Answer, Handler
from goflow.server.execution import answers
from goflow.store import Store, Tx, assets, runs


class Assets:
    """The calls, over STORE."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def calls(self) -> list[tuple[str, str, Handler]]:
        """(path, method, handler)."""
        return [
            ("assets/by-name", "GET", self.one),
            ("assets/by-uri", "GET", self.one),
            ("assets/by-alias", "GET", self.of_alias),
            ("asset-events/by-asset", "GET", self.happened),
            ("asset-events/by-asset-alias", "GET", self.happened_to_alias),
        ]

    def one(self, _: Launch, request: Request, body: object) -> Any:
        """The asset of that name or URI. Raises NotFoundError."""
        name, uri = request.query_params.get("name"), request.query_params.get("uri")
        with self.store.reading() as tx:
            found = assets.find(tx, name=name, uri=uri) if name or uri else None
        if found is None:
            raise NotFoundError(f"asset {name or uri}")
        return asset_answers.asset(found)

    def of_alias(self, _: Launch, request: Request, body: object) -> Any:
        """The assets that an alias has stood for."""
        with self.store.reading() as tx:
            found = assets.of_alias(tx, request.query_params.get("alias_name") or "")
        return Answer([asset_answers.asset(one) for one in found])

    def happened(self, _: Launch, request: Request, body: object) -> Any:
        """Events of an asset."""
        return self._events(request, None)

    def happened_to_alias(self, _: Launch, request: Request, body: object) -> Any:
        """Events of what an alias has stood for."""
        return self._events(request, request.query_params.get("name") or "")

    def _events(self, request: Request, alias: str | None) -> dict[str, Any]:
        version = answers.version_of(request.headers)
        with self.store.reading() as tx:
            found = asset_answers.asked_for(tx, request.query_params, alias)
            begun = assets.runs_begun(tx, [event.id for event in found])
            return {"asset_events": [_told(tx, event, begun.get(event.id, []), version) for event in found]}


def _told(tx: Tx, event: AssetEvent, begun: list[int], version: str) -> dict[str, Any]:
    has_partitions = version >= answers.ADDED_TO_RUNS["partition_key"]
    told = asset_answers.happened(event)
    del told["source_aliases"]
    if not has_partitions:
        del told["partition_key"]
    return {**told, "created_dagruns": [_run(tx, key, has_partitions) for key in begun]}


def _run(tx: Tx, key: int, has_partitions: bool) -> dict[str, Any]:
    """A run that the event has begun (``DagRunAssetReference``)."""
    run = runs.get(tx, key)
    told = {
        "run_id": run.run_id,
        "dag_id": run.dag_id,
        "logical_date": answers.iso(run.logical_date),
        "start_date": answers.iso(run.start_date or run.run_after),
        "end_date": answers.iso(run.end_date),
        "state": run.state.value,
        "data_interval_start": answers.iso(run.data_interval_start),
        "data_interval_end": answers.iso(run.data_interval_end),
    }
    return {**told, "partition_key": run.partition_key} if has_partitions else told
