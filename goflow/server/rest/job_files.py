"""Native DAG files that are written here: checked while they are typed, tried, saved, changed and deleted."""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
from importlib import resources
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.diagnostics import Diagnostic
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.jobfiles import JobFile, JobFileDesk
from goflow.jobfiles.checking import LARGEST
from goflow.jobfiles.desk import BrokenFileError
from goflow.operators.plan import NotConvertibleError
from goflow.operators.registry import convert
from goflow.scheduler.timetables import ScheduleError, next_run, restriction_of
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import files as told_files
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.server.rest.versions import example, rendered
from goflow.server.structure import structure_of

router = APIRouter(tags=["Job files"])
BASE = "/goflow/v1/job-files"
ONE = BASE + "/{path:path}"
UNNAMED = "new.yaml"
MOST_RUNS = 5
"""Runs to come that are told of a schedule."""
MOST_TASKS = 200
"""Tasks whose Jobs are shown or tried."""


class Text(BaseModel):
    """The text of a file, and the path that it has or is to have."""

    model_config = ConfigDict(extra="forbid")
    content: str = Field(max_length=LARGEST)
    path: str = Field(default=UNNAMED, max_length=300)


class NewFile(BaseModel):
    """A file that is not there yet: its name, below the DAG folder or among the files of the database."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=250)
    content: str = Field(max_length=LARGEST)


class Change(BaseModel):
    """What is to be there instead of the content whose sha256 is DIGEST."""

    model_config = ConfigDict(extra="forbid")
    content: str = Field(max_length=LARGEST)
    digest: str = Field(min_length=64, max_length=64)


@router.get(BASE)
def show_place(services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_files.JobFilePlace)]:
    """Where new files are saved, and why they are not saved in the DAG folder where they are not."""
    desk = _desk(services)
    return {"saves_in": desk.place, "folder": str(desk.root), "folder_locked": desk.locked()}


@router.post(BASE + "/check")
def check_text(
    body: Text, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_files.CheckAnswer)]:
    """What the text would give: what the reader finds in it, and of each DAG its graph, its next runs and its Jobs."""
    found = _desk(services).check(body.path, body.content.encode())
    return {
        "diagnostics": [one.to_json() for one in found.diagnostics],
        "documents": list(found.documents),
        "dags": [_dag(services, dag) for dag in found.dags],
    }


@router.post(BASE + "/try")
def try_text(body: Text, services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_files.TryAnswer)]:
    """Ask the API server whether it would take the Jobs (a dry run: nothing is made); on the local backend, say what
    would be run here. Errors of the file: 422."""
    found = _desk(services).check(body.path, body.content.encode())
    _refuse_broken(found.errors)
    tasks = [(dag, task) for dag in found.dags for task in dag.tasks][:MOST_TASKS]
    answers = [_tried(services, dag, task) for dag, task in tasks]
    return {"backend": services.defaults.backend, "tasks": answers}


@router.post(BASE, status_code=201)
def create_file(
    body: NewFile, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_files.JobFile)]:
    """Save a file that is not there yet. 409 where it is, 422 for one with errors."""
    desk = _desk(services)
    try:
        made = desk.save_new(body.name, body.content.encode(), who=caller)
    except BrokenFileError as problem:
        raise _unprocessable(problem.found) from None
    return _shape(desk, made)


@router.get(BASE + "/schema")
def show_schema(caller: CallerDep) -> Annotated[shapes.Body, Is(dict[str, Any])]:
    """The format of native DAG files as JSON Schema, for editors."""
    return dict(_schema())


@router.get(ONE)
def show_file(path: str, services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_files.JobFile)]:
    """A native DAG file as it is now, with the digest that a change of it has to name."""
    desk = _desk(services)
    return _shape(desk, desk.read(path))


@router.put(ONE)
def change_file(
    path: str, body: Change, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_files.JobFile)]:
    """Save a file that is there. 409 where it has changed since it was read, 422 for one with errors."""
    desk = _desk(services)
    try:
        made = desk.save(path, body.content.encode(), body.digest, who=caller)
    except BrokenFileError as problem:
        raise _unprocessable(problem.found) from None
    return _shape(desk, made)


@router.delete(ONE, status_code=204)
def delete_file(path: str, digest: str, services: ServicesDep, caller: CallerDep) -> None:
    """Delete a file whose content has that digest; versions and runs of its DAGs stay. 409 where it has changed."""
    _desk(services).delete(path, digest, who=caller)


@functools.cache
def _schema() -> dict[str, Any]:
    text = resources.files("goflow.parser.yaml").joinpath("native.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _desk(services: Services) -> JobFileDesk:
    if services.job_files is None:
        raise HTTPException(404, "files are not written here")
    return services.job_files


def _shape(desk: JobFileDesk, file: JobFile) -> shapes.Body:
    content = file.content.decode("utf-8", "replace")
    told = {"path": file.path, "kept_in": file.place, "content": content, "digest": file.digest, "locked": file.locked}
    return {**told, "dag_ids": [dag.dag_id for dag in desk.check(file.path, file.content).dags]}


def _refuse_broken(errors: list[Diagnostic]) -> None:
    if errors:
        raise _unprocessable(errors)


def _unprocessable(errors: list[Diagnostic]) -> HTTPException:
    """As FastAPI tells what is wrong with a body: a place and words for each."""
    told: list[dict[str, Any]] = [
        {"loc": ["body", "content", one.span.line, one.span.column], "msg": f"line {one.span.line}: {one.message}"}
        | {"type": one.code}
        for one in errors
    ]
    return HTTPException(422, told)


def _dag(services: Services, dag: DagSpec) -> shapes.Body:
    known = structure_of(dag.to_json())
    on_kubernetes = dataclasses.replace(
        services, defaults=dataclasses.replace(services.defaults, backend="kubernetes")
    )  # what it is in a cluster is to be seen before it gets there
    return {
        "dag_id": dag.dag_id,
        "schedule": shapes.schedule_words(dag.schedule),
        "next_runs": _next_runs(services, dag),
        "graph": {"reading": 0, "structure": known.columns, "edges": known.edges, "labels": known.labels},
        "jobs": [rendered(on_kubernetes, dag, task) for task in dag.tasks[:MOST_TASKS]],
    }


def _next_runs(services: Services, dag: DagSpec) -> list[str | None]:
    """When it would run next, if it were unpaused now."""
    now = services.store.clock.now()
    found: list[str | None] = []
    try:
        info = next_run(dag.schedule, None, restriction_of(dag, now), now, dag.dialect)
        while info is not None and len(found) < MOST_RUNS:
            found.append(shapes.moment(info.run_after))
            info = next_run(dag.schedule, info, restriction_of(dag, now), now, dag.dialect)
    except ScheduleError:
        return found
    return found


def _tried(services: Services, dag: DagSpec, task: TaskSpec) -> shapes.Body:
    told: shapes.Body = {"dag_id": dag.dag_id, "task_id": task.task_id, "problem": None, "command": None}
    try:
        plan = convert(example(services, dag, task))
    except NotConvertibleError as problem:
        return {**told, "problem": str(problem)}
    if services.try_job is not None:
        return {**told, "problem": services.try_job(plan)}
    return {**told, **_local(dict(task.native or {}))}


def _local(native: dict[str, Any]) -> shapes.Body:
    """What the local backend makes of a native task: a process of this machine, without a container."""
    command = [str(word) for word in native.get("Command") or ()]
    environment = {name: str(value) for name, value in (native.get("Env") or {}).items()}
    told: shapes.Body = {"command": command, "environment": environment, "image_passed_over": native.get("DockerImage")}
    if not command:
        return {**told, "problem": "there is no Command, and without a container an image's entry point cannot run"}
    if shutil.which(command[0]) is None:
        return {**told, "problem": f"there is no program {command[0]} here"}
    return told
