"""Connections; their secrets are never shown."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator

from goflow.domain.errors import AlreadyExistsError, NotFoundError
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import kept as told_kept
from goflow.server.rest.bulk import BulkBody, Hands, carry_out
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.masks import UpdateMask, masked
from goflow.server.rest.paging import Paging, conditions
from goflow.server.rest.teams import no_team
from goflow.store import Tx, connections
from goflow.store.rows import Connection

router = APIRouter(tags=["Connection"])
BASE = "/api/v2/connections"
ONE = BASE + "/{connection_id}"
_NOT_TESTED = (
    "Testing connections is disabled: a hook is code of a provider, which the daemon does not run. "
    "Contact your deployment admin to enable it."
)


class ConnectionBody(BaseModel):
    """A connection."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    connection_id: str = Field(min_length=1, max_length=200, pattern=r"^[\w.-]+$")
    conn_type: str = "generic"
    description: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema_: str | None = Field(None, alias="schema")
    port: int | None = Field(None, ge=0, le=65535)
    extra: str | None = None
    team_name: Annotated[str | None, no_team] = None

    @field_validator("extra")
    @classmethod
    def _object(cls, text: str | None) -> str | None:
        if text is None:
            return None
        words = "The `extra` field must be a valid JSON object (e.g., {'key': 'value'})"
        try:
            found = json.loads(text or "{}")
        except ValueError:
            raise ValueError(f"{words}, but encountered non-JSON in `extra` field") from None
        if not isinstance(found, dict):
            raise ValueError(words)
        return text or "{}"

    def row(self) -> Connection:
        """As the store keeps it."""
        parts: dict[str, Any] = {name: getattr(self, name) for name in _SAME}
        return Connection(conn_id=self.connection_id, schema=self.schema_, **parts)


_SAME = ("conn_type", "description", "host", "login", "password", "port", "extra")


class ConnectionQuery(Paging):
    """Connections by what they are called."""

    connection_id_pattern: str | None = None
    connection_id_prefix_pattern: str | None = None


@router.get(BASE)
def get_connections(
    query: Annotated[ConnectionQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.ConnectionCollectionResponse)]:
    """Connections by id, without their secrets."""
    with services.store.reading() as tx:
        found, total = connections.page(tx, conditions(query), query.page())
    return {"connections": [shapes.connection(row) for row in found], "total_entries": total}


@router.get(BASE + "/enqueue-test")
def get_connection_test(services: ServicesDep, caller: CallerDep) -> None:
    """404: no test of a connection is ever begun."""
    raise HTTPException(404, "No connection test found for this token")


@router.post(BASE + "/enqueue-test")
def enqueue_connection_test(services: ServicesDep, caller: CallerDep) -> None:
    """403, as in Airflow unless an administrator has allowed it: a test runs code of a provider."""
    raise HTTPException(403, _NOT_TESTED)


@router.post(BASE + "/test")
def test_connection(body: ConnectionBody, services: ServicesDep, caller: CallerDep) -> None:
    """403, as in Airflow unless an administrator has allowed it: a test runs code of a provider."""
    raise HTTPException(403, _NOT_TESTED)


@router.post(BASE + "/defaults", status_code=204)
def create_default_connections(services: ServicesDep, caller: CallerDep) -> None:
    """None: GoFlow comes without example connections."""


@router.get(ONE)
def get_connection(
    connection_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.ConnectionResponse)]:
    """One connection, without its secrets."""
    with services.store.reading() as tx:
        return shapes.connection(connections.get(tx, connection_id))


@router.put("/goflow/v1/connections", status_code=201)
def set_connection(
    body: ConnectionBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.ConnectionResponse)]:
    """Set a connection, whether it is there or not; password and extra are encrypted at rest."""
    with services.store.transaction() as tx:
        connections.set_(tx, body.row(), who=caller)
        return shapes.connection(connections.get(tx, body.connection_id))


@router.post(BASE, status_code=201)
def post_connection(
    body: ConnectionBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.ConnectionResponse)]:
    """Make a connection; password and extra are encrypted at rest. 409 when it is there."""
    with services.store.transaction() as tx:
        if connections.find(tx, body.connection_id) is not None:
            raise AlreadyExistsError(f"Connection {body.connection_id}")
        connections.set_(tx, body.row(), who=caller)
        return shapes.connection(connections.get(tx, body.connection_id))


@router.patch(BASE)
def bulk_connections(
    body: BulkBody[ConnectionBody], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.BulkResponse)]:
    """Make, change and delete many connections in one transaction."""
    with services.store.transaction() as tx:
        hands = Hands(
            things="connections",
            key=lambda entity: entity if isinstance(entity, str) else entity.connection_id,
            present=lambda key: connections.find(tx, key) is not None,
            make=lambda entity: connections.set_(tx, entity.row(), who=caller),
            change=lambda entity, mask: _change(tx, entity, mask, caller),
            remove=lambda key: connections.delete_(tx, key, who=caller),
        )
        return carry_out(body.actions, hands)


@router.patch(ONE)
def patch_connection(
    connection_id: str,
    body: ConnectionBody,
    services: ServicesDep,
    caller: CallerDep,
    update_mask: UpdateMask = None,
) -> Annotated[shapes.Body, Is(told_kept.ConnectionResponse)]:
    """Change a connection."""
    if body.connection_id != connection_id:
        raise HTTPException(400, "The connection_id in the request body does not match the URL parameter")
    with services.store.transaction() as tx:
        _change(tx, body, update_mask, caller)
        return shapes.connection(connections.get(tx, connection_id))


_HIDDEN = "***"


def _change(tx: Tx, body: ConnectionBody, mask: list[str] | None, caller: str) -> None:
    """What was given counts; a secret that is given as it is shown stays what it is."""
    there = connections.get(tx, body.connection_id)
    given = masked(body, mask)
    changed = {name: given[name] for name in _SAME if name in given and given[name] != _HIDDEN}
    if "schema_" in given:
        changed["schema"] = given["schema_"]
    connections.set_(tx, dataclasses.replace(there, **changed), who=caller)


@router.delete(ONE, status_code=204)
def delete_connection(connection_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a connection."""
    with services.store.transaction() as tx:
        if not connections.delete_(tx, connection_id, who=caller):
            raise NotFoundError(f"Connection {connection_id}")
