"""Signing in with an identity provider: a browser is sent there, comes back, and has a session then."""

from __future__ import annotations

import html
import json
from dataclasses import asdict

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from goflow.domain.errors import GoFlowError
from goflow.server.rest.context import Services, ServicesDep
from goflow.server.rest.signing_in import address_of
from goflow.server.signin import cookies, entering
from goflow.server.signin.oidc import Identity, NotAllowedError, Provider, ProviderError, SendingOff
from goflow.store import Tx, sessions, users
from goflow.store.rows import User
from goflow.telemetry import metrics

router = APIRouter(tags=["Sign-in"])

COOKIE = "goflow_oidc"
PATH = "/goflow/v1/oidc"
LASTS_S = 600
"""Seconds that somebody may take at the provider."""
WHO = "oidc"


@router.get(PATH + "/login", response_class=RedirectResponse, status_code=302)
def begin(request: Request, services: ServicesDep, next: str = "/") -> Response:  # noqa: A002 - a query's name
    """Send the browser to the provider; it comes back to NEXT, a path of ours, signed in."""
    provider = _provider(services)
    try:
        url, sent = provider.send_off(_redirect_uri(request, services))
    except ProviderError as problem:
        return _told(problem, 502)
    until = services.store.clock.now().timestamp() + LASTS_S
    kept = services.store.sealer.seal_secret(json.dumps({**asdict(sent), "next": _local(next), "until": until}))
    assert kept is not None
    answer = RedirectResponse(url, 302)
    secure = cookies.is_secure(request, services.sign_in)
    answer.set_cookie(COOKIE, kept, max_age=LASTS_S, path=PATH, secure=secure, httponly=True, samesite="lax")
    return answer


@router.get(PATH + "/callback", response_class=RedirectResponse, status_code=303)
def come_back(request: Request, services: ServicesDep) -> Response:
    """Where the provider sends the browser: a session begins, and the page that was wanted is shown."""
    provider = _provider(services)
    try:
        sent, wanted = _kept(request, services)
        identity = provider.identity(sent, request.query_params)
        with services.store.transaction() as tx:
            user = _user_of(tx, identity)
            entered = entering.enter(
                tx, services.sign_in, user, kind=sessions.BROWSER, address=address_of(request), way="oidc"
            )
    except (ProviderError, NotAllowedError) as problem:
        refused = isinstance(problem, NotAllowedError)
        metrics.SIGN_INS.labels(way="oidc", result="refused").inc()
        return _told(problem, 403 if refused else 502)
    answer = RedirectResponse(wanted, 303)
    cookies.put(answer, request, services.sign_in, entered.token, services.sign_in.session_s)
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


def _user_of(tx: Tx, identity: Identity) -> User:
    """The user of IDENTITY, made at their first sign-in, with the role that they have now.

    A name that somebody else has here already is not taken over. Raises NotAllowedError.
    """
    tx.lock_name("users")
    found = users.by_subject(tx, identity.subject)
    if found is not None:
        users.set_role(tx, found.name, identity.role, who=WHO)
        return users.get(tx, found.name)
    if users.find(tx, identity.name) is not None:
        raise NotAllowedError(
            f"there is another user {identity.name}",
            hint="an administrator may remove that user, or set oidc_user_claim",
        )
    return users.create(tx, identity.name, identity.role, oidc_subject=identity.subject, who=WHO)


def _provider(services: Services) -> Provider:
    if services.sign_in.oidc is None:
        raise HTTPException(404, "no identity provider is set (oidc_issuer)")
    return services.sign_in.oidc


def _redirect_uri(request: Request, services: Services) -> str:
    base = services.sign_in.public_url or str(request.base_url)
    return f"{base.rstrip('/')}{PATH}/callback"


def _kept(request: Request, services: Services) -> tuple[SendingOff, str]:
    """What the browser was sent off with, and the path that it wants. Raises ProviderError where it was not, or too
    long ago."""
    try:
        kept = json.loads(services.store.sealer.open_secret(request.cookies[COOKIE]))
        until, wanted = float(kept.pop("until")), str(kept.pop("next"))
        sent = SendingOff(**kept)
    except (KeyError, ValueError, TypeError, AttributeError, GoFlowError):
        until = 0.0
    if services.store.clock.now().timestamp() > until:
        raise ProviderError("nobody has begun to sign in here, or too long ago", hint="begin again")
    return sent, wanted


def _local(path: str) -> str:
    """PATH if it is one of ours: nobody is sent elsewhere from here."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain else "/"


def _told(problem: GoFlowError, status: int) -> HTMLResponse:
    """PROBLEM as a small page: it is a person's browser that has come."""
    words = "".join(f"<p>{html.escape(text)}</p>" for text in (str(problem), problem.hint) if text)
    again = f'<p><a href="{PATH}/login">Sign in again</a></p>'
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>GoFlow</title>{words}{again}</html>'
    headers = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"}
    return HTMLResponse(page, status, headers)
