"""For the page: one DAG's calendar, durations, versions and events."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from goflow.domain.errors import InvalidRequestError
from goflow.domain.moments import zone_info
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec, Schedule
from goflow.domain.state import RunState
from goflow.scheduler.timetables import Restriction, ScheduleError, is_periodic, next_run, restriction_of
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import files as told_files
from goflow.server.rest.answers import page as told_page
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.packed import packed
from goflow.server.rest.page_grid import BASE, structure_at
from goflow.server.structure import operator_names
from goflow.store import Tx, dags, events, job_files, page, questions, versions
from goflow.store.rows import Dag

router = APIRouter(tags=["Page"])
MOST_FORETOLD = 10_000
"""Moments of a schedule that one calendar is held against: a year of a DAG that runs every hour. One that runs every
minute has more in a week, and is held against none."""
MOST_OF_DAY = 500
"""Runs that are told of one day."""
LONGEST_INTERVAL = dt.timedelta(days=32)
"""How far before the moment when it is due a run's logical date may lie, to be found: a monthly schedule's."""
AHEAD = dt.timedelta(days=62)
"""How far ahead runs to come are told."""
_LETTER = {RunState.QUEUED: "q", RunState.RUNNING: "r", RunState.SUCCESS: "S", RunState.FAILED: "F"}


@router.get(BASE, response_model=None)
def show_dag(
    request: Request, dag_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_page.DagOfPage)]:
    """A DAG with its meaning but for its tasks, what the reader found in its file, and what code of its author's own
    does not answer."""
    with services.store.reading() as tx:
        row = dags.get(tx, dag_id)
        told = {
            "dag_id": row.dag_id,
            "dag_display_name": row.name,
            "description": row.description,
            "is_paused": row.is_paused,
            "is_stale": not row.is_active,
            "owners": row.owners,
            "tags": row.tags,
            "schedule": shapes.schedule_words(Schedule.from_json(row.schedule)),
            "next_run_after": shapes.moment(row.next_run_after),
            "next_logical_date": shapes.moment(row.next_logical_date),
            "max_active_runs": row.max_active_runs,
            "max_active_tasks": row.max_active_tasks,
            "last_updated_date": shapes.moment(row.last_updated_date),
            "version": row.version,
            "file_path": row.file_path,
            "kept_in": job_files.place_of(row.file_path),
            "file_format": row.file_format.value,
            "dialect": row.dialect.value,
            "hold_reason": row.hold_reason,
            "task_count": row.task_count,
            "spec": structure_at(services, tx, row.reading_id).head,
            "diagnostics": [found.to_json() for found in versions.reading(tx, row.reading_id).diagnostics],
            "problems": [shapes.problem(question) for question in questions.problems(tx, dag_id)],
        }
    return packed(request, told)


@router.get(BASE + "/tasks", response_model=None)
def show_tasks(
    request: Request, dag_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_page.DagTasks)]:
    """What each task of a DAG says of itself, in columns and in the file's order."""
    with services.store.reading() as tx:
        document: dict[str, Any] = versions.spec_json(tx, dags.get(tx, dag_id).reading_id)
    tasks: list[dict[str, Any]] = document.get("tasks", [])
    told = {
        "task_id": [task["task_id"] for task in tasks],
        "operator": operator_names(tasks),
        "upstream": [task.get("upstream", []) for task in tasks],
        "trigger_rule": [task.get("trigger_rule", "all_success") for task in tasks],
        "retries": [task.get("retries", 0) for task in tasks],
        "line": [task.get("line", 0) for task in tasks],
    }
    return packed(request, told)


@router.get(BASE + "/calendar", response_model=None)
def show_calendar(
    request: Request, dag_id: str, services: ServicesDep, caller: CallerDep, year: int = Query(0, ge=0, le=9998)
) -> Annotated[Response, Is(told_page.CalendarAnswer)]:
    """The days of a year by the clocks of the DAG's zone (default: this year), each with how many runs stand for it by
    state, how many of its schedule's were missed, and how many are still to come."""
    now = services.store.clock.now()
    with services.store.reading() as tx:
        row = dags.get(tx, dag_id)
        spec = versions.spec(tx, row.reading_id)
        zone = zone_info(spec.timezone)
        year = year or now.astimezone(zone).year
        first, last = (dt.datetime(one, 1, 1, tzinfo=zone).astimezone(dt.UTC) for one in (year, year + 1))
        counted: dict[str, Counter[str]] = {}
        for found in page.days(tx, dag_id, first, last):
            day = found.moment.astimezone(zone).date().isoformat()
            counted.setdefault(day, Counter())[_LETTER[RunState(found.status)]] += 1
        foretold = _foretold(tx, row, spec, first, last, now)
    for moment in foretold or ():
        day = moment.astimezone(zone).date().isoformat()
        counted.setdefault(day, Counter())["p" if moment > now else "m"] += 1
    told = {"year": year, "timezone": spec.timezone, "days": counted, "foretold": foretold is not None}
    return packed(request, told)


@router.get(BASE + "/calendar/{day}", response_model=None)
def show_day(
    request: Request, dag_id: str, day: dt.date, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_page.DayAnswer)]:
    """The runs that stand for one day of the calendar, the newest first, and the moments of it without one: those that
    were missed, and those to come."""
    now = services.store.clock.now()
    with services.store.reading() as tx:
        row = dags.get(tx, dag_id)
        spec = versions.spec(tx, row.reading_id)
        zone = zone_info(spec.timezone)
        midnight = dt.datetime.combine(day, dt.time(), tzinfo=zone)
        next_midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=zone)
        first, last = midnight.astimezone(dt.UTC), next_midnight.astimezone(dt.UTC)
        found = page.runs_between(tx, dag_id, first, last, MOST_OF_DAY)
        # A run to come stands where it is due, which may be long behind its logical date.
        near = _foretold(tx, row, spec, first - LONGEST_INTERVAL, last, now) or ()
    foretold = [moment for moment in near if first <= moment < last]
    told = {
        "day": day.isoformat(),
        "timezone": spec.timezone,
        "runs": [
            {"run_id": run.run_id, "state": run.status, "moment": shapes.moment(run.moment)}
            | {"start_date": shapes.moment(run.start_date), "end_date": shapes.moment(run.end_date)}
            for run in found
        ],
        "missed": [shapes.moment(moment) for moment in foretold if moment <= now],
        "planned": [shapes.moment(moment) for moment in foretold if moment > now],
    }
    return packed(request, told)


def _foretold(
    tx: Tx, row: Dag, spec: DagSpec, first: dt.datetime, last: dt.datetime, now: dt.datetime
) -> list[dt.datetime] | None:
    """Moments of the schedule in that range that have no run: since the DAG is known, those that have passed were
    missed; the others are to come. None: there are too many of them, or only the author's own code knows them."""
    if not is_periodic(spec.schedule) or asks_its_author(spec.schedule):
        return [] if spec.schedule.kind in {"none", "once"} else None
    given = restriction_of(spec, now)
    begin = max([first, row.created_date - LONGEST_INTERVAL, *([given.earliest] if given.earliest else [])])
    end = min([last, now + AHEAD, *([given.latest] if given.latest else [])])
    bounds = Restriction(begin, end, catchup=True)
    found: list[dt.datetime] = []
    try:
        info = next_run(spec.schedule, None, bounds, now, spec.dialect)
        looked_at = 0
        while info is not None and info.logical_date is not None and info.logical_date < end:
            looked_at += 1
            if looked_at > MOST_FORETOLD:
                return None
            if info.run_after > row.created_date:
                # What is not due yet is not missed: it is to come, whatever its logical date.
                found.append(info.logical_date if info.run_after <= now else max(info.run_after, info.logical_date))
            info = next_run(spec.schedule, info, bounds, now, spec.dialect)
    except ScheduleError:
        return None
    there = page.moments(tx, row.dag_id, first, last)
    return [moment for moment in found if moment not in there and not (row.is_paused and moment > now)]


@router.get(BASE + "/durations", response_model=None)
def show_durations(
    request: Request,
    dag_id: str,
    services: ServicesDep,
    caller: CallerDep,
    task_id: str | None = None,
    limit: int = Query(200, ge=1, le=2000),
) -> Annotated[Response, Is(told_page.DurationsAnswer)]:
    """How long the newest runs of a DAG took, or the newest instances of one of its tasks; the oldest of them first.
    Seconds; ``waited`` is from when it was queued until it began."""
    with services.store.reading() as tx:
        dags.get(tx, dag_id)
        rows: Any = page.task_durations(tx, dag_id, task_id, limit) if task_id else page.durations(tx, dag_id, limit)
    rows = list(rows)[::-1]
    now = services.store.clock.now()
    told = {
        "run_id": [row.run_id for row in rows],
        "state": [row.state if task_id else row.status for row in rows],
        "start_date": [shapes.moment(row.start_date) for row in rows],
        "seconds": [((row.end_date or now) - row.start_date).total_seconds() for row in rows],
        "waited": [(row.start_date - row.queued_at).total_seconds() if row.queued_at else None for row in rows],
        "map_index": [row.map_index for row in rows] if task_id else [],
    }
    return packed(request, told)


@router.get(BASE + "/versions", response_model=None)
def list_versions(
    request: Request, dag_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_files.UsedVersions)]:
    """Every version, the newest first: its file hash, whether it means the same as the one before, and its runs."""
    with services.store.reading() as tx:
        dags.get(tx, dag_id)
        uses = page.uses_of_versions(tx, dag_id)
        rows = versions.list_(tx, dag_id)
        readings = {row.id: versions.readings(tx, row.id) for row in rows}
    told = []
    before = None
    for row in rows:
        use, digest = uses.get(row.id), readings[row.id][-1].spec_digest
        told.append(
            {
                **shapes.version(row, readings[row.id]),
                "same_meaning": digest == before,
                "runs": use.runs if use else 0,
                "first_run": shapes.moment(use.first) if use else None,
                "last_run": shapes.moment(use.last) if use else None,
            }
        )
        before = digest
    return packed(request, {"versions": told[::-1]})


@router.get("/goflow/v1/page/events", response_model=None)
def list_events(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    dag_id: str | None = None,
    before: int | None = Query(None, ge=1, description="only events with a lower number"),
    kind: Annotated[list[str] | None, Query(description="what their names begin with: run., task.")] = None,
    limit: int = Query(200, ge=1, le=1000),
) -> Annotated[Response, Is(told_page.PageEvents)]:
    """The newest events, of all DAGs or of one, of all kinds or of some, the newest first."""
    with services.store.reading() as tx:
        found = events.before(tx, before, limit=limit, dag_id=dag_id, kinds=kind or ())
    return packed(request, {"events": [shapes.event(row) for row in found], "more": len(found) == limit})


@router.get("/goflow/v1/page/search", response_model=None)
def search(
    request: Request, services: ServicesDep, caller: CallerDep, q: str = Query(min_length=1)
) -> Annotated[Response, Is(told_page.SearchAnswer)]:
    """DAGs whose id or name holds Q, and the newest runs whose id does."""
    if len(q) > 200:
        raise InvalidRequestError("what is searched for is too long")
    with services.store.reading() as tx:
        known = dags.list_(tx, search=q, limit=20)
        found = page.runs_matching(tx, q, 10) if len(q) >= 4 else ()
    told = {
        "dags": [{"dag_id": row.dag_id, "name": row.name} for row in known],
        "runs": [{"dag_id": row.dag_id, "run_id": row.run_id, "state": row.status} for row in found],
    }
    return packed(request, told)
