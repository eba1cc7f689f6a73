"""For the page: a run's tasks in columns, the log of an attempt by its line numbers, and the Job of a launch."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from goflow.domain.runs import UNMAPPED, DagRun, Launch
from goflow.domain.state import RunState
from goflow.logs.contract import Source
from goflow.operators.request import PlanRequest
from goflow.scheduler import marking, why
from goflow.scheduler.namespaces import NamespaceSlots
from goflow.server.rest import naming, shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import page as told_page
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.packed import packed
from goflow.server.rest.page_grid import structure_at
from goflow.server.rest.strict import strict
from goflow.server.rest.tasks import attempts, find
from goflow.server.rest.versions import job_of
from goflow.store import Tx, launches, logs, page, runs, tasks, versions, xcoms

router = APIRouter(tags=["Page"])
BASE = "/goflow/v1/page/dags/{dag_id}/runs/{run_id}"
TASK = BASE + "/tasks/{task_id}"
WINDOW = 5000
"""Lines of one answer."""
Mark = Literal["success", "failed"]
MOST_MATCHES = 10_000
MOST_EXPLAINED = 300
"""Waiting tasks of a run that are explained one by one; of more the page shows states, and asks of single ones."""


@router.get(BASE, response_model=None)
def show_run(
    request: Request, dag_id: str, run_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_page.RunAnswer)]:
    """A run, and its tasks in columns, with the reason of each in words: why it failed, or why it does not run yet."""
    with services.store.reading() as tx:
        run = runs.by_run_id(tx, dag_id, run_id)
        rows = page.instances(tx, run.id)
        known = structure_at(services, tx, run.reading_id)
        waiting = sum(row.state in _WAITING for row in rows)
        words = _waits(services, tx, run) if 0 < waiting <= MOST_EXPLAINED else {}
        number = versions.get(tx, run.version_id).number
    operators, kinds = known.columns["operators"], known.columns["tasks"]["operator"]
    told = {
        "run": shapes.run(run, number),
        "counts": Counter(row.state for row in rows),
        "tasks": {
            "task_id": [row.task_id for row in rows],
            "map_index": [row.map_index for row in rows],
            "label": [row.rendered_map_index for row in rows],
            "state": [row.state for row in rows],
            "try_number": [row.try_number for row in rows],
            "max_tries": [row.max_tries for row in rows],
            "queued_at": [shapes.moment(row.queued_at) for row in rows],
            "start_date": [shapes.moment(row.start_date) for row in rows],
            "end_date": [shapes.moment(row.end_date) for row in rows],
            "next_at": [shapes.moment(row.next_at) for row in rows],
            "reason": [row.reason for row in rows],
            "message": [row.message or words.get((row.task_id, row.map_index)) for row in rows],
            "exit_code": [row.exit_code for row in rows],
            "note": [row.note for row in rows],
            "pool": [row.pool for row in rows],
            "operator": [
                operators[kinds[known.places[row.task_id]]] if row.task_id in known.places else None for row in rows
            ],
        },
    }
    return packed(request, told)


@router.get(BASE + "/mark/{state}", response_model=None)
def show_marked_run(
    request: Request, dag_id: str, run_id: str, state: Mark, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_page.MarkedRun)]:
    """Which task instances would get which state if the run were marked STATE now, and whether it would have that state
    at once; nothing is changed."""
    with services.store.reading() as tx:
        ends, at_once = marking.would_mark_run(tx, dag_id, run_id, RunState(state))
    told = [
        {"dag_run_id": run_id, "task_id": row.task_id, "map_index": row.map_index, "state": row.state, "becomes": new}
        for row, new in ends
    ]
    return packed(request, {"task_instances": told, "total_entries": len(told), "at_once": at_once})


_WAITING = frozenset(
    {"none", "scheduled", "queued", "up_for_retry", "up_for_reschedule", "deferred", "awaiting_input", "restarting"}
)


def _waits(services: Any, tx: Tx, run: DagRun, task_id: str | None = None) -> dict[tuple[str, int], str]:
    slots = NamespaceSlots(services.namespace_slots, services.defaults.namespace)
    found = why.of_run(tx, run, slots, services.parallelism, task_id=task_id)
    return {(row.task_id, row.map_index): words for row, words in found}


@router.get(TASK, response_model=None)
def show_task(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int = UNMAPPED,
) -> Annotated[Response, Is(told_page.TaskAnswer)]:
    """One task instance with its rendered fields, results, attempts and launches."""
    with services.store.reading() as tx:
        run, row = find(tx, dag_id, run_id, task_id, map_index)
        rendered = tasks.rendered(tx, row.id)
        try:
            spec = versions.spec(tx, run.reading_id).task(task_id)
        except KeyError:  # a task that a newer reading no longer has
            spec = None
        reason, message = launches.why_of_run(tx, run.id).get(row.id, ("", ""))
        told = {
            **shapes.task_instance(row, spec),
            "operator": naming.operator_name(spec) if spec else None,
            "reason": reason or None,
            "message": message or None,
            "rendered_fields": rendered if rendered is not None else dict(spec.fields) if spec else {},
            "rendered_map_index": tasks.map_index_label(tx, row.id),
            "xcoms": {
                key: getattr(value, "value", value)
                for key, value in xcoms.of_task(tx, run.id, task_id, map_index).items()
            },
            "attempts": attempts(tx, row.id),
            "launches": [shapes.launch(launch) for launch in launches.of_task(tx, row.id)],
        }
    return packed(request, strict(told))


@router.get(TASK + "/log", response_model=None)
def show_log(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int = UNMAPPED,
    try_number: int = Query(0, ge=0, description="0: the newest"),
) -> Annotated[Response, Is(told_page.LogAnswer)]:
    """What there is of an attempt's log: its launches, how many lines each has, how many of them never came, and
    whether more may come."""
    with services.store.reading() as tx:
        _, row = find(tx, dag_id, run_id, task_id, map_index)
        number = try_number or row.try_number
        parts = [
            {
                **shapes.launch(launch),
                "lines": logs.last_seq(tx, launch.id),
                "missing": logs.missing(tx, launch.id) if launch.ended_at else 0,
            }
            for launch in sorted(launches.of_task(tx, row.id, number), key=lambda launch: launch.ordinal)
        ]
        attempt = tasks.attempt(tx, row.id, number) if number else None
        numbers = [one.try_number for one in tasks.attempts(tx, row.id)]
    ended = attempt is None or attempt.end_date is not None
    told = {"try_number": number, "tries": numbers, "parts": parts, "ended": ended}
    told["message"] = attempt.message if attempt else None
    return packed(request, told)


@router.get(TASK + "/log/text")
def download_log(
    dag_id: str,
    run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int = UNMAPPED,
    try_number: int = Query(0, ge=0, description="0: the newest"),
) -> StreamingResponse:
    """The whole log of an attempt as a text file."""
    with services.store.reading() as tx:
        _, row = find(tx, dag_id, run_id, task_id, map_index)
        number = try_number or row.try_number
        its = sorted(launches.of_task(tx, row.id, number), key=lambda one: one.ordinal)

    def text() -> Iterator[str]:
        for launch in its:
            after, full = 0, True
            while full:
                rows = services.logs.rows(Source.of(launch, row), after=after, limit=WINDOW)
                yield "".join(f"{line.text}\n" for line in rows)
                full = len(rows) == WINDOW
                after = rows[-1].seq if rows else after

    name = re.sub(r"[^\w.-]+", "_", f"{dag_id}-{task_id}-{number}").encode("ascii", "replace").decode()
    headers = {"Content-Disposition": f'attachment; filename="{name.replace("?", "_")}.log"'}
    return StreamingResponse(text(), media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/goflow/v1/page/launches/{launch_id}/lines", response_model=None)
def show_lines(
    request: Request,
    launch_id: str,
    services: ServicesDep,
    caller: CallerDep,
    after: int = Query(0, ge=0),
    limit: int = Query(1000, ge=1, le=WINDOW),
) -> Annotated[Response, Is(told_page.LinesAnswer)]:
    """Lines of a launch by number, those after AFTER: the page may look anywhere in a million of them."""
    with services.store.reading() as tx:
        launch, instance = launches.with_task(tx, launch_id)
        last = logs.last_seq(tx, launch_id)
    found = services.logs.rows(Source.of(launch, instance), after=after, limit=limit)
    rows = [row for row in found if row.seq <= after + limit]
    told = {
        "seq": [row.seq for row in rows],
        "at": [row.at for row in rows],
        "stream": [row.stream for row in rows],
        "text": [row.text for row in rows],
        "last": last,
    }
    return packed(request, told)


@router.get("/goflow/v1/page/launches/{launch_id}/matches", response_model=None)
def search_lines(
    request: Request,
    launch_id: str,
    services: ServicesDep,
    caller: CallerDep,
    q: str = Query(min_length=1, max_length=500),
    after: int = Query(0, ge=0),
) -> Annotated[Response, Is(told_page.MatchesAnswer)]:
    """The numbers of the lines of a launch that hold Q, upper and lower case alike, of those after AFTER; LAST is the
    number of the last line that was looked at, so that who waits for more need not have all looked at again."""
    with services.store.reading() as tx:
        launches.get(tx, launch_id)
        last = logs.last_seq(tx, launch_id)
        found = page.log_matches(tx, launch_id, q, MOST_MATCHES, after=after)
    cut = len(found) == MOST_MATCHES
    return packed(request, {"seq": found, "cut": cut, "last": found[-1] if cut else last})


@router.get("/goflow/v1/page/launches/{launch_id}/job", response_model=None)
def show_job(
    request: Request, launch_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_page.JobAnswer)]:
    """The Job that a launch is, as it is made from the version that its run is pinned to; or why there is none."""
    with services.store.reading() as tx:
        launch, instance = launches.with_task(tx, launch_id)
        run = runs.get(tx, instance.dag_run_id)
        spec = versions.spec(tx, run.reading_id)
    try:
        task = spec.task(instance.task_id)
    except KeyError:
        return packed(request, {"job": None, "reason": "the version that the run goes on with has no such task"})
    asked = PlanRequest(dag=spec, task=task, run=run, instance=instance, launch=launch, defaults=services.defaults)
    job, reason = job_of(services, asked)
    if job is None:
        return packed(request, {"job": None, "reason": reason})
    return packed(request, {"job": strict(job), "reason": _as_process(launch)})


def _as_process(launch: Launch) -> str | None:
    if launch.backend == "local":
        return "it ran as a process of this machine; this is the Job that it would be in a cluster"
    return None


@router.get(TASK + "/waits", response_model=None)
def show_waits(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int = UNMAPPED,
) -> Annotated[Response, Is(told_page.WaitsAnswer)]:
    """Why a task instance does not run yet, in words; None when it runs or has ended."""
    with services.store.reading() as tx:
        run = runs.by_run_id(tx, dag_id, run_id)
        words = _waits(services, tx, run, task_id)
    return packed(request, {"waits_for": words.get((task_id, map_index))})
