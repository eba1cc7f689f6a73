"""Daemons that share the database: who is there, by its own clock, and ending what one that fell silent holds there."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, delete, func, insert, or_, select, text, update

from goflow.domain.state import LaunchState
from goflow.store import databases, migrate
from goflow.store.rows import Daemon
from goflow.store.tables import UNFINISHED_LAUNCHES, daemons, launches, where
from goflow.store.tx import Tx

_d, _l = daemons.c, launches.c
_ALL = select(daemons).order_by(_d.id)
_BEAT = (
    update(daemons)
    .where(_d.id == bindparam("key"), _d.session == bindparam("life"))
    .values(expires_at=bindparam("until", type_=_d.expires_at.type))
)
_HAS_BEGUN = (
    where(UNFINISHED_LAUNCHES),
    _l.home.is_not(None),
    or_(_l.state == LaunchState.CLAIMED.value, (_l.state == LaunchState.CREATED.value) & _l.claimed_by.is_not(None)),
)
_HELD = select(_l.home, func.count().label("held")).where(*_HAS_BEGUN).group_by(_l.home)
_HELD_BY = select(_l.id).where(*_HAS_BEGUN, _l.home == bindparam("home")).order_by(_l.id).limit(bindparam("most"))
_END_SESSIONS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = current_user AND application_name = :name AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
)


def join(tx: Tx, *, daemon_id: str, name: str, backend: str, session: str, version: str, ttl_s: float) -> None:
    """A daemon is there, for TTL_S seconds unless it is heard of again; an earlier life of it is over."""
    now = tx.shared_now()
    tx.change(delete(daemons).where(_d.id == daemon_id))
    values = {"id": daemon_id, "name": name, "backend": backend, "session": session, "version": version}
    values["schema_head"] = migrate.HEAD
    tx.change(insert(daemons), {**values, "started_at": now, "expires_at": now + dt.timedelta(seconds=ttl_s)})


def beat(tx: Tx, daemon_id: str, session: str, ttl_s: float) -> bool:
    """It is still there, for TTL_S seconds; false when others have given it up, or it lives another life."""
    until = tx.shared_now() + dt.timedelta(seconds=ttl_s)
    return bool(tx.change(_BEAT, {"key": daemon_id, "life": session, "until": until}))


def all_(tx: Tx) -> list[Daemon]:
    """Every daemon that has not left, expired or not, in the order of their ids."""
    return [Daemon(**row._asdict()) for row in tx.rows(_ALL)]


def leave(tx: Tx, daemon_id: str, session: str) -> bool:
    """It is there no longer; false when that life of it was over before."""
    return bool(tx.change(delete(daemons).where(_d.id == daemon_id, _d.session == session)))


def held(tx: Tx) -> dict[str, int]:
    """The ids of the daemons whose own processes have begun launches that are not over, each with how many; local
    backend alone, and also daemons that are gone."""
    return {str(row.home): int(row.held) for row in tx.rows(_HELD)}


def held_by(tx: Tx, daemon_id: str, *, most: int) -> list[str]:
    """The ids of up to MOST of those of one daemon."""
    return [str(row[0]) for row in tx.rows(_HELD_BY, {"home": daemon_id, "most": most})]


def end_sessions(tx: Tx, session: str) -> int:
    """Have PostgreSQL end whatever a daemon's life has begun there and not brought to its end: a process that was
    stopped, or a machine that is gone, would hold its locks for ever. How many transactions that were.

    A daemon that lives all the same finds its transaction broken, as when the database was away.
    """
    if not tx.locks_rows:
        return 0
    return len(tx.rows(_END_SESSIONS, {"name": databases.session_name(session)}))
