"""Task instances: list, show, their tries, what they wait for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field

from goflow.domain.errors import NotFoundError, did_you_mean
from goflow.domain.runs import UNMAPPED, DagRun, TaskInstance
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import TaskState
from goflow.scheduler import why
from goflow.scheduler.namespaces import NamespaceSlots
from goflow.server.rest import cursors, links, naming, shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import tasks as told_tasks
from goflow.server.rest.bodies import Told
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.server.rest.paging import (
    BatchPaging,
    MapIndex,
    MoreRanges,
    Number,
    Paging,
    PathNumber,
    Ranges,
    conditions,
    is_,
    task_states,
)
from goflow.server.rest.runs import ANY
from goflow.server.rest.strict import strict
from goflow.store import Tx, dags, launches, lists, runs, tasks, usage, versions, xcoms
from goflow.store.listing import Condition, Op

router = APIRouter(tags=["Task Instance"])
BASE = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances"
ONE = BASE + "/{task_id}"
COPY = ONE + "/{map_index}"
Fits = Callable[[TaskSpec], bool]


class CopyQuery(Paging, MoreRanges):
    """Copies of a mapped task by all that Airflow's list knows."""

    state: list[str] = Field(default_factory=list)
    pool: list[str] = Field(default_factory=list)
    pool_name_pattern: str | None = None
    pool_name_prefix_pattern: str | None = None
    queue: list[str] = Field(default_factory=list)
    queue_name_pattern: str | None = None
    queue_name_prefix_pattern: str | None = None
    executor: list[str] = Field(default_factory=list)
    version_number: list[Number] = Field(default_factory=list)
    try_number: list[Number] = Field(default_factory=list)
    operator: list[str] = Field(default_factory=list)
    operator_name_pattern: str | None = None
    operator_name_prefix_pattern: str | None = None
    map_index: list[Number] = Field(default_factory=list)
    rendered_map_index_pattern: str | None = None
    rendered_map_index_prefix_pattern: str | None = None


class TaskQuery(CopyQuery):
    """Task instances by all that Airflow's list knows."""

    task_id: str | None = None
    task_display_name_pattern: str | None = None
    task_display_name_prefix_pattern: str | None = None
    task_group_id: str | None = None
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    cursor: str | None = Field(None, description="where to go on: empty at first, then next_cursor of the last answer")


class TasksBatch(BatchPaging, Ranges):
    """The same for the batch route (TaskInstancesBatchBody)."""

    dag_ids: list[str] | None = None
    dag_run_ids: list[str] | None = None
    task_ids: list[str] | None = None
    state: list[TaskState | None] | None = None
    pool: list[str] | None = None
    queue: list[str] | None = None
    executor: list[str] | None = None


_OF_SPECS: dict[str, Callable[[TaskSpec], str]] = {
    "queue": lambda spec: spec.queue or "",
    "queue_name": lambda spec: spec.queue or "",
    "operator": lambda spec: spec.operator,
    "operator_name": naming.operator_name,
    "task_display_name": lambda spec: spec.display_name or spec.task_id,
}
"""What of a task stands in its spec alone."""
_OWN_WAY = frozenset({"state", "executor", "task_group_id"})


def asked(query: Any, **names: str) -> tuple[list[Condition], Fits | None]:
    """What QUERY asks for: conditions for the store, and whether a task's spec fits (None: every one does)."""
    every = conditions(query, besides=_OWN_WAY, **names)
    found = [one for one in every if one.field not in _OF_SPECS]
    of_specs = [one for one in every if one.field in _OF_SPECS]
    if query.state:
        found.append(is_("state", *task_states(query.state)))
    if query.executor:
        found.append(is_("id"))  # GoFlow has no executors to choose from: no task has one
    return found, (lambda spec: all(_fits(_OF_SPECS[one.field](spec), one) for one in of_specs)) if of_specs else None


def _fits(text: str, one: Condition) -> bool:
    if one.op is Op.IN:
        return text in one.value
    terms = [term.strip() for term in str(one.value).split("|") if term.strip()]
    if one.op is Op.PREFIX:
        return any(term == "~" or text.startswith(term) for term in terms)
    return any(term in {"~", "%"} or term.lower() in text.lower() for term in terms)


@router.get(BASE)
def get_task_instances(
    dag_id: str,
    dag_run_id: str,
    query: Annotated[TaskQuery, Query()],
    services: ServicesDep,
    caller: CallerDep,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """Task instances of a run, by map index and then in the order in which they were made; of all runs with ``~``."""
    wanted, fits = asked(query)
    with services.store.reading() as tx:
        spec = None
        if dag_run_id != ANY:
            if dag_id == ANY:
                raise HTTPException(400, "dag_id is required when dag_run_id is specified")
            run = runs.by_run_id(tx, dag_id, dag_run_id)
            wanted.append(is_("run_id", dag_run_id))
            spec = versions.spec(tx, run.reading_id)
        if dag_id != ANY:
            spec = spec or versions.spec(tx, dags.get(tx, dag_id).reading_id)
            wanted.append(is_("dag_id", dag_id))
        if query.task_group_id is not None and spec is not None:
            wanted.append(is_("task_id", *tasks_of_group(spec, query.task_group_id)))
        if query.cursor is not None:
            return cursors.answer("task_instances", query, lambda page: _page(tx, wanted, page, fits))
        found, total = _page(tx, wanted, query.page(), fits)
        return {"task_instances": found, "total_entries": total, **cursors.NONE}


def tasks_of_group(spec: DagSpec, group_id: str) -> list[str]:
    """The tasks in a group, and in the groups inside it. Raises NotFoundError."""
    groups = {group.group_id: group.parent for group in spec.groups}
    if group_id not in groups:
        raise NotFoundError(f"task group {group_id} of DAG {spec.dag_id}")

    def inside(one: str | None) -> bool:
        while one is not None and one != group_id:
            one = groups.get(one)
        return one == group_id

    return [task.task_id for task in spec.tasks if inside(task.group)]


def _page(tx: Tx, wanted: Sequence[Condition], page: Any, fits: Fits | None) -> tuple[list[shapes.Body], int]:
    rows, total = lists.of_tasks(tx, wanted, page, fits)
    return Told(tx).tasks(rows), total


@router.post(BASE + "/list")
def get_task_instances_batch(
    dag_id: Literal["~"], dag_run_id: Literal["~"], body: TasksBatch, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """Task instances of several runs by what a body asks for."""
    wanted, fits = asked(body, dag_ids="dag_id", dag_run_ids="run_id", task_ids="task_id")
    with services.store.reading() as tx:
        found, total = _page(tx, wanted, body.page(), fits)
    return {"task_instances": found, "total_entries": total, **cursors.NONE}


@router.get(ONE)
def get_task_instance(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceResponse)]:
    """One task instance with its rendered fields, results, attempts and launches."""
    with services.store.reading() as tx:
        return _shown(tx, *find(tx, dag_id, dag_run_id, task_id, map_index))


@router.get(ONE + "/listMapped")
def get_mapped_task_instances(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    query: Annotated[CopyQuery, Query()],
    services: ServicesDep,
    caller: CallerDep,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """The copies of a mapped task; 404 for one that is not mapped."""
    wanted, fits = asked(query)
    wanted += [is_("dag_id", dag_id), is_("run_id", dag_run_id), is_("task_id", task_id), is_("copies", True)]
    with services.store.reading() as tx:
        spec = Told(tx).spec_of(runs.by_run_id(tx, dag_id, dag_run_id), task_id)
        if spec is None:
            raise NotFoundError(f"task {task_id} of DAG {dag_id}")
        found, total = _page(tx, wanted, query.page(), fits)
        if not total and not (spec.mapped or tasks.find(tx, runs.by_run_id(tx, dag_id, dag_run_id).id, task_id, 0)):
            raise HTTPException(404, f"Task id {task_id} is not mapped")
    return {"task_instances": found, "total_entries": total, **cursors.NONE}


@router.get(ONE + "/dependencies")
def get_task_instance_dependencies(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> Annotated[shapes.Body, Is(told_tasks.TaskDependencyCollectionResponse)]:
    """What keeps a task instance that has not begun from beginning."""
    return _dependencies(services, dag_id, dag_run_id, task_id, map_index)


@router.get(COPY + "/dependencies")
def get_task_instance_dependencies_by_map_index(
    dag_id: str, dag_run_id: str, task_id: str, map_index: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.TaskDependencyCollectionResponse)]:
    """The same of one copy of a mapped task."""
    return _dependencies(services, dag_id, dag_run_id, task_id, map_index)


def _dependencies(services: Services, dag_id: str, run_id: str, task_id: str, map_index: int) -> shapes.Body:
    slots = NamespaceSlots(services.namespace_slots, services.defaults.namespace)
    with services.store.reading() as tx:
        run, row = find(tx, dag_id, run_id, task_id, map_index)
        waiting = why.of_run(tx, run, slots, services.parallelism, task_id=task_id)
    told = [{"name": "Waiting", "reason": words} for one, words in waiting if one.map_index == row.map_index and words]
    return {"dependencies": told}


@router.get(ONE + "/tries")
def get_task_instance_tries(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceHistoryCollectionResponse)]:
    """The tries of a task instance, the first one first."""
    return _tries(services, dag_id, dag_run_id, task_id, map_index)


@router.get(COPY + "/tries")
def get_mapped_task_instance_tries(
    dag_id: str, dag_run_id: str, task_id: str, map_index: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceHistoryCollectionResponse)]:
    """The same of one copy of a mapped task."""
    return _tries(services, dag_id, dag_run_id, task_id, map_index)


def _tries(services: Services, dag_id: str, run_id: str, task_id: str, map_index: int) -> shapes.Body:
    with services.store.reading() as tx:
        _, row = find(tx, dag_id, run_id, task_id, map_index)
        found = _history(tx, row)
    return {"task_instances": found, "total_entries": len(found)}


def _history(tx: Tx, row: TaskInstance) -> list[shapes.Body]:
    """TaskInstanceHistoryResponse of each try. What has begun no try yet, or has ended without one, is shown as it is,
    as in Airflow."""
    told = Told(tx)
    (whole,) = tasks.whole(tx, [row.id])
    found = [told.tried(whole, attempt) for attempt in tasks.attempts(tx, row.id)]
    if not found or found[-1]["try_number"] != row.try_number:
        found.append({**told.task(whole), "try_number": row.try_number})
    elif row.state is not TaskState.UP_FOR_RETRY:
        found[-1]["state"] = None if row.state is TaskState.NONE else row.state.value
    return found


@router.get(ONE + "/tries/{task_try_number}")
def get_task_instance_try_details(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    task_try_number: PathNumber,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceHistoryResponse)]:
    """One try of a task instance."""
    return _try(services, dag_id, dag_run_id, task_id, map_index, task_try_number)


@router.get(COPY + "/tries/{task_try_number}")
def get_mapped_task_instance_try_details(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: PathNumber,
    task_try_number: PathNumber,
    services: ServicesDep,
    caller: CallerDep,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceHistoryResponse)]:
    """The same of one copy of a mapped task."""
    return _try(services, dag_id, dag_run_id, task_id, map_index, task_try_number)


def _try(services: Services, dag_id: str, run_id: str, task_id: str, map_index: int, number: int) -> shapes.Body:
    with services.store.reading() as tx:
        _, row = find(tx, dag_id, run_id, task_id, map_index)
        found = [told for told in _history(tx, row) if told["try_number"] == number]
    if not found:
        raise NotFoundError(f"try {number} of task {task_id} in run {run_id} of DAG {dag_id}")
    return found[-1]


@router.get(ONE + "/links", tags=["Extra Links"])
def get_extra_links(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
    try_number: Number | None = None,
) -> Annotated[shapes.Body, Is(told_tasks.ExtraLinkCollectionResponse)]:
    """Where a task instance leads to: the run that it has triggered, say."""
    with services.store.reading() as tx:
        run, row = find(tx, dag_id, dag_run_id, task_id, map_index)
        if try_number not in {None, row.try_number} and tasks.attempt(tx, row.id, try_number or 0) is None:
            raise NotFoundError(f"try {try_number} of task {task_id} in run {dag_run_id} of DAG {dag_id}")
        spec = Told(tx).spec_of(run, task_id)
        found = links.of_instance(tx, run, row, spec, services.sign_in.public_url)
    return {"extra_links": found, "total_entries": len(found)}


@router.get(COPY)
def get_mapped_task_instance(
    dag_id: str, dag_run_id: str, task_id: str, map_index: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceResponse)]:
    """One copy of a mapped task, as `get_task_instance` shows it."""
    with services.store.reading() as tx:
        return _shown(tx, *find(tx, dag_id, dag_run_id, task_id, map_index))


def _shown(tx: Tx, run: DagRun, row: TaskInstance) -> shapes.Body:
    (whole,) = tasks.whole(tx, [row.id])
    return {
        **Told(tx).task(whole),
        "xcoms": values(xcoms.of_task(tx, run.id, row.task_id, row.map_index)),
        "attempts": attempts(tx, row.id),
        "launches": [shapes.launch(launch) for launch in launches.of_task(tx, row.id)],
    }


def attempts(tx: Tx, ti_id: int) -> list[shapes.Body]:
    """The attempts of a task instance, each with what its launches have used."""
    used = usage.of_attempts(tx, [ti_id])
    return [shapes.attempt(one, used.get((ti_id, one.try_number))) for one in tasks.attempts(tx, ti_id)]


def values(found: Any) -> dict[str, Any]:
    """Results by their keys, as JSON that everybody reads."""
    return {strict(key): strict(getattr(value, "value", value)) for key, value in dict(found).items()}


def find(tx: Tx, dag_id: str, run_id: str, task_id: str, map_index: int) -> tuple[DagRun, TaskInstance]:
    """The run and the task instance. Raises NotFoundError with what may have been meant."""
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
