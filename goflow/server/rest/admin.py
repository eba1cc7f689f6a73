"""Variables, connections, pools, tokens, import errors, events: what an administrator looks after."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.server.rest import shapes
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.store import connections, events, import_errors, pools, tokens, variables
from goflow.store.rows import Connection

router = APIRouter()


class VariableBody(BaseModel):
    """A Variable."""

    model_config = ConfigDict(extra="forbid")
    key: str = Field(min_length=1, max_length=250)
    value: str
    description: str | None = None


class ConnectionBody(BaseModel):
    """A connection."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    connection_id: str = Field(min_length=1, max_length=250)
    conn_type: str = "generic"
    description: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema_: str | None = Field(None, alias="schema")
    port: int | None = Field(None, ge=0, le=65535)
    extra: str | None = None


class PoolBody(BaseModel):
    """A pool; -1 slots: without bound."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=256)
    slots: int = Field(ge=-1)
    description: str | None = None
    include_deferred: bool = False


class TokenBody(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    expires_in_days: int | None = Field(None, ge=1)


@router.get("/api/v2/variables", tags=["Variable"])
def list_variables(services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """All Variables by name."""
    with services.store.reading() as tx:
        found = [shapes.variable(row) for row in variables.list_(tx)]
    return {"variables": found, "total_entries": len(found)}


@router.get("/api/v2/variables/{name:path}", tags=["Variable"])
def show_variable(name: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """One Variable."""
    with services.store.reading() as tx:
        return shapes.variable(variables.get(tx, name))


@router.put("/goflow/v1/variables", tags=["Variable"])
@router.post("/api/v2/variables", tags=["Variable"], status_code=201)
def set_variable(body: VariableBody, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Set a Variable."""
    with services.store.transaction() as tx:
        variables.set_(tx, body.key, body.value, body.description, who=caller)
        return shapes.variable(variables.get(tx, body.key))


@router.delete("/api/v2/variables/{name:path}", tags=["Variable"], status_code=204)
def delete_variable(name: str, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a Variable."""
    with services.store.transaction() as tx:
        if not variables.delete_(tx, name, who=caller):
            raise HTTPException(404, f"there is no Variable {name}")


@router.get("/api/v2/connections", tags=["Connection"])
def list_connections(services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """All connections by id, without their secrets."""
    with services.store.reading() as tx:
        found = [shapes.connection(row) for row in connections.list_(tx)]
    return {"connections": found, "total_entries": len(found)}


@router.get("/api/v2/connections/{conn_id}", tags=["Connection"])
def show_connection(conn_id: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """One connection, without its secrets."""
    with services.store.reading() as tx:
        return shapes.connection(connections.get(tx, conn_id))


@router.post("/api/v2/connections", tags=["Connection"], status_code=201)
def set_connection(body: ConnectionBody, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Set a connection; password and extra are encrypted at rest."""
    row = Connection(
        conn_id=body.connection_id,
        conn_type=body.conn_type,
        description=body.description,
        host=body.host,
        login=body.login,
        password=body.password,
        schema=body.schema_,
        port=body.port,
        extra=body.extra,
    )
    with services.store.transaction() as tx:
        connections.set_(tx, row, who=caller)
        return shapes.connection(connections.get(tx, body.connection_id))


@router.delete("/api/v2/connections/{conn_id}", tags=["Connection"], status_code=204)
def delete_connection(conn_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a connection."""
    with services.store.transaction() as tx:
        if not connections.delete_(tx, conn_id, who=caller):
            raise HTTPException(404, f"there is no connection {conn_id}")


@router.get("/api/v2/pools", tags=["Pool"])
def list_pools(services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """All pools and how full they are."""
    with services.store.reading() as tx:
        found = [shapes.pool(row) for row in pools.list_(tx)]
    return {"pools": found, "total_entries": len(found)}


@router.get("/api/v2/pools/{name}", tags=["Pool"])
def show_pool(name: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """One pool."""
    with services.store.reading() as tx:
        return shapes.pool(pools.get(tx, name))


@router.post("/api/v2/pools", tags=["Pool"], status_code=201)
def set_pool(body: PoolBody, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Make a pool or change it."""
    with services.store.transaction() as tx:
        pools.set_(
            tx,
            body.name,
            body.slots,
            description=body.description,
            include_deferred=body.include_deferred,
            who=caller,
        )
        return shapes.pool(pools.get(tx, body.name))


@router.delete("/api/v2/pools/{name}", tags=["Pool"], status_code=204)
def delete_pool(name: str, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a pool; ``default_pool`` stays."""
    with services.store.transaction() as tx:
        if not pools.delete_(tx, name, who=caller):
            raise HTTPException(404, f"there is no pool {name}")


@router.get("/api/v2/importErrors", tags=["Import Error"])
def list_import_errors(services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Every file that could not be taken as it is, with its diagnostics."""
    with services.store.reading() as tx:
        found = import_errors.list_(tx)
    return {
        "import_errors": [
            {
                "filename": row.path,
                "timestamp": shapes.moment(row.first_seen_at),
                "stack_trace": "\n".join(f"{item.span}: {item.code} {item.message}" for item in row.diagnostics),
                "diagnostics": [item.to_json() for item in row.diagnostics],
            }
            for row in found
        ],
        "total_entries": len(found),
    }


@router.get("/api/v2/eventLogs", tags=["Event Log"])
def list_events(
    services: ServicesDep,
    caller: CallerDep,
    after: int = Query(0, ge=0, description="only events after this number"),
    dag_id: str | None = None,
    run_id: str | None = None,
    limit: int = Query(100, ge=1, le=1000),
) -> shapes.Body:
    """Events in their order."""
    with services.store.reading() as tx:
        found = events.after(tx, after, limit=limit, dag_id=dag_id, run_id=run_id)
    return {"event_logs": [shapes.event(row) for row in found], "total_entries": len(found)}


@router.get("/goflow/v1/tokens", tags=["Token"])
def list_tokens(services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """API tokens by name; the tokens themselves are not stored."""
    with services.store.reading() as tx:
        found = [
            {"name": row.name, "created": shapes.moment(row.created_date), "expires": shapes.moment(row.expires_at)}
            for row in tokens.list_(tx)
        ]
    return {"tokens": found, "total_entries": len(found)}


@router.post("/goflow/v1/tokens", tags=["Token"], status_code=201)
def create_token(body: TokenBody, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Make a token; it is told this once."""
    expires = None
    if body.expires_in_days is not None:
        expires = services.store.clock.now() + dt.timedelta(days=body.expires_in_days)
    with services.store.transaction() as tx:
        return {"name": body.name, "token": tokens.create(tx, body.name, expires_at=expires, who=caller)}


@router.delete("/goflow/v1/tokens/{name}", tags=["Token"], status_code=204)
def revoke_token(name: str, services: ServicesDep, caller: CallerDep) -> None:
    """Revoke a token."""
    with services.store.transaction() as tx:
        if not tokens.revoke(tx, name, who=caller):
            raise HTTPException(404, f"there is no token {name}")
