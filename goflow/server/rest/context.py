"""What every handler has at hand: the store, the caller, and the daemon's parts that answer for health and render."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, HTTPException, Request
from pydantic import AfterValidator, Field

from goflow.domain.runs import Launch
from goflow.jobfiles import JobFileDesk
from goflow.logs.reading import LogReader
from goflow.notify.desk import AlertDesk
from goflow.operators.manifest import Site
from goflow.operators.plan import JobPlan
from goflow.operators.request import Defaults
from goflow.server.signin import callers, cookies, roles
from goflow.server.signin.callers import Caller
from goflow.server.signin.settings import SignIn
from goflow.server.structure import Structure
from goflow.store import Store
from goflow.store.cache import Cache

if TYPE_CHECKING:
    from goflow.domain.kube_events import KubeEvent


def _utc(moment: dt.datetime) -> dt.datetime:
    try:
        return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except OverflowError:
        raise ValueError("a moment that no calendar has in UTC") from None


UtcMoment = Annotated[dt.datetime, AfterValidator(_utc)]
"""A moment, in UTC where it names no zone."""
Note = Annotated[str | None, Field(max_length=1000)]
"""A person's note to a run or a task, as long as Airflow allows."""
Check = Callable[[], str | None]
"""Says why something is not ready, in words; None when it is."""
NOBODY = "a valid API token is needed: Authorization: Bearer TOKEN (goflow tokens create NAME), or a sign-in"
OPEN_TO_THIS_MACHINE = "nobody has to sign in here, so it answers as localhost alone, or as what public_url says"


@dataclass(frozen=True)
class Services:
    """The rooms below, as far as REST needs them. OPEN: no token is asked for (loopback only)."""

    store: Store
    defaults: Defaults
    site: Site
    api_token: str = field(default="", repr=False)
    open: bool = False
    sign_in: SignIn = field(default_factory=SignIn)
    checks: dict[str, Check] = field(default_factory=dict)
    words: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    """What ``/readyz?verbose`` tells besides."""
    status: Callable[[], dict[str, Any]] = dict
    parallelism: int = 0
    namespace_slots: Mapping[str, int] = field(default_factory=dict)
    config: Mapping[str, Mapping[str, str]] | None = None
    """Settings that are shown, by section and name; None: none are."""
    external_log_url: str = ""
    """Where people find an attempt's log elsewhere, with names in braces; empty: nowhere."""
    dag_folder: str = ""
    """Where the DAG files lie on the server."""
    started_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    structures: Cache[int, Structure] = field(default_factory=lambda: Cache(32))
    """What the page draws, by reading: it never changes."""
    log_reader: LogReader | None = None
    alerts: AlertDesk | None = None
    """What is asked of alerts; None: nothing is, in the tests of other routes."""
    job_files: JobFileDesk | None = None
    """Where native DAG files are written; None: nowhere."""
    try_job: Callable[[JobPlan], str | None] | None = None
    """Asks the API server whether it would take a Job, and says why not; None: Jobs are processes here."""
    kube_events: Callable[[Launch], Sequence[KubeEvent]] | None = None
    """Asks the API server what has happened to a launch's Job and pods; None: Jobs are processes here."""

    @functools.cached_property
    def logs(self) -> LogReader:
        """Where logs are read."""
        return self.log_reader or LogReader(self.store)


def services_of(request: Request) -> Services:
    """The application's services."""
    found: Services = request.app.state.services
    return found


ServicesDep = Annotated[Services, Depends(services_of)]


def guard(request: Request, services: ServicesDep) -> Caller | None:
    """Who asks, when they may: asked for every request (`goflow.server.signin.roles` says what takes which role). None
    where that is nobody's business. 401 for nobody that we know, 403 for who may not."""
    needed = roles.needed(request.method, request.scope["route"].path)
    if needed is None:
        return None
    ways = services.sign_in
    if services.open and not cookies.is_asked_by_name(request, ways):
        raise HTTPException(403, OPEN_TO_THIS_MACHINE)
    found = callers.of_request(request, services.store, services.api_token, ways, is_open=services.open)
    if found is None:
        raise HTTPException(401, NOBODY, {"WWW-Authenticate": "Bearer"})
    if request.method not in roles.READ:
        refuse_forged(request, found, ways)
    if not found.role.includes(needed):
        raise HTTPException(403, f"{found.name or found.who} is {found.role}, and this takes {needed}")
    return found


def refuse_forged(request: Request, caller: Caller, ways: SignIn) -> None:
    """403 for a change that a page of others has made the caller's browser ask for."""
    if not caller.by_cookie and caller.who != callers.THIS_MACHINE:
        return  # a token was said on purpose
    if cookies.is_from_elsewhere(request, ways):
        raise HTTPException(403, "a page of another site asks for this")
    if caller.by_cookie and not cookies.said_csrf(request.headers, caller.session_token):
        raise HTTPException(403, f"the header {cookies.CSRF_HEADER} is missing or another session's")


def asked_by(found: Annotated[Caller | None, Depends(guard)]) -> Caller:
    """Who asks, of a route that takes a role."""
    if found is None:
        raise HTTPException(401, NOBODY, {"WWW-Authenticate": "Bearer"})
    return found


AskedByDep = Annotated[Caller, Depends(asked_by)]
"""Who asks, with their role."""


def caller(found: AskedByDep) -> str:
    """Who asks, for the event log."""
    return found.who


CallerDep = Annotated[str, Depends(caller)]
