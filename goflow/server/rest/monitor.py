"""How the server itself fares, in Airflow's words: health, jobs, version; and what of an Airflow GoFlow has not."""

from __future__ import annotations

import socket
from typing import Annotated, Any

from fastapi import APIRouter, Query

from goflow import __version__
from goflow.domain.errors import InvalidRequestError
from goflow.server.rest import naming, shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import server as told_server
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.server.rest.paging import Bound, Paging, PagingQuery
from goflow.store import Tx, leases, members, triggers
from goflow.store.errors import DatabaseBusyError

router = APIRouter()
AIRFLOW = "3.3.2"
"""The release of Airflow whose REST API this is."""
_PARTS = {"scheduler": "SchedulerJob", "importer": "DagProcessorJob"}
"""A daemon's parts, and Airflow's job of that kind."""


@router.get("/api/v2/monitor/health", tags=["Monitor"])
def get_health(services: ServicesDep) -> Annotated[shapes.Body, Is(told_server.HealthInfoResponse)]:
    """Whether the parts that Airflow has are healthy here. Anybody may ask, as in Airflow."""
    away = False
    heard = None
    runners: list[Any] = []
    try:
        with services.store.reading() as tx:
            heard = shapes.moment(tx.now())
            runners = triggers.runners(tx)
    except DatabaseBusyError:
        away = True
    scheduler, importer = _ready(services, "scheduler"), _ready(services, "importer")
    seen = max((runner.seen_at for runner in runners if runner.seen_at), default=None)
    waits = services.checks.get("trigger runners")
    triggerer = None if waits is None else "healthy" if waits() is None else "unhealthy"
    return {
        "metadatabase": {"status": "unhealthy" if away else "healthy"},
        "scheduler": {"status": scheduler, "latest_scheduler_heartbeat": heard if scheduler == "healthy" else None},
        "triggerer": {
            "status": triggerer,
            "latest_triggerer_heartbeat": shapes.moment(seen) or (heard if triggerer == "healthy" else None),
        },
        "dag_processor": {
            "status": importer,
            "latest_dag_processor_heartbeat": heard if importer == "healthy" else None,
        },
    }


def _ready(services: Services, part: str) -> str:
    check = services.checks.get(part)
    return "healthy" if check is None or check() is None else "unhealthy"


@router.get("/api/v2/version", tags=["Version"])
def get_version() -> Annotated[dict[str, str | None], Is(told_server.VersionInfo)]:
    """The version of Airflow whose API this is, and GoFlow's own."""
    return {"version": AIRFLOW, "git_version": None, "product": "goflow", "goflow_version": __version__}


class JobQuery(Paging):
    """Jobs by all that Airflow's list knows."""

    is_alive: bool | None = None
    job_state: str | None = None
    job_type: str | None = None
    hostname: str | None = None
    executor_class: str | None = None
    start_date_gte: Bound = None
    start_date_gt: Bound = None
    start_date_lte: Bound = None
    start_date_lt: Bound = None
    end_date_gte: Bound = None
    end_date_gt: Bound = None
    end_date_lte: Bound = None
    end_date_lt: Bound = None


_JOB_FIELDS = frozenset(
    {
        *("id", "dag_id", "state", "job_type", "start_date", "end_date"),
        *("latest_heartbeat", "executor_class", "hostname", "unixname"),
    }
)


@router.get("/api/v2/jobs", tags=["Job"])
def get_jobs(
    query: Annotated[JobQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_server.JobCollectionResponse)]:
    """What Airflow calls jobs: the scheduler and the importer of each daemon that is there, and trigger runners."""
    with services.store.reading() as tx:
        found = [row for row in _jobs(tx, services) if _fits(row, query)]
    for name in reversed(query.order_by):
        field = name.lstrip("-")
        if field not in _JOB_FIELDS:
            words = f"Ordering with '{field}' is disallowed or the attribute does not exist on the model"
            raise InvalidRequestError(words)
        found.sort(key=lambda row: (row[field] is None, row[field] or ""), reverse=name.startswith("-"))
    page = query.page()
    return {"jobs": found[page.offset :][: page.limit], "total_entries": len(found)}


def _jobs(tx: Tx, services: Services) -> list[shapes.Body]:
    """JobResponse of each. A daemon that shares its database with nobody is in no list of members: it is this one."""
    found = []
    daemons = members.all_(tx)
    if not daemons and services.checks:
        at = (services.started_at, tx.now(), socket.gethostname(), None)
        found += [_job(kind, kind, *at) for kind in _PARTS.values()]
    holders = {lease.name: lease.holder for lease in leases.all_(tx)}
    for daemon in daemons:
        for part, kind in _PARTS.items():
            if holders.get(part) in {None, daemon.id}:
                found.append(
                    _job(f"{daemon.id} {kind}", kind, daemon.started_at, tx.now(), daemon.name, daemon.backend)
                )
    for runner in triggers.runners(tx):
        found.append(_job(runner.id, "TriggererJob", runner.created_at, runner.seen_at, runner.id, None))
    return found


def _job(key: str, kind: str, since: Any, seen: Any, host: str, backend: str | None) -> shapes.Body:
    return {
        "id": naming.path_number(key) % 2**31,
        "dag_id": None,
        "state": "running",
        "job_type": kind,
        "start_date": shapes.moment(since),
        "end_date": None,
        "latest_heartbeat": shapes.moment(seen),
        "executor_class": backend,
        "hostname": host,
        "unixname": naming.unix_name(),
        "dag_display_name": None,
    }


def _fits(row: shapes.Body, query: JobQuery) -> bool:
    since = row["start_date"]
    bounds = (
        (query.start_date_gte, since >= (shapes.moment(query.start_date_gte) or "")),
        (query.start_date_gt, since > (shapes.moment(query.start_date_gt) or "")),
        (query.start_date_lte, since <= (shapes.moment(query.start_date_lte) or "")),
        (query.start_date_lt, since < (shapes.moment(query.start_date_lt) or "")),
    )
    return (
        query.is_alive is not False
        and query.job_state in {None, row["state"]}
        and query.job_type in {None, row["job_type"]}
        and query.hostname in {None, row["hostname"]}
        and query.executor_class in {None, row["executor_class"]}
        and all(holds for bound, holds in bounds if bound is not None)
    )


@router.get("/api/v2/plugins", tags=["Plugin"])
def get_plugins(
    query: PagingQuery, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_server.PluginCollectionResponse)]:
    """None: the daemon runs nobody's code."""
    return {"plugins": [], "total_entries": 0}


@router.get("/api/v2/plugins/importErrors", tags=["Plugin"])
def import_errors(
    services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_server.PluginImportErrorCollectionResponse)]:
    """None, therefore."""
    return {"import_errors": [], "total_entries": 0}


@router.get("/api/v2/providers", tags=["Provider"])
def get_providers(
    query: PagingQuery, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_server.ProviderCollectionResponse)]:
    """None: providers are in the images of tasks; what GoFlow knows of their operators stands in its catalogue."""
    return {"providers": [], "total_entries": 0}
