"""The log of an attempt: as Airflow's route tells it, as GoFlow's own does, and as plain text."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import StreamingResponse

from goflow.domain.errors import NotFoundError
from goflow.domain.runs import UNMAPPED
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.answers import tasks as told_tasks
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.server.rest.paging import MapIndex, PathNumber
from goflow.server.rest.strict import strict
from goflow.server.rest.tasks import ONE, find
from goflow.store import launches, tasks

router = APIRouter(tags=["Task Instance"])
OWN = ONE.replace("/api/v2/", "/goflow/v1/")
LOG_PAGE = 5000
"""Lines of one answer at most."""
NDJSON = "application/x-ndjson"
TOKEN_HEADER = "Airflow-Continuation-Token"  # noqa: S105 - the name of a header


@router.get(ONE + "/logs/{try_number}", response_model=None)
def get_log(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: PathNumber,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
    full_content: bool = False,
    token: Annotated[str | None, Query(description="continuation_token of the last answer: what came after it")] = None,
    accept: Annotated[str, Header()] = "*/*",
) -> Annotated[StreamingResponse | shapes.Body, Is(told_tasks.TaskInstancesLogResponse)]:
    """Events of an attempt's log in order, and a token to go on from until it has ended.

    Each is an object of a line for those who ask for ``application/x-ndjson``; plain lines for ``text/plain``.
    """

    def page(after: str) -> shapes.Body:
        return read(services, dag_id, dag_run_id, task_id, try_number, map_index, after)

    first = page(_checked(token))
    if accept.startswith("text/plain"):
        return StreamingResponse(_text(first, page), media_type="text/plain; charset=utf-8")
    if accept.startswith(NDJSON):
        headers = {} if first["ended"] else {TOKEN_HEADER: first["cursor"]}
        lines = (json.dumps(_event(line)) + "\n" for line in first["lines"])
        return StreamingResponse(lines, media_type=NDJSON, headers=headers)
    content = [_event(line) for line in first["lines"]]
    last = first
    while full_content and len(last["lines"]) >= LOG_PAGE:
        last = page(last["cursor"])
        content += [_event(line) for line in last["lines"]]
    return {"content": content, "continuation_token": None if last["ended"] else last["cursor"]}


def _event(line: shapes.Body) -> shapes.Body:
    """A line as a StructuredLogMessage: what our runner and Airflow's supervisor write as JSON, with its own fields."""
    at = dt.datetime.fromtimestamp(line["at"], dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    text = line["text"]
    if text.startswith("{") and text.endswith("}"):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, dict) and isinstance(found.get("event"), str):
            return {"timestamp": at, **strict(found)}
    return {"timestamp": at, "event": text, "logger": "task" if line["stream"] == "out" else "goflow"}


def _checked(token: str | None) -> str:
    head, dot, tail = (token or "0.0").partition(".")
    if not (dot and head.isdecimal() and tail.isdecimal() and len(head) < 10 and len(tail) < 19):
        raise HTTPException(400, "Bad Signature. Please use only the tokens provided by the API.")
    return f"{head}.{tail}"


@router.get(ONE + "/externalLogUrl/{try_number}")
def get_external_log_url(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: PathNumber,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> Annotated[shapes.Body, Is(told_tasks.ExternalLogUrlResponse)]:
    """Where people see the log elsewhere, as ``logs_external_url`` says; 400 where that says nothing."""
    with services.store.reading() as tx:
        _, row = find(tx, dag_id, dag_run_id, task_id, map_index)
        its = launches.of_task(tx, row.id, try_number)
    if not services.external_log_url:
        raise HTTPException(400, "Task log handler does not support external logs.")
    if not its:
        raise NotFoundError(f"attempt {try_number} of {task_id}")
    place = {"dag_id": dag_id, "run_id": dag_run_id, "task_id": task_id, "map_index": map_index}
    url = services.external_log_url
    for name, value in {**place, "try_number": try_number, "launch_id": its[-1].id}.items():
        url = url.replace(f"{{{name}}}", quote(str(value), safe=""))
    return {"url": url}


@router.get(OWN + "/logs/{try_number}")
def show_logs(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: PathNumber,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
    after: str = Query("", description="the cursor of the last answer: only what came after it"),
) -> Annotated[shapes.Body, Is(told_own.LogLines)]:
    """The log of one attempt: lines in order, a cursor to go on from, and whether the attempt has ended."""
    return read(services, dag_id, dag_run_id, task_id, try_number, map_index, after)


@router.get(OWN + "/logs/{try_number}/download")
def download_log(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: PathNumber,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> StreamingResponse:
    """The whole log as plain text."""

    def page(after: str) -> shapes.Body:
        return read(services, dag_id, dag_run_id, task_id, try_number, map_index, after)

    # The first page is looked for before anything is sent: what is not there is a 404, and no answer cut short.
    return StreamingResponse(_text(page(""), page), media_type="text/plain; charset=utf-8")


def _text(page: shapes.Body, ask: Any) -> Iterator[str]:
    while True:
        yield "".join(f"{line['text']}\n" for line in page["lines"])
        if len(page["lines"]) < LOG_PAGE:
            return
        page = ask(page["cursor"])


def read(
    services: Services, dag_id: str, run_id: str, task_id: str, try_number: int, map_index: int, after: str
) -> shapes.Body:
    """Lines of an attempt after a cursor, at most `LOG_PAGE`. Raises NotFoundError."""
    with services.store.reading() as tx:
        _, row = find(tx, dag_id, run_id, task_id, map_index)
        of_attempt = launches.of_task(tx, row.id, try_number)
        if not of_attempt:
            raise NotFoundError(f"attempt {try_number} of {task_id}")
        attempt = tasks.attempt(tx, row.id, try_number)
    page = services.logs.page(row, of_attempt, after, LOG_PAGE)
    return {
        "lines": [{"at": line.at, "stream": line.stream, "text": line.text} for line in page.lines],
        "cursor": page.cursor,
        "ended": attempt is not None and attempt.end_date is not None and not page.full,
        "message": attempt.message if attempt else None,
    }
