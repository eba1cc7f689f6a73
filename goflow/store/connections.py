"""Connections; password and extra are encrypted at rest, and cannot be kept without a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goflow_runner.connections import PARTS, uri_of
from sqlalchemy import Row, bindparam, delete, select

from goflow.domain.errors import NotFoundError
from goflow.store import events
from goflow.store.listing import Condition, Listing, Page
from goflow.store.rows import Connection
from goflow.store.tables import connections
from goflow.store.tx import Tx

_GET = select(connections).where(connections.c.conn_id == bindparam("conn_id"))
_LIST = select(connections).order_by(connections.c.conn_id)


def find(tx: Tx, conn_id: str) -> Connection | None:
    """The Connection of that id, or None."""
    row = tx.first(_GET, {"conn_id": conn_id})
    return None if row is None else _connection(tx, row)


def get(tx: Tx, conn_id: str) -> Connection:
    """The Connection of that id. Raises NotFoundError."""
    connection = find(tx, conn_id)
    if connection is None:
        raise NotFoundError(f"Connection {conn_id}")
    return connection


def list_(tx: Tx) -> list[Connection]:
    """All Connections by id."""
    return [_connection(tx, row) for row in tx.rows(_LIST)]


def set_(tx: Tx, connection: Connection, *, who: str) -> None:
    """Set a Connection. Raises InvalidRequestError when it has a secret and the store has no key."""
    names = ("conn_id", "conn_type", "host", "login", "schema", "port", "description")
    row = {name: getattr(connection, name) for name in names}
    row["password"] = tx.sealer.seal_secret(connection.password)
    row["extra"] = tx.sealer.seal_secret(connection.extra)
    tx.upsert(connections, {**row, "last_updated_date": tx.now()})
    events.emit(tx, events.CONNECTION_SET, who=who, data={"conn_id": connection.conn_id})


def delete_(tx: Tx, conn_id: str, *, who: str) -> bool:
    """Delete a Connection; whether there was one."""
    gone = tx.change(delete(connections).where(connections.c.conn_id == conn_id)) > 0
    if gone:
        events.emit(tx, events.CONNECTION_DELETED, who=who, data={"conn_id": conn_id})
    return gone


def uri(connection: Connection, *, with_password: bool = True) -> str:
    """The Connection as a URI, as Airflow's ``Connection.get_uri`` writes it."""
    parts = {name: getattr(connection, name) for name in PARTS}
    return uri_of(parts if with_password else {**parts, "password": None})


def _connection(tx: Tx, row: Row[Any]) -> Connection:
    secrets = {"password": tx.sealer.open_optional(row.password), "extra": tx.sealer.open_optional(row.extra)}
    return Connection(**{**row._asdict(), **secrets})


_c = connections.c
_LISTING = Listing(
    statement=select(connections),
    key=_c.conn_id,
    fields={"connection_id": _c.conn_id},
    orders={
        "id": [_c.conn_id],
        "conn_id": [_c.conn_id],
        "connection_id": [_c.conn_id],
        "conn_type": [_c.conn_type],
        "description": [_c.description],
        "host": [_c.host],
        "port": [_c.port],
    },
)


def page(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[Connection], int]:
    """Connections, and how many there are. Raises InvalidRequestError."""
    rows, total = _LISTING.page(tx, conditions, page)
    return [_connection(tx, row) for row in rows], total
