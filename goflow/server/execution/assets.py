"""Assets and what has happened to them, as Airflow's client asks for it: read from the events that tasks have left."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from goflow.domain.errors import NotFoundError
from goflow.domain.runs import Event, Launch
from goflow.server import task_bodies
from goflow.server.door import Answer, Handler
from goflow.server.execution import answers
from goflow.store import Store, events

MOST_EVENTS = 10_000
"""How many events are looked at, of all assets together."""


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
        """The asset of that name or URI that something has happened to. Raises NotFoundError."""
        found = self._of_asset(request)
        if not found:
            raise NotFoundError(f"asset {request.query_params.get('name') or request.query_params.get('uri')}")
        return _asset(found[-1])

    def of_alias(self, _: Launch, request: Request, body: object) -> Any:
        """The assets that an alias has stood for."""
        alias = request.query_params.get("alias_name")
        found = {str(event.data["uri"]): _asset(event) for event in self._all() if event.data.get("alias") == alias}
        return Answer(list(found.values()))

    def happened(self, _: Launch, request: Request, body: object) -> Any:
        """Events of an asset."""
        return _told(self._of_asset(request), request)

    def happened_to_alias(self, _: Launch, request: Request, body: object) -> Any:
        """Events of what an alias has stood for."""
        alias = request.query_params.get("name")
        return _told([event for event in self._all() if event.data.get("alias") == alias], request)

    def _of_asset(self, request: Request) -> list[Event]:
        wanted = {word: text for word in ("name", "uri") if (text := request.query_params.get(word))}
        return [event for event in self._all() if all(event.data.get(word) == wanted[word] for word in wanted)]

    def _all(self) -> list[Event]:
        with self.store.reading() as tx:
            return events.after(tx, 0, limit=MOST_EVENTS, kinds=[events.ASSET_EVENT])


def _asset(event: Event) -> dict[str, Any]:
    return {"name": event.data["name"], "uri": event.data["uri"], "group": "asset", "extra": {}}


def _told(found: list[Event], request: Request) -> dict[str, Any]:
    query = request.query_params
    after, before = (task_bodies.moment(query.get(name), name) for name in ("after", "before"))
    kept = [one for one in found if (after is None or one.at >= after) and (before is None or one.at <= before)]
    if query.get("ascending", "true").lower() == "false":
        kept.reverse()
    limit = query.get("limit", "")
    kept = kept[: int(limit)] if limit.isdecimal() and int(limit) else kept
    return {
        "asset_events": [
            {
                "id": event.seq,
                "timestamp": answers.iso(event.at),
                "extra": event.data.get("extra") or {},
                "asset": _asset(event),
                "created_dagruns": [],
                "source_dag_id": event.dag_id,
                "source_run_id": event.run_id,
                "source_task_id": event.task_id,
                "source_map_index": event.map_index,
                **(
                    {"partition_key": event.data.get("partition_key")}
                    if answers.version_of(request.headers) >= answers.ADDED_TO_RUNS["partition_key"]
                    else {}
                ),
            }
            for event in kept
        ]
    }
