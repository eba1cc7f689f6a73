"""For the page: the list of DAGs, the strips of their last runs, and what the start page says."""

from __future__ import annotations

import datetime as dt
import functools
import platform
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from goflow import __version__
from goflow.domain.spec import Schedule
from goflow.server.figures import figures
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import page as told_page
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.server.rest.packed import packed
from goflow.server.rest.page_grid import run_columns
from goflow.store import Tx, cronjobs, hitl, import_errors, migrate, page
from goflow.store.columns import loads

router = APIRouter(tags=["Page"])
LATE_AFTER_S = 60.0
"""Seconds after which a run that should have been made and was not is told as late."""
STRIP = 14
"""Runs of a strip."""
SCREEN = 25
"""DAGs whose strips come with the list: those that are shown first (`ui/src/views/dags/Dags.tsx` asks for as many)."""


@router.get("/goflow/v1/page/dags", response_model=None)
def list_dags(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    strips: Annotated[int, Query(ge=0, le=100, description="how many DAGs come with their strips")] = SCREEN,
) -> Annotated[Response, Is(told_page.DagColumns)]:
    """All DAGs in force by id, in columns, with the state of the newest run of each, and the strips of the first."""
    with services.store.reading() as tx:
        rows = page.listed(tx)
        first = _strips(page.strips(tx, [row.dag_id for row in rows[:strips]], STRIP))
        kinds = {dag_id: "placed" if placed else "watched" for dag_id, placed in cronjobs.placed_by_dag(tx).items()}
    told = {**_columns(rows), "cronjob": [kinds.get(row.dag_id) for row in rows], "strips": first}
    return packed(request, told)


def _columns(rows: Sequence[Any]) -> shapes.Body:
    return {
        "dag_id": [row.dag_id for row in rows],
        "name": [row.name for row in rows],
        "description": [row.description for row in rows],
        "is_paused": [row.is_paused for row in rows],
        "schedule": [_schedule(row.schedule) for row in rows],
        "next": [shapes.moment(row.next_run_after) for row in rows],
        "tags": [_texts(row.tags) for row in rows],
        "owners": [_texts(row.owners) for row in rows],
        "tasks": [row.task_count for row in rows],
        "namespace": [row.namespace for row in rows],
        "file_path": [row.file_path for row in rows],
        "version": [row.version for row in rows],
        "hold_reason": [row.hold_reason for row in rows],
        "last": [row.last for row in rows],
    }


@functools.lru_cache(maxsize=1024)
def _schedule(text: str) -> str:
    return shapes.schedule_words(Schedule.from_json(loads(text)))


@functools.lru_cache(maxsize=1024)
def _texts(text: str) -> tuple[str, ...]:
    return tuple(loads(text))


@router.get("/goflow/v1/page/strips", response_model=None)
def list_strips(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    dag_id: Annotated[list[str], Query(max_length=100)],
    runs: int = Query(STRIP, ge=1, le=100),
) -> Annotated[Response, Is(told_page.StripsAnswer)]:
    """The newest runs of some DAGs, the oldest of them first: run, state, begin and end of each."""
    with services.store.reading() as tx:
        found = page.strips(tx, dag_id, runs)
    return packed(request, {"strips": _strips(found)})


def _strips(found: Mapping[str, Sequence[Any]]) -> shapes.Body:
    return {
        name: [
            [row.run_id, row.status, *map(shapes.moment, (row.start_date, row.end_date, row.run_after))] for row in rows
        ]
        for name, rows in found.items()
    }


@router.get("/goflow/v1/page/home", response_model=None)
def show_home(
    request: Request, services: ServicesDep, caller: CallerDep, hours: int = Query(24, ge=1, le=24 * 31)
) -> Annotated[Response, Is(told_page.HomeAnswer)]:
    """What failed in the last HOURS, what is late, what runs now, what comes next, and whether the server is well."""
    now = services.store.clock.now()
    since = now - dt.timedelta(hours=hours)
    with services.store.reading() as tx:
        active, paused = page.count_dags(tx)
        told = {
            "now": shapes.moment(now),
            "dags": {"active": active, "paused": paused},
            "ended": page.count_ended(tx, since),
            "open": page.count_open(tx),
            "tasks": page.count_waiting_tasks(tx),
            "failed": run_columns(page.failed_runs(tx, since, 50)),
            "running": run_columns(page.open_runs(tx, 50)),
            "late": _late(tx, now, since),
            "next": _next(tx, now),
            "held": [{"dag_id": row.dag_id, "reason": row.hold_reason} for row in page.held(tx)],
            "questions": hitl.count(tx, answered=False),
            "import_errors": import_errors.count(tx),
        }
    return packed(request, {**told, "health": health(services)})


def _late(tx: Tx, now: dt.datetime, since: dt.datetime) -> shapes.Body:
    overdue = [row for row in page.next_runs(tx, 50) if (now - row.next_run_after).total_seconds() > LATE_AFTER_S]
    return {
        "overdue": [{"dag_id": row.dag_id, "since": shapes.moment(row.next_run_after)} for row in overdue],
        "deadlines": [
            {
                "dag_id": row.dag_id,
                "run_id": row.run_id,
                "deadline_time": shapes.moment(row.deadline_time),
                "name": row.name,
            }
            for row in page.missed_deadlines(tx, since, 50)
        ],
        "slas": [
            {
                "dag_id": row.dag_id,
                "task_id": row.task_id,
                "logical_date": shapes.moment(row.logical_date),
                "missed_at": shapes.moment(row.missed_at),
            }
            for row in page.missed_slas(tx, since, 50)
        ],
    }


def _next(tx: Tx, now: dt.datetime) -> list[shapes.Body]:
    return [
        {
            "dag_id": row.dag_id,
            "run_after": shapes.moment(row.next_run_after),
            "logical_date": shapes.moment(row.next_logical_date),
        }
        for row in page.next_runs(tx, 12)
    ]


def health(services: Services) -> list[dict[str, Any]]:
    """Each part of the daemon, what is wrong with it (None: nothing), and what is waited for."""
    parts = [{"part": name, "problem": check()} for name, check in services.checks.items()]
    waits = [{"part": "waits", "problem": str(wait)} for wait in services.store.waits.told()]
    return parts + waits


@router.get("/goflow/v1/page/health", response_model=None)
def show_health(
    request: Request, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_page.HealthAnswer)]:
    """How the server itself fares: its parts, what waits, its process."""
    with services.store.reading() as tx:
        counted = {
            "launches": page.count_unfinished_launches(tx),
            "tasks": page.count_waiting_tasks(tx),
            "runs": page.count_open(tx),
        }
        version = page.database_version(tx)
    told: dict[str, Any] = {
        "parts": health(services),
        "counts": counted,
        "process": _process(),
        "status": services.status(),
    }
    told["versions"] = {"GoFlow": __version__, "Python": platform.python_version(), **_database(services, version)}
    told["figures"] = figures()
    told["words"] = {name: words() for name, words in services.words.items()}
    return packed(request, told)


def _database(services: Services, version: str) -> dict[str, str]:
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[services.store.dialect]
    return {name: version, "Schema": migrate.HEAD}


def _process() -> shapes.Body:
    import threading

    import psutil

    own = psutil.Process()
    with own.oneshot():
        return {
            "pid": own.pid,
            "rss_bytes": own.memory_info().rss,
            "cpu_seconds": sum(own.cpu_times()[:2]),
            "threads": threading.active_count(),
            "started": shapes.moment(dt.datetime.fromtimestamp(own.create_time(), dt.UTC)),
        }
