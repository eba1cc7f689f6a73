"""What is done to task instances: mark them, note them, clear them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from goflow.domain.errors import ConflictError, NotFoundError
from goflow.domain.runs import UNMAPPED, TaskInstance
from goflow.domain.state import TaskState
from goflow.scheduler import marking, operations
from goflow.server.rest import cursors, shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import kept as told_kept
from goflow.server.rest.answers import tasks as told_tasks
from goflow.server.rest.bodies import Told
from goflow.server.rest.bulk import BulkBody, Hands, carry_out
from goflow.server.rest.context import CallerDep, Note, Services, ServicesDep, UtcMoment
from goflow.server.rest.masks import UpdateMask, masked
from goflow.server.rest.paging import MapIndex, Number, PathNumber
from goflow.server.rest.runs import ANY, told_instances
from goflow.server.rest.tasks import BASE, COPY, ONE, find, tasks_of_group
from goflow.store import Tx, lists, runs, tasks, versions
from goflow.store.listing import Condition, Op

router = APIRouter(tags=["Task Instance"])
GROUP = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}"


Named = list[str | tuple[str, Number]] | None
"""Tasks, or single copies of mapped ones; None: all."""


class PatchTask(BaseModel):
    """What of a task instance can be set: its state (mark), its note; and which others with it."""

    model_config = ConfigDict(extra="forbid")
    new_state: TaskState | None = None
    note: Note = None
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False

    @field_validator("new_state")
    @classmethod
    def _one_to_mark(cls, state: TaskState | None) -> TaskState:
        if state is None:
            raise ValueError("'new_state' should not be empty")
        if state not in marking.MARKABLE:
            raise ValueError(f"'{state}' is not one of {sorted(one.value for one in marking.MARKABLE)}")
        return state


class BulkTask(PatchTask):
    """One of many task instances (BulkTaskInstanceBody)."""

    task_id: str
    map_index: Number | None = None
    dag_id: str | None = None
    dag_run_id: str | None = None


class ClearTasks(BaseModel):
    """Which tasks to clear: of a run, or of all runs of a stretch of logical dates (ClearTaskInstancesBody)."""

    model_config = ConfigDict(extra="forbid")
    dag_run_id: str | None = None
    start_date: UtcMoment | None = None
    end_date: UtcMoment | None = None
    task_ids: Named = Field(None, min_length=1)
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
    include_subdags: bool = False
    """Airflow 2's name, and its default in the API, for what ``ExternalTaskMarker`` names in other DAGs."""
    note: Note = None

    @model_validator(mode="after")
    def _one_kind(self) -> ClearTasks:
        if self.only_failed and self.only_running:
            raise ValueError("only_failed and only_running both are set to True")
        if self.start_date and self.end_date and self.start_date > self.end_date:
            raise ValueError("end_date is sooner than start_date")
        if self.dag_run_id is not None and (self.start_date or self.end_date):
            raise ValueError("Exactly one of dag_run_id or (start_date and end_date) must be provided")
        return self


# Marking ---------------------------------------------------------------------------------------------------------


@router.patch(ONE)
def patch_task_instance(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    body: PatchTask,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex | None = None,
    update_mask: UpdateMask = None,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """Mark a task success, failed or skipped, or set its note: of all its copies, without ``map_index``."""
    return _patch(services, dag_id, dag_run_id, task_id, map_index, body, update_mask, caller)


@router.patch(ONE + "/dry_run")
def patch_task_instance_dry_run(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    body: PatchTask,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex | None = None,
    update_mask: UpdateMask = None,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """Which task instances the same request without ``dry_run`` would mark."""
    return _would_patch(services, dag_id, dag_run_id, task_id, map_index, body, update_mask, caller)


@router.patch(COPY)
def patch_task_instance_by_map_index(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: PathNumber,
    body: PatchTask,
    services: ServicesDep,
    caller: CallerDep,
    update_mask: UpdateMask = None,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """Mark one copy of a mapped task, or set its note."""
    return _patch(services, dag_id, dag_run_id, task_id, map_index, body, update_mask, caller)


@router.patch(COPY + "/dry_run")
def patch_task_instance_dry_run_by_map_index(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: PathNumber,
    body: PatchTask,
    services: ServicesDep,
    caller: CallerDep,
    update_mask: UpdateMask = None,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """Which task instances the same request without ``dry_run`` would mark."""
    return _would_patch(services, dag_id, dag_run_id, task_id, map_index, body, update_mask, caller)


def _patch(
    services: Services,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int | None,
    body: PatchTask,
    mask: list[str] | None,
    caller: str,
) -> shapes.Body:
    """Do it, and tell the task's instances as that has left them."""
    given = masked(body, mask)
    with services.store.transaction() as tx:
        if "new_state" in given:
            marked = _mark(tx, dag_id, run_id, task_id, body, given, caller, map_index)
            if not marked and "note" not in given:
                _refuse_unless_there(tx, dag_id, run_id, task_id, map_index)
                raise ConflictError(f"task {task_id} is {body.new_state} already")
        elif "note" in given:
            operations.set_task_note(
                tx, dag_id, run_id, task_id, given["note"] or None, map_index=map_index, who=caller
            )
        return _as_they_are(tx, dag_id, run_id, [task_id], map_index)


def _would_patch(
    services: Services,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int | None,
    body: PatchTask,
    mask: list[str] | None,
    caller: str,
) -> shapes.Body:
    given = masked(body, mask)
    with services.store.reading() as tx:
        if "new_state" not in given:
            _refuse_unless_there(tx, dag_id, run_id, task_id, map_index)
            return _as_they_are(tx, dag_id, run_id, [task_id], map_index)
        return _told(tx, _mark(tx, dag_id, run_id, task_id, body, given, caller, map_index, dry_run=True))


def _mark(
    tx: Tx,
    dag_id: str,
    run_id: str,
    task_id: str,
    body: PatchTask,
    given: dict[str, Any],
    caller: str,
    map_index: int | None,
    *,
    dry_run: bool = False,
) -> list[TaskInstance]:
    return marking.mark_task(
        tx,
        dag_id,
        run_id,
        task_id,
        given["new_state"],
        map_index=map_index,
        upstream=body.include_upstream,
        downstream=body.include_downstream,
        past=body.include_past,
        future=body.include_future,
        note=given.get("note"),
        note_all="note" in given,
        dry_run=dry_run,
        who=caller,
    )


def _refuse_unless_there(tx: Tx, dag_id: str, run_id: str, task_id: str, map_index: int | None) -> None:
    if map_index is not None:
        find(tx, dag_id, run_id, task_id, map_index)
    elif all(row.task_id != task_id for row in tasks.of_run(tx, runs.by_run_id(tx, dag_id, run_id).id)):
        find(tx, dag_id, run_id, task_id, UNMAPPED)


def _as_they_are(tx: Tx, dag_id: str, run_id: str, task_ids: list[str], map_index: int | None) -> shapes.Body:
    """The instances of those tasks, as they are now."""
    rows = [row for row in tasks.of_run(tx, runs.by_run_id(tx, dag_id, run_id).id) if row.task_id in task_ids]
    return _told(tx, [row for row in rows if map_index in {None, row.map_index}])


def _told(tx: Tx, rows: Iterable[TaskInstance]) -> shapes.Body:
    return _listed(Told(tx).of_instances(rows))


def _listed(found: list[shapes.Body]) -> shapes.Body:
    return {"task_instances": found, "total_entries": len(found), **cursors.NONE}


# Groups ----------------------------------------------------------------------------------------------------------


@router.patch(GROUP)
def patch_task_group_instances(
    dag_id: str,
    dag_run_id: str,
    group_id: str,
    body: PatchTask,
    services: ServicesDep,
    caller: CallerDep,
    update_mask: UpdateMask = None,
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """Mark all tasks of a group, or set their notes. 409 where all of them are in that state already."""
    given = masked(body, update_mask)
    with services.store.transaction() as tx:
        names = _tasks_of(tx, dag_id, dag_run_id, group_id)
        marked: dict[int, TaskInstance] = {}
        for task_id in names:
            if "new_state" in given:
                rows = _mark(tx, dag_id, dag_run_id, task_id, body, given, caller, None)
                marked |= {row.id: row for row in rows}
            elif "note" in given:
                operations.set_task_note(tx, dag_id, dag_run_id, task_id, given["note"] or None, who=caller)
        if "new_state" not in given:
            return _as_they_are(tx, dag_id, dag_run_id, names, None)
        if not marked:
            raise ConflictError(f"All task instances in the group are already in {given['new_state']} state")
        return _told(tx, marked.values())


@router.patch(GROUP + "/dry_run")
def patch_task_group_instances_dry_run(
    dag_id: str, dag_run_id: str, group_id: str, body: PatchTask, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """Which task instances the same request without ``dry_run`` would mark."""
    given = masked(body, None)
    with services.store.reading() as tx:
        names = _tasks_of(tx, dag_id, dag_run_id, group_id)
        if "new_state" not in given:
            return _as_they_are(tx, dag_id, dag_run_id, names, None)
        found: dict[int, TaskInstance] = {}
        for task_id in names:
            rows = _mark(tx, dag_id, dag_run_id, task_id, body, given, caller, None, dry_run=True)
            found |= {row.id: row for row in rows}
        return _told(tx, found.values())


def _tasks_of(tx: Tx, dag_id: str, run_id: str, group_id: str) -> list[str]:
    run = runs.by_run_id(tx, dag_id, run_id)
    names = tasks_of_group(versions.spec(tx, run.reading_id), group_id)
    there = {row.task_id for row in tasks.of_run(tx, run.id)}
    found = [name for name in names if name in there]
    if not found:
        raise NotFoundError(f"a task instance of group {group_id} in run {run_id} of DAG {dag_id}")
    return found


# Many ------------------------------------------------------------------------------------------------------------


@router.patch(BASE)
def bulk_task_instances(
    dag_id: str, dag_run_id: str, body: BulkBody[BulkTask], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.BulkResponse)]:
    """Mark or note many task instances; each is told by itself."""

    def key(entity: str | BulkTask) -> tuple[str, str, str, int | None]:
        named = BulkTask.model_construct(task_id=entity) if isinstance(entity, str) else entity
        found = (named.dag_id or dag_id, named.dag_run_id or dag_run_id)
        if ANY in found:
            words = "When using wildcard in path, dag_id and dag_run_id must be specified in request body for task_id: "
            raise HTTPException(400, words + named.task_id)
        return (*found, named.task_id, named.map_index)

    def rows(key: tuple[str, str, str, int | None]) -> list[TaskInstance]:
        with services.store.reading() as tx:
            run = runs.find(tx, key[0], key[1])
            every = [] if run is None else tasks.of_run(tx, run.id)
        return [row for row in every if row.task_id == key[2] and key[3] in {None, row.map_index}]

    def present(key: tuple[str, str, str, int | None]) -> bool:
        return bool(rows(key))

    def change(entity: BulkTask, mask: list[str] | None) -> None:
        of_dag, run_id, task_id, map_index = key(entity)
        _patch(services, of_dag, run_id, task_id, map_index, entity, mask, caller)

    def remove(key: tuple[str, str, str, int | None]) -> None:
        _keep(key[2])

    def names(key: tuple[str, str, str, int | None]) -> list[str]:
        return [f"{key[0]}.{key[1]}.{key[2]}[{row.map_index}]" for row in rows(key)]

    hands = Hands(
        things="task instances",
        key=key,
        present=present,
        make=None,
        change=change,
        remove=remove,
        names=names,
    )
    return carry_out(body.actions, hands)


@router.delete(ONE)
def delete_task_instance(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: MapIndex = UNMAPPED,
) -> None:
    """Refused with 409: a run keeps what it was made of."""
    with services.store.reading() as tx:
        find(tx, dag_id, dag_run_id, task_id, map_index)
    _keep(task_id)


def _keep(task_id: str) -> NoReturn:
    raise ConflictError(
        f"task {task_id}: a run keeps its task instances", hint="clear or mark it, or delete the run as a whole"
    )


@router.post("/api/v2/dags/{dag_id}/clearTaskInstances")
def post_clear_task_instances(
    dag_id: str, body: ClearTasks, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.TaskInstanceCollectionResponse)]:
    """Clear tasks, or with ``dry_run`` (the default, as in Airflow) say which they are."""
    single = body.dag_run_id
    wanted = _runs_meant(services, dag_id, body) if single is None else [(single, body.task_ids)]
    # In one transaction: where one marker cannot be followed, nothing is cleared.
    with services.store.reading() if body.dry_run else services.store.transaction() as tx:
        found = [row for run_id, named in wanted for row in _clear(tx, dag_id, run_id, body, named, caller)]
    return {**told_instances(found), **cursors.NONE}


def _runs_meant(services: Services, dag_id: str, body: ClearTasks) -> list[tuple[str, Named]]:
    """The runs of that stretch of logical dates, each with those of the tasks that were named which it has."""
    wanted = [Condition("dag_id", Op.IN, [dag_id])]
    for op, bound in ((Op.GTE, body.start_date), (Op.LTE, body.end_date)):
        free = body.include_past if op is Op.GTE else body.include_future
        if bound is not None and not free:
            wanted.append(Condition("logical_date", op, bound))
    with services.store.reading() as tx:
        lists.refuse_unknown(tx, dag_id)
        found, _ = lists.of_runs(tx, wanted, lists.EVERYTHING)
        there = {run.id: {task.task_id for task in versions.spec(tx, run.reading_id).tasks} for run in found}
    return [(run.run_id, _those_there(body.task_ids, there[run.id])) for run in found]


def _those_there(named: Named, there: set[str]) -> Named:
    if named is None:
        return None
    return [one for one in named if (one if isinstance(one, str) else one[0]) in there]


def _clear(tx: Tx, dag_id: str, run_id: str, body: ClearTasks, named: Named, caller: str) -> list[shapes.Body]:
    """What of a run is cleared, as that leaves it."""
    if named == []:
        return []
    single = body.dag_run_id is not None
    cleared = operations.clear(
        tx,
        dag_id,
        run_id,
        task_ids=None if named is None else [one for one in named if isinstance(one, str)],
        copies=[one for one in named or () if isinstance(one, tuple)],
        upstream=body.include_upstream,
        downstream=body.include_downstream,
        past=body.include_past and single,
        future=body.include_future and single,
        only_failed=body.only_failed,
        only_running=body.only_running,
        reset_runs=body.reset_dag_runs,
        spare_running=body.prevent_running_task,
        note=body.note,
        dependents=body.include_subdags,
        dry_run=body.dry_run,
        newest_version=body.run_on_latest_version,
        who=caller,
    )
    return Told(tx).of_instances(cleared.instances)
