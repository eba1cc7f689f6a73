"""DAG runs: trigger, list, show, mark, clear, delete, wait for."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from goflow.domain.state import RunState
from goflow.scheduler import marking, operations, partition_orders
from goflow.server.rest import cursors, shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import runs as told_runs
from goflow.server.rest.answers import tasks as told_tasks
from goflow.server.rest.bodies import Told
from goflow.server.rest.context import CallerDep, Note, Services, ServicesDep
from goflow.server.rest.masks import UpdateMask, masked
from goflow.server.rest.paging import (
    BatchPaging,
    MoreRanges,
    Number,
    Paging,
    Ranges,
    conditions,
    is_,
    run_states,
)
from goflow.store import Tx, dags, lists, runs
from goflow.store.listing import Condition, Op
from goflow.store.runs import OfPartitions

router = APIRouter(tags=["DagRun"])
ANY = "~"
"""Airflow's wildcard: ``/dags/~/dagRuns`` lists the runs of all DAGs."""
BASE = "/api/v2/dags/{dag_id}/dagRuns"


class TriggerBody(BaseModel):
    """A run to be made (TriggerDAGRunPostBody); without ``logical_date`` it is now, with null it has none."""

    model_config = ConfigDict(extra="forbid")
    dag_run_id: str | None = None
    data_interval_start: AwareDatetime | None = None
    data_interval_end: AwareDatetime | None = None
    logical_date: AwareDatetime | None = None
    run_after: AwareDatetime | None = None
    conf: dict[str, Any] | None = None
    note: str | None = None
    partition_key: str | None = None

    @model_validator(mode="after")
    def _both_ends(self) -> TriggerBody:
        if (self.data_interval_start is None) != (self.data_interval_end is None):
            raise ValueError(
                "Either both data_interval_start and data_interval_end must be provided or both must be None"
            )
        return self


Mark = Literal[RunState.QUEUED, RunState.SUCCESS, RunState.FAILED]


class PatchRun(BaseModel):
    """What of a run can be set: its state (mark), its note."""

    model_config = ConfigDict(extra="forbid")
    state: Mark | None = None
    note: Note = None


class ClearOptions(BaseModel):
    """How runs are cleared."""

    model_config = ConfigDict(extra="forbid")
    dry_run: bool = True
    only_failed: bool = False
    only_new: bool = False
    run_on_latest_version: bool | None = None
    note: Note = None

    @model_validator(mode="after")
    def _one_kind(self) -> ClearOptions:
        if self.only_new and self.only_failed:
            raise ValueError("only_new and only_failed are mutually exclusive")
        return self


class RunQuery(Paging, MoreRanges):
    """Runs by all that Airflow's list knows."""

    conf_contains: str | None = None
    run_type: list[str] = Field(default_factory=list)
    state: list[str] = Field(default_factory=list)
    dag_version: list[Number] = Field(default_factory=list)
    bundle_version: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    triggering_user_name_pattern: str | None = None
    triggering_user_name_prefix_pattern: str | None = None
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    partition_key_pattern: str | None = None
    partition_key_prefix_pattern: str | None = None
    consuming_asset_pattern: str | None = None
    partition_date_gte: dt.date | None = None
    partition_date_lte: dt.date | None = None
    cursor: str | None = Field(None, description="where to go on: empty at first, then next_cursor of the last answer")

    def conditions(self) -> list[Condition]:
        """As the store takes them."""
        found = conditions(self, besides=_OWN_WAY)
        if self.state:
            found.append(is_("state", *run_states(self.state)))
        if self.consuming_asset_pattern:
            found.append(Condition("consuming_asset", Op.CONTAINS, self.consuming_asset_pattern))
        return found


_OWN_WAY = ("state", "consuming_asset_pattern", "partition_date_gte", "partition_date_lte")


class RunsBatch(BatchPaging, Ranges):
    """The same for the batch route (DAGRunsBatchBody)."""

    dag_ids: list[str] | None = None
    states: list[RunState | None] | None = None
    conf_contains: str | None = None


@router.post(BASE)
def trigger_dag_run(
    dag_id: str, body: TriggerBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.DAGRunResponse)]:
    """Make a run by hand. 409 when there is one of that id or logical date."""
    interval = None
    if body.data_interval_start is not None and body.data_interval_end is not None:
        interval = (body.data_interval_start, body.data_interval_end)
    made = operations.trigger(
        services.store,
        dag_id,
        run_id=body.dag_run_id,
        conf=body.conf or {},
        logical_date=body.logical_date,
        run_after=body.run_after,
        interval=interval,
        without_logical_date="logical_date" in body.model_fields_set,
        note=body.note,
        partition_key=body.partition_key,
        who=caller,
    )
    with services.store.reading() as tx:
        return Told(tx).run(made)


@router.get(BASE)
def get_dag_runs(
    dag_id: str, query: Annotated[RunQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.DAGRunCollectionResponse)]:
    """Runs, in the order in which they were made; ``~`` for those of every DAG.

    Days of partitions go by the clocks of the schedule's zone.
    """
    since, until = query.partition_date_gte, query.partition_date_lte
    wanted = query.conditions()
    with services.store.reading() as tx:
        if dag_id != ANY:
            wanted.append(is_("dag_id", dags.get(tx, dag_id).dag_id))
        partitions = partition_orders.days_of(tx, dag_id, since, until) if since or until else OfPartitions()
        if query.cursor is not None:
            return cursors.answer("dag_runs", query, lambda page: _page(tx, wanted, page, partitions))
        found, total = _page(tx, wanted, query.page(), partitions)
        return {"dag_runs": found, "total_entries": total, **cursors.NONE}


def _page(tx: Tx, wanted: list[Condition], page: Any, partitions: OfPartitions) -> tuple[list[shapes.Body], int]:
    found, total = lists.of_runs(tx, wanted, page, partitions)
    return Told(tx).runs(found), total


@router.post(BASE + "/list")
def get_list_dag_runs_batch(
    dag_id: Literal["~"], body: RunsBatch, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.DAGRunCollectionResponse)]:
    """Runs of several DAGs by what a body asks for."""
    wanted = conditions(body, besides={"states"}, dag_ids="dag_id")
    if body.states:
        wanted.append(is_("state", *(None if state is None else state.value for state in body.states)))
    with services.store.reading() as tx:
        found, total = _page(tx, wanted, body.page(), OfPartitions())
    return {"dag_runs": found, "total_entries": total, **cursors.NONE}


@router.get(BASE + "/{dag_run_id}")
def get_dag_run(
    dag_id: str, dag_run_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_runs.DAGRunResponse)]:
    """One run."""
    with services.store.reading() as tx:
        return Told(tx).run(runs.by_run_id(tx, dag_id, dag_run_id))


@router.patch(BASE + "/{dag_run_id}")
def patch_dag_run(
    dag_id: str,
    dag_run_id: str,
    body: PatchRun,
    services: ServicesDep,
    caller: CallerDep,
    update_mask: UpdateMask = None,
) -> Annotated[shapes.Body, Is(told_runs.DAGRunResponse)]:
    """Mark a run, or set its note."""
    given = masked(body, update_mask)
    with_note, note = "note" in given, given.get("note")
    with services.store.transaction() as tx:
        if given.get("state") is not None:
            state: RunState = given["state"]
            marking.mark_run(tx, dag_id, dag_run_id, state, note=note, with_note=with_note, who=caller)
        elif with_note:
            operations.set_run_note(tx, dag_id, dag_run_id, note, who=caller)
        return Told(tx).run(runs.by_run_id(tx, dag_id, dag_run_id))


@router.delete(BASE + "/{dag_run_id}", status_code=204)
def delete_dag_run(dag_id: str, dag_run_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Delete a run that has ended, with its tasks, logs and results."""
    operations.delete_run(services.store, dag_id, dag_run_id, who=caller)


@router.post(BASE + "/{dag_run_id}/clear")
def clear_dag_run(
    dag_id: str, dag_run_id: str, body: ClearOptions, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.ClearTaskInstanceCollectionResponse | told_runs.DAGRunResponse)]:
    """Clear a run's tasks and tell the run, or with ``dry_run`` (the default, as in Airflow) say which they are."""
    found = clear(services, dag_id, dag_run_id, body, caller)
    return told_instances(found) if body.dry_run else found[0]


def clear(services: Services, dag_id: str, run_id: str, body: ClearOptions, caller: str) -> list[shapes.Body]:
    """Clear a run as BODY says and tell the run as that leaves it; of a dry run, the task instances it would be."""
    with services.store.reading() if body.dry_run else services.store.transaction() as tx:
        cleared = operations.clear(
            tx,
            dag_id,
            run_id,
            only_failed=body.only_failed,
            only_new=body.only_new,
            run_note=body.note,
            dry_run=body.dry_run,
            newest_version=body.run_on_latest_version,
            who=caller,
        )
        told = Told(tx)
        return told.of_instances(cleared.instances) if body.dry_run else [told.run(cleared.run)]


def told_instances(found: list[shapes.Body]) -> shapes.Body:
    """What a clear would clear; what several of the runs lead to is told once. Tasks that are new have no run yet."""
    once = {tuple(row.get(name) for name in ("dag_id", "dag_run_id", "task_id", "map_index")): row for row in found}
    return {"task_instances": list(once.values()), "total_entries": len(once)}
