"""Answers about Variables, connections and pools."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from goflow.server.rest.answers import Moment


class VariableResponse(TypedDict):
    key: str
    value: NotRequired[str | None]
    description: str | None
    is_encrypted: bool
    team_name: str | None


class VariableCollectionResponse(TypedDict):
    variables: list[VariableResponse]
    total_entries: int


class ConnectionResponse(TypedDict):
    connection_id: str
    conn_type: str
    description: str | None
    host: str | None
    login: str | None
    schema: str | None
    port: int | None
    password: str | None
    extra: str | None
    team_name: str | None


class ConnectionCollectionResponse(TypedDict):
    connections: list[ConnectionResponse]
    total_entries: int


class ConnectionTestResponse(TypedDict):
    status: bool
    message: str


class ConnectionTestQueuedResponse(TypedDict):
    token: str
    connection_id: str
    state: str


class AsyncConnectionTestResponse(TypedDict):
    token: str
    connection_id: str
    state: str
    result_message: NotRequired[str | None]
    created_at: Moment


class PoolResponse(TypedDict):
    name: str
    slots: int
    description: NotRequired[str | None]
    include_deferred: bool
    occupied_slots: int
    running_slots: int
    queued_slots: int
    scheduled_slots: int
    open_slots: int
    deferred_slots: int
    team_name: str | None


class PoolCollectionResponse(TypedDict):
    pools: list[PoolResponse]
    total_entries: int


class BulkActionResponse(TypedDict):
    success: NotRequired[list[str]]
    errors: NotRequired[list[dict[str, Any]]]


class BulkResponse(TypedDict):
    create: NotRequired[BulkActionResponse | None]
    update: NotRequired[BulkActionResponse | None]
    delete: NotRequired[BulkActionResponse | None]
