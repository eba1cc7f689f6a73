"""``task_state_store`` and ``asset_state_store`` of Airflow 3.3, as its client reads and writes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request

from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.domain.runs import Launch
from goflow.server import task_bodies
from goflow.server.door import Handler
from goflow.store import Store, Tx, state_stores, tasks

Find = Callable[[Tx, Launch, Request], tuple[state_stores.Scope, str | None]]
"""Whose values are meant, and which one; None: all."""


class Remembered:
    """The calls, over STORE."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def calls(self) -> list[tuple[str, str, Handler]]:
        """(path, method, handler)."""
        found: list[tuple[str, str, Handler]] = []
        mine = "store/ti/{launch_id}"
        values: list[tuple[str, Find]] = [(f"{mine}/{{key:path}}", _of_task)]
        values += [(f"store/asset/by-{word}/value", partial(_of_asset, word)) for word in ("name", "uri")]
        for path, find in values:
            found.append((path, "GET", partial(self._get, find)))
            found.append((path, "PUT", partial(self._set, find)))
            found.append((path, "DELETE", partial(self._forget, find)))
        found.append((mine, "DELETE", partial(self._forget, _of_task)))
        found += [
            (f"store/asset/by-{word}/clear", "DELETE", partial(self._forget, partial(_of_asset, word)))
            for word in ("name", "uri")
        ]
        return found

    def _get(self, find: Find, launch: Launch, request: Request, _: object) -> Any:
        with self.store.reading() as tx:
            scope, key = find(tx, launch, request)
            values = state_stores.find(tx, scope, _needed(key))
        if not values:
            raise NotFoundError(f"nothing is remembered as {key}")
        return {"value": values[0]}

    def _set(self, find: Find, launch: Launch, request: Request, body: Any) -> None:
        given = task_bodies.mapping(body)
        until = task_bodies.moment(task_bodies.maybe_text(given, "expires_at"), "expires_at")
        with self.store.transaction() as tx:
            scope, key = find(tx, launch, request)
            state_stores.set_(tx, scope, _needed(key), given.get("value"), until)

    def _forget(self, find: Find, launch: Launch, request: Request, _: object) -> None:
        with self.store.transaction() as tx:
            state_stores.clear(tx, *find(tx, launch, request))


def _of_task(tx: Tx, launch: Launch, request: Request) -> tuple[state_stores.Scope, str | None]:
    return state_stores.of_task(tasks.get(tx, launch.task_instance_id)), request.path_params.get("key")


def _of_asset(word: str, tx: Tx, launch: Launch, request: Request) -> tuple[state_stores.Scope, str | None]:
    return state_stores.of_asset(_needed(request.query_params.get(word))), request.query_params.get("key")


def _needed(given: str | None) -> str:
    if not given:
        raise InvalidRequestError("the key, and the name or URI of the asset, must be given")
    return given
