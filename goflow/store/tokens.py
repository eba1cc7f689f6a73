"""API tokens: made once, told once, kept as a sha256."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from goflow.domain.canonical import digest_bytes
from goflow.domain.errors import AlreadyExistsError
from goflow.domain.roles import Role
from goflow.store import events
from goflow.store.rows import ApiToken
from goflow.store.tables import api_tokens
from goflow.store.tx import Tx

_k = api_tokens.c
_BY_HASH = select(api_tokens).where(_k.token_hash == bindparam("token_hash"))
_TOUCH = update(api_tokens).where(_k.token_hash == bindparam("hash")).values(last_used_at=bindparam("at"))
TOUCH_EVERY = dt.timedelta(minutes=1)
"""How exactly it is noted when a token was used last."""


def create(
    tx: Tx,
    name: str,
    *,
    role: Role = Role.ADMIN,
    expires_at: dt.datetime | None = None,
    token: str | None = None,
    who: str,
) -> str:
    """A new token of that name: its text, which cannot be had again. TOKEN: one that was agreed on elsewhere.

    Raises AlreadyExistsError when there is one of that name.
    """
    if tx.first(select(_k.name).where(_k.name == name)) is not None:
        raise AlreadyExistsError(f"token {name}")
    token = token or "goflow_" + secrets.token_urlsafe(32)
    row = {"name": name, "token_hash": token_hash(token), "role": role.value, "created_date": tx.now()}
    tx.change(insert(api_tokens), {**row, "expires_at": expires_at})
    events.emit(tx, events.TOKEN_CREATED, who=who, data={"name": name, "role": role.value})
    return token


def token_hash(token: str) -> str:
    """How a token is kept."""
    return digest_bytes(token.encode("utf-8", "surrogatepass"))


def check(tx: Tx, token: str) -> ApiToken | None:
    """The token's row if it is good now; None otherwise. In a transaction that writes, its use is noted each minute."""
    row = tx.first(_BY_HASH, {"token_hash": token_hash(token)})
    now = tx.now()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    if tx.writable and (row.last_used_at is None or now - row.last_used_at >= TOUCH_EVERY):
        tx.change(_TOUCH, {"hash": row.token_hash, "at": now})
    return _token(row)


def list_(tx: Tx) -> list[ApiToken]:
    """All tokens by name, expired ones too."""
    return [_token(row) for row in tx.rows(select(api_tokens).order_by(_k.name))]


def revoke(tx: Tx, name: str, *, who: str) -> bool:
    """End a token; whether there was one."""
    gone = tx.change(delete(api_tokens).where(_k.name == name)) > 0
    if gone:
        events.emit(tx, events.TOKEN_REVOKED, who=who, data={"name": name})
    return gone


def any_(tx: Tx) -> bool:
    """Whether there is any token that is good now (a server without one does not bind beyond loopback)."""
    row = tx.first(select(_k.name).where(_k.expires_at.is_(None) | (_k.expires_at > tx.now())).limit(1))
    return row is not None


def _token(row: Row[Any]) -> ApiToken:
    values = row._asdict()
    del values["token_hash"]
    return ApiToken(**{**values, "role": Role(values["role"])})
