"""Users: who may sign in and what they may do, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.errors import NotFoundError
from goflow.domain.roles import Role
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.context import AskedByDep, CallerDep, Services, ServicesDep
from goflow.server.rest.signing_in import refusals
from goflow.server.signin import passwords
from goflow.server.signin.callers import Caller
from goflow.store import sessions, users
from goflow.store.rows import Session, User

router = APIRouter(tags=["User"])


class UserBody(BaseModel):
    """A user to be made."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=users.LONGEST_NAME)
    role: Role = Role.VIEWER
    password: str = Field(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)


class UserChange(BaseModel):
    """What of a user is to change."""

    model_config = ConfigDict(extra="forbid")
    role: Role | None = None
    password: str | None = Field(None, min_length=passwords.SHORTEST, max_length=passwords.LONGEST)


@router.get("/goflow/v1/users")
def list_users(services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_own.Users)]:
    """All users by name."""
    with services.store.reading() as tx:
        found = [_user(row) for row in users.list_(tx)]
    return {"users": found, "total_entries": len(found)}


@router.get("/goflow/v1/users/{name}")
def show_user(name: str, services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_own.User)]:
    """One user."""
    with services.store.reading() as tx:
        return _user(users.get(tx, name))


@router.post("/goflow/v1/users", status_code=201)
def create_user(body: UserBody, services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_own.User)]:
    """Make a user who signs in with a password. 409 where there is one of that name."""
    hashed = _hashed(body.password)
    with services.store.transaction() as tx:
        return _user(users.create(tx, body.name, body.role, password_hash=hashed, who=caller))


@router.patch("/goflow/v1/users/{name}")
def change_user(
    name: str, body: UserChange, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_own.User)]:
    """Give a user another role, which holds at once, or another password, which ends their sessions."""
    hashed = None if body.password is None else _hashed(body.password)
    with services.store.transaction() as tx:
        if body.role is not None:
            users.set_role(tx, name, body.role, who=caller)
        if hashed is not None:
            users.set_password(tx, name, hashed, who=caller)
        return _user(users.get(tx, name))


@router.delete("/goflow/v1/users/{name}", status_code=204)
def delete_user(name: str, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a user; their sessions end."""
    with services.store.transaction() as tx:
        if not users.delete_(tx, name, who=caller):
            raise HTTPException(404, f"there is no user {name}")


@router.delete("/goflow/v1/users/{name}/sessions")
def sign_user_out(
    name: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_own.EndedSessions)]:
    """Sign a user out everywhere; how many sessions that ended."""
    with services.store.transaction() as tx:
        users.get(tx, name)
        return {"ended": sessions.end_all(tx, name, who=caller)}


@router.get("/goflow/v1/users/{name}/sessions")
def list_sessions(name: str, services: ServicesDep, asked: AskedByDep) -> Annotated[shapes.Body, Is(told_own.Sessions)]:
    """Where a user has signed in, the last first."""
    with services.store.reading() as tx:
        users.get(tx, name)
        return _sessions(sessions.of_user(tx, name), asked)


@router.delete("/goflow/v1/users/{name}/sessions/{session_id}", status_code=204)
def end_session(name: str, session_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """End one session of a user."""
    _end(services, name, session_id, caller)


@router.get("/goflow/v1/me/sessions")
def list_my_sessions(services: ServicesDep, asked: AskedByDep) -> Annotated[shapes.Body, Is(told_own.Sessions)]:
    """Where one has signed in oneself, the last first."""
    with services.store.reading() as tx:
        return _sessions(sessions.of_user(tx, asked.name) if asked.is_user else [], asked)


@router.delete("/goflow/v1/me/sessions/{session_id}", status_code=204)
def end_my_session(session_id: str, services: ServicesDep, asked: AskedByDep) -> None:
    """End one of one's own sessions, such as that of a machine that one has lost."""
    _end(services, asked.name if asked.is_user else "", session_id, asked.who)


def _end(services: Services, name: str, session_id: str, who: str) -> None:
    with services.store.transaction() as tx:
        if not sessions.end_one(tx, name, session_id, who=who):
            raise NotFoundError(f"session {session_id} of user {name}")


def _sessions(found: list[Session], asked: Caller) -> shapes.Body:
    own = sessions.id_of(asked.session_token) if asked.is_user else None
    told = [
        {
            "id": row.id,
            "kind": row.kind,
            "address": row.address,
            "started": shapes.moment(row.created_date),
            "last_used": shapes.moment(row.last_used_at),
            "expires": shapes.moment(row.expires_at),
            "is_this": row.id == own,
        }
        for row in found
    ]
    return {"sessions": told, "total_entries": len(told)}


def _hashed(password: str) -> str:
    with refusals():
        return passwords.hashed(password)


def _user(row: User) -> shapes.Body:
    return {
        "name": row.name,
        "role": row.role,
        "signs_in_by": "password" if row.oidc_subject is None else "oidc",
        "created": shapes.moment(row.created_date),
        "last_updated": shapes.moment(row.last_updated_date),
        "last_sign_in": shapes.moment(row.last_sign_in_at),
    }
