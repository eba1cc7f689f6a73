"""Signing in and out: sessions of browsers, tokens for Airflow's client, and who one is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.roles import Role
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.context import AskedByDep, Services, ServicesDep
from goflow.server.signin import callers, cookies, entering, passwords
from goflow.server.signin.callers import Caller
from goflow.store import sessions, users

router = APIRouter(tags=["Sign-in"])


class Credentials(BaseModel):
    """A user's name and password."""

    model_config = ConfigDict(extra="forbid")
    username: str = Field(max_length=users.LONGEST_NAME)
    password: str = Field(max_length=passwords.LONGEST)


class PasswordChange(BaseModel):
    """The password that one has, and the one that one wants."""

    model_config = ConfigDict(extra="forbid")
    password: str = Field(max_length=passwords.LONGEST)
    new_password: str = Field(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)


def maybe(request: Request, services: ServicesDep) -> Caller | None:
    """Who asks, of a route that takes no role."""
    ways = services.sign_in
    return callers.of_request(request, services.store, services.api_token, ways, is_open=services.open)


MaybeDep = Annotated[Caller | None, Depends(maybe)]


def address_of(request: Request) -> str:
    """Where the request comes from, as far as we or a proxy that we trust can tell."""
    return request.client.host if request.client else ""


@router.get("/goflow/v1/session")
def show_session(services: ServicesDep, found: MaybeDep) -> Annotated[shapes.Body, Is(told_own.SessionAnswer)]:
    """Whether one has signed in, and what ways there are: for a page, before it asks for anything else."""
    provider = services.sign_in.oidc
    with services.store.reading() as tx:
        by_password = users.any_with_password(tx)
    return {
        "signed_in": found is not None,
        "sign_in_needed": not services.open,
        "password": by_password,
        "oidc": None if provider is None else {"name": provider.settings.name, "url": "/goflow/v1/oidc/login"},
        "me": None if found is None else _me(found),
    }


@router.post("/goflow/v1/session", status_code=201)
def sign_in(
    body: Credentials, request: Request, response: Response, services: ServicesDep
) -> Annotated[shapes.Body, Is(told_own.SignedIn)]:
    """Sign in with a password: the session is kept in a cookie. 401 for a wrong one, 429 for too many tries."""
    if cookies.is_from_elsewhere(request, services.sign_in):
        raise HTTPException(403, "a page of another site asks for this")
    entered = _entered(body, request, services, sessions.BROWSER)
    cookies.put(response, request, services.sign_in, entered.token, services.sign_in.session_s)
    who = f"{callers.OF_A_USER}{entered.user.name}"
    found = Caller(who=who, role=entered.user.role, name=entered.user.name, session_token=entered.token, by_cookie=True)
    return {**_me(found), "expires": shapes.moment(entered.until)}


@router.delete("/goflow/v1/session", status_code=204)
def sign_out(request: Request, response: Response, services: ServicesDep, found: MaybeDep) -> None:
    """Sign out: the session is over, and the cookie goes. Harmless twice."""
    if found is not None and found.is_user:
        if found.by_cookie and not cookies.said_csrf(request.headers, found.session_token):
            raise HTTPException(403, f"the header {cookies.CSRF_HEADER} is missing or another session's")
        with services.store.transaction() as tx:
            sessions.end(tx, found.session_token, who=found.who)
    cookies.drop(response)


@router.get("/api/v2/auth/login", tags=["Login"], status_code=307, response_class=RedirectResponse)
def login(next: str | None = None) -> str:  # noqa: A002 - Airflow's name of it
    """Send a browser to the page, which asks it to sign in if it has to."""
    if next is not None and not _is_of_here(next):
        raise HTTPException(400, "Invalid or unsafe next URL")
    return next or "/"


@router.get("/api/v2/auth/logout", tags=["Login"], status_code=307, response_class=RedirectResponse)
def logout(request: Request, services: ServicesDep, found: MaybeDep) -> RedirectResponse:
    """End the session, or the token of ``/auth/token``, with which this is asked, and send a browser to the page. What
    a page of another site has asked for ends nothing."""
    answer = RedirectResponse("/")
    if found is not None and found.is_user and not cookies.is_from_elsewhere(request, services.sign_in):
        with services.store.transaction() as tx:
            sessions.end(tx, found.session_token, who=found.who)
        cookies.drop(answer)
    return answer


def _is_of_here(address: str) -> bool:
    parts = urlsplit(address)
    return address.startswith("/") and not (parts.scheme or parts.netloc) and "\\" not in address


@router.post("/auth/token", status_code=201)
@router.post("/auth/token/cli", status_code=201)
def create_token(
    body: Credentials, request: Request, services: ServicesDep
) -> Annotated[shapes.Body, Is(told_own.AccessToken)]:
    """A token for a user and their password, as Airflow's auth managers give it: ``Authorization: Bearer`` takes it."""
    entered = _entered(body, request, services, sessions.TOKEN)
    return {"access_token": entered.token}


@router.get("/goflow/v1/me")
def show_me(caller: AskedByDep) -> Annotated[shapes.Body, Is(told_own.Me)]:
    """Who one is and what one may do; to a browser's session also what changes have to say besides the cookie."""
    return _me(caller)


@router.post("/goflow/v1/me/password", status_code=204)
def change_password(
    body: PasswordChange, request: Request, response: Response, services: ServicesDep, caller: AskedByDep
) -> None:
    """Change one's own password; all of one's sessions end, and a browser's goes on as a new one."""
    if not caller.is_user:
        raise HTTPException(400, f"{caller.who} is no user with a password")
    with refusals():
        hashed = passwords.hashed(body.new_password)
        here = address_of(request)
        ways = services.sign_in
        with entering.proven(services.store, ways, caller.name, body.password, address=here) as (tx, user):
            users.set_password(tx, user.name, hashed, who=caller.who)
            if caller.by_cookie:
                entered = entering.enter(tx, ways, user, kind=sessions.BROWSER, address=here, way="password")
                cookies.put(response, request, ways, entered.token, ways.session_s)


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """What keeps somebody from signing in, as HTTP says it."""
    try:
        yield
    except entering.WrongPasswordError as problem:
        raise HTTPException(401, str(problem)) from None
    except entering.TooManyTriesError as problem:
        raise HTTPException(429, str(problem), {"Retry-After": str(problem.wait_s)}) from None
    except passwords.TooBusyError:
        raise HTTPException(429, "Too many sign in at once", {"Retry-After": str(entering.BUSY_S)}) from None


def _me(found: Caller) -> shapes.Body:
    return {
        "name": found.name or found.who,
        "who": found.who,
        "role": found.role,
        "may": [role.value for role in Role if found.role.includes(role)],
        "is_user": found.is_user,
        "csrf_header": cookies.CSRF_HEADER,
        "csrf_token": cookies.csrf_token(found.session_token) if found.by_cookie else None,
    }


def _entered(body: Credentials, request: Request, services: Services, kind: str) -> entering.Entered:
    with refusals():
        return entering.by_password(
            services.store, services.sign_in, body.username, body.password, kind=kind, address=address_of(request)
        )
