"""Task instances: list, show with rendered fields and results, logs, clear, mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from goflow.domain.errors import NotFoundError, did_you_mean
from goflow.domain.runs import UNMAPPED, DagRun, TaskInstance
from goflow.domain.state import TaskState
from goflow.scheduler import marking, operations
from goflow.server.rest import shapes
from goflow.server.rest.context import CallerDep, Note, Services, ServicesDep
from goflow.server.rest.strict import strict
from goflow.store import Tx, launches, logs, runs, tasks, versions, xcoms

router = APIRouter(tags=["Task Instance"])
BASE = "/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
LOG_PAGE = 5000


class PatchTask(BaseModel):
    """What of a task instance can be set: its state (mark), its note; and which others with it."""

    model_config = ConfigDict(extra="forbid")
    new_state: TaskState | None = None
    note: Note = None
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False


class ClearTasks(BaseModel):
    """Which tasks of a run to clear (ClearTaskInstancesBody)."""

    model_config = ConfigDict(extra="forbid")
    dag_run_id: str
    task_ids: list[str | tuple[str, int]] | None = Field(None, min_length=1)
    dry_run: bool = True
    only_failed: bool = True
    only_running: bool = False
    reset_dag_runs: bool = True
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False
    run_on_latest_version: bool | None = None
    prevent_running_task: bool = False
    note: Note = None

    @model_validator(mode="after")
    def _one_kind(self) -> ClearTasks:
        if self.only_failed and self.only_running:
            raise ValueError("only_failed and only_running both are set to True")
        return self


@router.get(BASE)
def list_tasks(dag_id: str, run_id: str, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """The task instances of a run, in the order in which they were made, copies of a mapped task together."""
    with services.store.reading() as tx:
        run = runs.by_run_id(tx, dag_id, run_id)
        why = launches.why_of_run(tx, run.id)
        rows = tasks.of_run(tx, run.id)
        places = {row.task_id: place for place, row in reversed(list(enumerate(rows)))}
        rows.sort(key=lambda row: (places[row.task_id], row.map_index))
        found = [_shape(tx, run, row, why) for row in rows]
    return {"task_instances": found, "total_entries": len(found)}


@router.get(BASE + "/{task_id}")
def show_task(
    dag_id: str, run_id: str, task_id: str, services: ServicesDep, caller: CallerDep, map_index: int = UNMAPPED
) -> shapes.Body:
    """One task instance with its rendered fields, results, attempts and launches."""
    with services.store.reading() as tx:
        run, row = _find(tx, dag_id, run_id, task_id, map_index)
        rendered = tasks.rendered(tx, row.id)
        if rendered is None and row.try_number:
            rendered = dict(versions.spec(tx, run.reading_id).task(task_id).fields)
        return {
            **_shape(tx, run, row, launches.why_of_run(tx, run.id)),
            "rendered_fields": strict(rendered or {}),
            "rendered_map_index": tasks.map_index_label(tx, row.id),
            "xcoms": _values(xcoms.of_task(tx, run.id, task_id, map_index)),
            "attempts": [shapes.attempt(attempt) for attempt in tasks.attempts(tx, row.id)],
            "launches": [shapes.launch(launch) for launch in launches.of_task(tx, row.id)],
        }


@router.get(BASE + "/{task_id}/logs/{try_number}")
def show_logs(
    dag_id: str,
    run_id: str,
    task_id: str,
    try_number: int,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int = UNMAPPED,
    after: str = Query("", description="the cursor of the last answer: only what came after it"),
) -> shapes.Body:
    """The log of one attempt: lines in order, a cursor to go on from, and whether the attempt has ended."""
    with services.store.reading() as tx:
        _, row = _find(tx, dag_id, run_id, task_id, map_index)
        of_attempt = launches.of_task(tx, row.id, try_number)
        if not of_attempt:
            raise HTTPException(404, f"there is no attempt {try_number} of {task_id}")
        launch_ordinal, seq = _cursor(after)
        lines: list[dict[str, Any]] = []
        for launch in sorted(of_attempt, key=lambda launch: launch.ordinal):
            if launch.ordinal < launch_ordinal:
                continue
            start = seq if launch.ordinal == launch_ordinal else 0
            for line in logs.read(tx, launch.id, after=start, limit=LOG_PAGE - len(lines)):
                lines.append({"at": line.at, "stream": line.stream, "text": line.text})
                launch_ordinal, seq = launch.ordinal, line.seq
            if len(lines) >= LOG_PAGE:
                break
        attempt = tasks.attempt(tx, row.id, try_number)
        full = len(lines) >= LOG_PAGE
        ended = attempt is not None and attempt.end_date is not None and not full
        return {
            "lines": lines,
            "cursor": f"{launch_ordinal}.{seq}",
            "ended": ended,
            "message": attempt.message if attempt else None,
        }


@router.get(BASE + "/{task_id}/logs/{try_number}/download")
def download_log(
    dag_id: str,
    run_id: str,
    task_id: str,
    try_number: int,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int = UNMAPPED,
) -> StreamingResponse:
    """The whole log as plain text."""
    # The first page is looked for before anything is sent: what is not there is a 404, and no answer cut short.
    first = show_logs(dag_id, run_id, task_id, try_number, services, caller, map_index, "")

    def text() -> Any:
        page = first
        while True:
            yield "".join(f"{line['text']}\n" for line in page["lines"])
            if len(page["lines"]) < LOG_PAGE:
                return
            page = show_logs(dag_id, run_id, task_id, try_number, services, caller, map_index, page["cursor"])

    return StreamingResponse(text(), media_type="text/plain; charset=utf-8")


@router.get(BASE + "/{task_id}/xcomEntries")
def list_xcoms(
    dag_id: str, run_id: str, task_id: str, services: ServicesDep, caller: CallerDep, map_index: int = UNMAPPED
) -> shapes.Body:
    """The results of one task instance."""
    with services.store.reading() as tx:
        run, _ = _find(tx, dag_id, run_id, task_id, map_index)
        values = _values(xcoms.of_task(tx, run.id, task_id, map_index))
    entries = [
        {"key": key, "value": value, "task_id": task_id, "map_index": map_index} for key, value in values.items()
    ]
    return {"xcom_entries": entries, "total_entries": len(entries)}


@router.patch(BASE + "/{task_id}")
def patch_task(
    dag_id: str,
    run_id: str,
    task_id: str,
    body: PatchTask,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int | None = None,
) -> shapes.Body:
    """Mark a task success, failed or skipped, or set its note: of all its copies, without ``map_index``."""
    if body.new_state is not None:
        return _mark(dag_id, run_id, task_id, body, services, caller, map_index)
    if "note" in body.model_fields_set:
        operations.set_task_note(services.store, dag_id, run_id, task_id, body.note, map_index=map_index)
    return shapes.task_keys([])


@router.patch(BASE + "/{task_id}/dry_run")
def would_patch_task(
    dag_id: str,
    run_id: str,
    task_id: str,
    body: PatchTask,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int | None = None,
) -> shapes.Body:
    """Which task instances the same request without ``dry_run`` would mark."""
    if body.new_state is None:
        raise HTTPException(422, "new_state should not be empty")
    return _mark(dag_id, run_id, task_id, body, services, caller, map_index, dry_run=True)


def _mark(
    dag_id: str,
    run_id: str,
    task_id: str,
    body: PatchTask,
    services: Services,
    caller: str,
    map_index: int | None,
    *,
    dry_run: bool = False,
) -> shapes.Body:
    assert body.new_state is not None
    marked = marking.mark_task(
        services.store,
        dag_id,
        run_id,
        task_id,
        body.new_state,
        map_index=map_index,
        upstream=body.include_upstream,
        downstream=body.include_downstream,
        past=body.include_past,
        future=body.include_future,
        note=body.note,
        note_all="note" in body.model_fields_set,
        dry_run=dry_run,
        who=caller,
    )
    return shapes.task_keys(marked, body.new_state)


@router.post("/api/v2/dags/{dag_id}/clearTaskInstances")
def clear_tasks(dag_id: str, body: ClearTasks, services: ServicesDep, caller: CallerDep) -> shapes.Body:
    """Clear tasks of a run, or with ``dry_run`` (the default, as in Airflow) say which they are."""
    cleared = operations.clear(
        services.store,
        dag_id,
        body.dag_run_id,
        task_ids=None if body.task_ids is None else [one for one in body.task_ids if isinstance(one, str)],
        copies=[one for one in body.task_ids or () if isinstance(one, tuple)],
        upstream=body.include_upstream,
        downstream=body.include_downstream,
        past=body.include_past,
        future=body.include_future,
        only_failed=body.only_failed,
        only_running=body.only_running,
        reset_runs=body.reset_dag_runs,
        spare_running=body.prevent_running_task,
        note=body.note,
        dry_run=body.dry_run,
        newest_version=body.run_on_latest_version,
        who=caller,
    )
    return shapes.task_keys(cleared.instances)


def _find(tx: Tx, dag_id: str, run_id: str, task_id: str, map_index: int) -> tuple[DagRun, TaskInstance]:
    run = runs.by_run_id(tx, dag_id, run_id)
    row = tasks.find(tx, run.id, task_id, map_index)
    if row is None:
        which = task_id if map_index == UNMAPPED else f"{task_id}[{map_index}]"
        hint = _which_there_are(tasks.of_run(tx, run.id), task_id)
        raise NotFoundError(f"task instance {which} in run {run_id} of DAG {dag_id}", hint=hint)
    return run, row


def _which_there_are(rows: Sequence[TaskInstance], task_id: str) -> str:
    """What of the run's ROWS may have been meant."""
    indexes = sorted(row.map_index for row in rows if row.task_id == task_id)
    if indexes == [UNMAPPED]:
        return f"{task_id} is not mapped: leave the map index out"
    if indexes:
        return f"{task_id} is mapped: name one of its copies with --map-index {indexes[0]} to {indexes[-1]}"
    return did_you_mean(task_id, {row.task_id for row in rows})


def _shape(tx: Tx, run: DagRun, row: TaskInstance, why: Mapping[int, tuple[str, str]]) -> shapes.Body:
    try:
        spec = versions.spec(tx, run.reading_id).task(row.task_id)
    except KeyError:  # a task that a newer reading no longer has
        spec = None
    reason, message = why.get(row.id, ("", ""))
    return {**shapes.task_instance(row, spec), "reason": reason or None, "message": message or None}


def _values(found: Any) -> dict[str, Any]:
    return {strict(key): strict(getattr(value, "value", value)) for key, value in dict(found).items()}


def _cursor(text: str) -> tuple[int, int]:
    ordinal, _, seq = text.partition(".")
    return (int(ordinal), int(seq)) if ordinal.isdigit() and seq.isdigit() else (0, 0)
