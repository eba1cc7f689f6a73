"""Sessions: who has signed in, in a browser or for a token that ends by itself. Their tokens are kept as a sha256."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from goflow.domain.roles import Role
from goflow.store import events
from goflow.store.rows import Session
from goflow.store.tokens import TOUCH_EVERY, token_hash
from goflow.store.tx import Tx
from goflow.store.user_tables import sessions, users

BROWSER = "browser"
TOKEN = "token"  # noqa: S105 - a kind of session

_s = sessions.c
_LASTING = (
    select(sessions, users.c.role)
    .join(users, users.c.name == _s.user_name)
    .where(_s.expires_at > bindparam("now", type_=_s.expires_at.type))
)
_FIND = _LASTING.where(_s.token_hash == bindparam("hash"))
_OF_USER = _LASTING.where(_s.user_name == bindparam("of")).order_by(_s.created_date.desc(), _s.token_hash)
_TOUCH = update(sessions).where(_s.token_hash == bindparam("hash")).values(last_used_at=bindparam("at"))
_END = delete(sessions).where(_s.token_hash == bindparam("hash"))
_END_ALL = delete(sessions).where(_s.user_name == bindparam("of"))
_END_EXPIRED = delete(sessions).where(_s.expires_at <= bindparam("now"))


def start(
    tx: Tx, user_name: str, *, kind: str, lasts_s: float, address: str | None, way: str, who: str
) -> tuple[str, dt.datetime]:
    """Let a user be signed in for LASTS_S seconds: the session's token, which cannot be had again, and when it ends.

    WAY: how they signed in, for the event. Sessions whose time is up go.
    """
    now = tx.now()
    token = secrets.token_urlsafe(32)
    until = now + dt.timedelta(seconds=lasts_s)
    tx.change(_END_EXPIRED, {"now": now})
    row = {"token_hash": token_hash(token), "user_name": user_name, "kind": kind, "address": address}
    tx.insert_new(sessions, [{**row, "created_date": now, "expires_at": until}])
    events.emit(tx, events.SESSION_STARTED, who=who, data={"user": user_name, "kind": kind, "way": way})
    return token, until


def find(tx: Tx, token: str) -> Session | None:
    """The session of TOKEN while it lasts; None otherwise."""
    row = tx.first(_FIND, {"hash": token_hash(token), "now": tx.now()})
    return None if row is None else _session(row)


def of_user(tx: Tx, user_name: str) -> list[Session]:
    """The sessions of a user that last, those that began last first."""
    return [_session(row) for row in tx.rows(_OF_USER, {"of": user_name, "now": tx.now()})]


def touch(tx: Tx, token: str) -> None:
    """Note that a session is used now; `is_to_be_noted` says when that is worth a write."""
    tx.change(_TOUCH, {"hash": token_hash(token), "at": tx.now()})


def is_to_be_noted(last_used_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether the last use of a session or token was noted so long ago that it is time for another note."""
    return last_used_at is None or now - last_used_at >= TOUCH_EVERY


def end(tx: Tx, token: str, *, who: str) -> bool:
    """Sign out; whether there was such a session."""
    found = find(tx, token)
    if found is None:
        return False
    tx.change(_END, {"hash": token_hash(token)})
    events.emit(tx, events.SESSION_ENDED, who=who, data={"user": found.user_name, "sessions": 1})
    return True


def end_one(tx: Tx, user_name: str, session_id: str, *, who: str) -> bool:
    """End the session of a user that has that id; whether there was one."""
    for row in tx.rows(_OF_USER, {"of": user_name, "now": tx.now()}):
        if _id(row.token_hash) == session_id:
            tx.change(_END, {"hash": row.token_hash})
            events.emit(tx, events.SESSION_ENDED, who=who, data={"user": user_name, "sessions": 1})
            return True
    return False


def end_all(tx: Tx, user_name: str, *, who: str) -> int:
    """Sign a user out everywhere; how many sessions that ended."""
    ended = tx.change(_END_ALL, {"of": user_name})
    if ended:
        events.emit(tx, events.SESSION_ENDED, who=who, data={"user": user_name, "sessions": ended})
    return ended


def _session(row: Row[Any]) -> Session:
    values = row._asdict()
    session_id = _id(values.pop("token_hash"))
    return Session(**{**values, "role": Role(values["role"])}, id=session_id)


def id_of(token: str) -> str:
    """The id of the session of TOKEN."""
    return _id(token_hash(token))


def _id(token_hash: str) -> str:
    return token_hash[:16]
