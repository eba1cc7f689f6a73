"""Who a request is from: a token of the settings, of the store or of a session, a browser's cookie, or this machine."""

from __future__ import annotations

import contextlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goflow.domain.roles import Role
from goflow.server.signin import cookies
from goflow.server.signin.settings import SignIn
from goflow.store import DatabaseBusyError, Store, sessions, tokens

if TYPE_CHECKING:
    from starlette.requests import Request

SETTINGS_TOKEN = "api"  # noqa: S105 - how the event log calls who has it
OF_A_TOKEN = "api:"  # noqa: S105 - such callers begin with it
OF_A_USER = "user:"
COMMAND_LINE = "cli"
THIS_MACHINE = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. WHO: as the event log has it; NAME: the user's or token's own, empty for those that have none.

    SESSION_TOKEN: that of the session, if it is one; BY_COOKIE: whether a browser sent it by itself.
    """

    who: str
    role: Role
    name: str = ""
    session_token: str = ""
    by_cookie: bool = False

    @property
    def is_user(self) -> bool:
        """Whether it is somebody who has signed in."""
        return bool(self.session_token)


def of_token(token: str, store: Store, api_token: str, ways: SignIn) -> Caller | None:
    """Whose TOKEN it is; None: it is not good."""
    for known, who in ((api_token, SETTINGS_TOKEN), (ways.own_token, COMMAND_LINE)):
        if known and hmac.compare_digest(token.encode("utf-8", "surrogatepass"), known.encode()):
            return Caller(who=who, role=Role.ADMIN)
    with store.reading() as tx:
        found = tokens.check(tx, token)
    if found is None:
        return of_session(token, store)
    if sessions.is_to_be_noted(found.last_used_at, store.clock.now()):
        with contextlib.suppress(DatabaseBusyError), store.transaction() as tx:
            tokens.check(tx, token)
    return Caller(who=f"{OF_A_TOKEN}{found.name}", role=found.role, name=found.name)


def of_session(token: str, store: Store, *, by_cookie: bool = False) -> Caller | None:
    """Whose session TOKEN is; None: it is over, or never was. A cookie's is good in a cookie alone."""
    with store.reading() as tx:
        found = sessions.find(tx, token)
    if found is None or (found.kind == sessions.BROWSER) is not by_cookie:
        return None
    if sessions.is_to_be_noted(found.last_used_at, store.clock.now()):
        with contextlib.suppress(DatabaseBusyError), store.transaction() as tx:
            sessions.touch(tx, token)
    return Caller(
        who=f"{OF_A_USER}{found.user_name}",
        role=found.role,
        name=found.user_name,
        session_token=token,
        by_cookie=by_cookie,
    )


def of_request(request: Request, store: Store, api_token: str, ways: SignIn, *, is_open: bool) -> Caller | None:
    """Who sends REQUEST; None: nobody that we know. Where IS_OPEN, everybody without a token is this machine."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":  # another one is a proxy's that asks for something of its own
        return of_token(token, store, api_token, ways) if token else None
    cookie = cookies.session_token(request)
    found = of_session(cookie, store, by_cookie=True) if cookie else None
    if found is None and is_open:
        return Caller(who=THIS_MACHINE, role=Role.ADMIN)
    return found
