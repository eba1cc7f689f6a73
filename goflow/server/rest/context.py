"""What every handler has at hand: the store, the caller, and the daemon's parts that answer for health and render."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from pydantic import AfterValidator, Field

from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.store import Store, tokens


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


UtcMoment = Annotated[dt.datetime, AfterValidator(_utc)]
"""A moment, in UTC where it names no zone."""
Note = Annotated[str | None, Field(max_length=1000)]
"""A person's note to a run or a task, as long as Airflow allows."""
Check = Callable[[], str | None]
"""Says why something is not ready, in words; None when it is."""


@dataclass(frozen=True, slots=True)
class Services:
    """The rooms below, as far as REST needs them. OPEN: no token is asked for (loopback only)."""

    store: Store
    defaults: Defaults
    site: Site
    api_token: str = field(default="", repr=False)
    open: bool = False
    checks: dict[str, Check] = field(default_factory=dict)
    words: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    """What ``/readyz?verbose`` tells besides."""
    status: Callable[[], dict[str, Any]] = dict
    parallelism: int = 0
    namespace_slots: Mapping[str, int] = field(default_factory=dict)


def services_of(request: Request) -> Services:
    """The application's services."""
    found: Services = request.app.state.services
    return found


ServicesDep = Annotated[Services, Depends(services_of)]


def caller(request: Request, services: ServicesDep) -> str:
    """Who asks, for the event log. 401 without a good token, unless this listener is open."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        import hmac

        if services.api_token and hmac.compare_digest(token.encode(), services.api_token.encode()):
            return "api"
        with services.store.reading() as tx:
            known = tokens.check(tx, token)
        if known is not None:
            return f"api:{known.name}"
    elif services.open:
        return "local"
    raise HTTPException(401, "a valid API token is needed: Authorization: Bearer TOKEN (goflow tokens create NAME)")


CallerDep = Annotated[str, Depends(caller)]
