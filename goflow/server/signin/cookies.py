"""The session's cookie in a browser, and how a request is told from one that another page has made the browser send.

The cookie goes with requests that other sites cause, too; so a change that comes with it needs, besides, what only a
page of our own can know: the session's CSRF token in `CSRF_HEADER`, and no word of the browser that it comes from
elsewhere (``Sec-Fetch-Site``, ``Origin``).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from goflow.server.signin.settings import SignIn

SESSION = "goflow_session"
SECURE_SESSION = "__Host-goflow_session"
"""With that name a browser takes the cookie from this very host by TLS alone (RFC 6265bis)."""
CSRF = "goflow_csrf"
"""The CSRF token once more, where scripts of the page can read it."""
CSRF_HEADER = "X-GoFlow-CSRF"


def session_token(request: Request) -> str | None:
    """The session's token that the browser sends along, or None."""
    return request.cookies.get(SECURE_SESSION) or request.cookies.get(SESSION)


def csrf_token(token: str) -> str:
    """What a page has to say besides the cookie: made from the session's TOKEN, and says nothing about it."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"goflow csrf", hashlib.sha256).hexdigest()


def put(response: Response, request: Request, ways: SignIn, token: str, lasts_s: float) -> None:
    """Have the browser keep TOKEN."""
    secure = is_secure(request, ways)
    age = int(lasts_s)
    name = SECURE_SESSION if secure else SESSION
    response.set_cookie(name, token, max_age=age, path="/", secure=secure, httponly=True, samesite="lax")
    response.set_cookie(CSRF, csrf_token(token), max_age=age, path="/", secure=secure, samesite="strict")


def drop(response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(SESSION, path="/", httponly=True, samesite="lax")
    response.delete_cookie(SECURE_SESSION, path="/", secure=True, httponly=True, samesite="lax")
    response.delete_cookie(CSRF, path="/", samesite="strict")


def is_secure(request: Request, ways: SignIn) -> bool:
    """Whether the browser came by TLS, as far as we or a proxy that we trust can tell."""
    return ways.is_secure or request.url.scheme == "https"


def said_csrf(headers: Mapping[str, str], token: str) -> bool:
    """Whether the request says the CSRF token of the session TOKEN."""
    said = headers.get(CSRF_HEADER, "").encode("utf-8", "surrogatepass")
    return hmac.compare_digest(said, csrf_token(token).encode())


def is_from_elsewhere(request: Request, ways: SignIn) -> bool:
    """Whether a browser says that a page of another origin makes this request. What is no browser says nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return False
    return origin.lower() not in {ways.origin, f"{request.url.scheme}://{request.headers.get('host', '')}".lower()}


def is_asked_by_name(request: Request, ways: SignIn) -> bool:
    """Whether the request names this machine, or what the settings say: a page elsewhere cannot have had its own name
    lead here (DNS rebinding), which matters where nobody has to sign in."""
    named = request.headers.get("host", "").lower()
    try:
        host = urlsplit(f"//{named}").hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost") or (ways.origin and host == urlsplit(ways.origin).hostname):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
