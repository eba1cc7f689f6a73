"""Users: who may sign in, and what they may do then. Their passwords are hashed before they come here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from goflow.domain.errors import AlreadyExistsError, InvalidRequestError, NotFoundError
from goflow.domain.roles import Role
from goflow.store import events, sessions
from goflow.store.rows import User
from goflow.store.tx import Tx
from goflow.store.user_tables import users

LONGEST_NAME = 250

_u = users.c
_LIST = select(users).order_by(_u.name)
_GET = select(users).where(_u.name == bindparam("of"))
_BY_SUBJECT = select(users).where(_u.oidc_subject == bindparam("subject"))
_OF_ONE = update(users).where(_u.name == bindparam("of"))
_SET_ROLE = _OF_ONE.values(role=bindparam("role"), last_updated_date=bindparam("at"))
_SET_PASSWORD = _OF_ONE.values(password_hash=bindparam("hash"), last_updated_date=bindparam("at"))
_REHASH = _OF_ONE.where(_u.password_hash == bindparam("seen")).values(password_hash=bindparam("hash"))
_SIGNED_IN = _OF_ONE.values(last_sign_in_at=bindparam("at"))
_ANY_WITH_PASSWORD = select(_u.name).where(_u.password_hash.is_not(None)).limit(1)
_ANY = select(_u.name).limit(1)


def create(
    tx: Tx, name: str, role: Role, *, password_hash: str | None = None, oidc_subject: str | None = None, who: str
) -> User:
    """A new user. Raises InvalidRequestError for a name that is none, AlreadyExistsError when there is one of it."""
    check_name(name)
    now = tx.now()
    row = {"name": name, "role": role.value, "password_hash": password_hash, "oidc_subject": oidc_subject}
    tx.lock_name("users")
    if find(tx, name) is not None:
        raise AlreadyExistsError(f"user {name}")
    tx.insert_new(users, [{**row, "created_date": now, "last_updated_date": now}])
    events.emit(tx, events.USER_CREATED, who=who, data={"name": name, "role": role.value})
    return get(tx, name)


def check_name(name: str) -> None:
    """Raises InvalidRequestError for a NAME that cannot stand in a path or a line of a log."""
    bad = not name.isprintable() or name != name.strip() or "/" in name or name in {".", ".."}
    if bad or not 0 < len(name) <= LONGEST_NAME:
        raise InvalidRequestError(
            f"{name[:LONGEST_NAME]!r} is no name of a user",
            hint=f"1 to {LONGEST_NAME} printable characters without slashes, no blanks at its ends",
        )


def list_(tx: Tx) -> list[User]:
    """All users by name."""
    return [_user(row) for row in tx.rows(_LIST)]


def find(tx: Tx, name: str) -> User | None:
    """The user of that name, or None."""
    row = tx.first(_GET, {"of": name})
    return None if row is None else _user(row)


def get(tx: Tx, name: str) -> User:
    """The user of that name. Raises NotFoundError."""
    found = find(tx, name)
    if found is None:
        raise NotFoundError(f"user {name}")
    return found


def by_subject(tx: Tx, oidc_subject: str) -> User | None:
    """The user whom an identity provider knows as OIDC_SUBJECT, or None."""
    row = tx.first(_BY_SUBJECT, {"subject": oidc_subject})
    return None if row is None else _user(row)


def any_(tx: Tx) -> bool:
    """Whether there is any user."""
    return tx.first(_ANY) is not None


def any_with_password(tx: Tx) -> bool:
    """Whether anybody can sign in with a password."""
    return tx.first(_ANY_WITH_PASSWORD) is not None


def set_role(tx: Tx, name: str, role: Role, *, who: str) -> None:
    """Give a user another role, which holds at once for their sessions, too. Raises NotFoundError."""
    tx.lock_name("users")
    before = get(tx, name).role
    if before is role:
        return
    tx.change(_SET_ROLE, {"of": name, "role": role.value, "at": tx.now()})
    events.emit(tx, events.USER_ROLE_SET, who=who, data={"name": name, "from": before.value, "role": role.value})


def set_password(tx: Tx, name: str, password_hash: str, *, who: str) -> None:
    """Give a user another password; all their sessions end. Raises NotFoundError.

    Raises InvalidRequestError for a user of an identity provider, which knows their password.
    """
    if get(tx, name).oidc_subject is not None:
        raise InvalidRequestError(f"{name} signs in with the identity provider and has no password here")
    tx.change(_SET_PASSWORD, {"of": name, "hash": password_hash, "at": tx.now()})
    events.emit(tx, events.USER_PASSWORD_SET, who=who, data={"name": name})
    sessions.end_all(tx, name, who=who)


def rehash(tx: Tx, name: str, seen: str, password_hash: str) -> None:
    """Keep the same password in a newer form, if it is still SEEN."""
    tx.change(_REHASH, {"of": name, "seen": seen, "hash": password_hash})


def signed_in(tx: Tx, name: str) -> None:
    """Note when a user has signed in last."""
    tx.change(_SIGNED_IN, {"of": name, "at": tx.now()})


def delete_(tx: Tx, name: str, *, who: str) -> bool:
    """Remove a user with their sessions; whether there was one."""
    gone = tx.change(delete(users).where(_u.name == name)) > 0
    if gone:
        events.emit(tx, events.USER_DELETED, who=who, data={"name": name})
    return gone


def _user(row: Row[Any]) -> User:
    values = row._asdict()
    return User(**{**values, "role": Role(values["role"])})
