"""DAGs: list, show, pause, delete, mark as favourites."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.assets import AssetKey
from goflow.domain.spec import DagSpec
from goflow.domain.state import RunState
from goflow.scheduler import operations
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import dags as told_dags
from goflow.server.rest.bodies import Told
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.masks import UpdateMask
from goflow.server.rest.naming import BUNDLE
from goflow.server.rest.paging import Bound, Paging, conditions, is_, run_states
from goflow.store import Tx, assets, dags, favorites, lists, questions, runs, versions
from goflow.store.listing import Condition, Op
from goflow.store.rows import Dag

router = APIRouter(tags=["DAG"])


class PatchDag(BaseModel):
    """What of a DAG can be set."""

    model_config = ConfigDict(extra="forbid")
    is_paused: bool


class SomeDags(Paging):
    """DAGs by what they are called, who owns them, and whether they are paused."""

    tags: list[str] = Field(default_factory=list)
    tags_match_mode: Literal["any", "all"] | None = None
    owners: list[str] = Field(default_factory=list)
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    exclude_stale: bool = True
    paused: bool | None = None

    def conditions(self, caller: str) -> list[Condition]:
        """As the store takes them."""
        found = conditions(self, besides=_OWN_WAY)
        if self.exclude_stale:
            found.append(is_("active", True))
        if self.tags:
            found.append(Condition("all_tags" if self.tags_match_mode == "all" else "tags", Op.IN, self.tags))
        return found


class DagsToPatch(SomeDags):
    """The same with which fields of the body count."""

    update_mask: list[str] | None = None


class DagQuery(SomeDags):
    """DAGs by all that Airflow's list knows."""

    dag_display_name_pattern: str | None = None
    dag_display_name_prefix_pattern: str | None = None
    has_import_errors: bool | None = None
    last_dag_run_state: RunState | None = None
    bundle_name: str | None = None
    bundle_version: str | None = None
    has_asset_schedule: bool | None = None
    asset_dependency: str | None = None
    dag_run_start_date_gte: Bound = None
    dag_run_start_date_gt: Bound = None
    dag_run_start_date_lte: Bound = None
    dag_run_start_date_lt: Bound = None
    dag_run_end_date_gte: Bound = None
    dag_run_end_date_gt: Bound = None
    dag_run_end_date_lte: Bound = None
    dag_run_end_date_lt: Bound = None
    dag_run_state: list[str] = Field(default_factory=list)
    is_favorite: bool | None = None
    timetable_type: list[str] = Field(default_factory=list)

    def conditions(self, caller: str) -> list[Condition]:
        """As the store takes them."""
        found = super().conditions(caller)
        if self.dag_run_state:
            found.append(is_("dag_run_state", *run_states(self.dag_run_state)))
        if self.is_favorite is not None:
            found.append(Condition("favorite_of" if self.is_favorite else "not_favorite_of", Op.IN, [caller]))
        if self.bundle_name not in {None, BUNDLE}:
            found.append(is_("dag_id"))
        return found


_OWN_WAY = ("update_mask", "tags", "tags_match_mode", "exclude_stale", "dag_run_state", "is_favorite", "bundle_name")


@router.get("/api/v2/dags")
def get_dags(
    query: Annotated[DagQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_dags.DAGCollectionResponse)]:
    """DAGs, active ones unless asked for all."""
    with services.store.reading() as tx:
        found, total = lists.of_dags(tx, query.conditions(caller), query.page())
        return {"dags": Told(tx, services.dag_folder).dags(found), "total_entries": total}


@router.patch("/api/v2/dags")
def patch_dags(
    body: PatchDag,
    query: Annotated[DagsToPatch, Query()],
    services: ServicesDep,
    caller: CallerDep,
) -> Annotated[shapes.Body, Is(told_dags.DAGCollectionResponse)]:
    """Pause or unpause all DAGs that fit; none without ``dag_id_pattern`` or ``dag_id_prefix_pattern``."""
    _only_paused(query.update_mask)
    if query.dag_id_pattern is None and query.dag_id_prefix_pattern is None:
        return {"dags": [], "total_entries": 0}
    page = query.page()
    with services.store.transaction() as tx:
        found, total = lists.of_dags(tx, query.conditions(caller), page)
        every, _ = lists.of_dags(tx, query.conditions(caller), lists.EVERYTHING)
        for row in every:
            dags.set_paused(tx, row.dag_id, body.is_paused, who=caller)
        shown = [dags.get(tx, row.dag_id) for row in found]
        return {"dags": Told(tx, services.dag_folder).dags(shown), "total_entries": total}


@router.get("/api/v2/dags/{dag_id}")
def get_dag(dag_id: str, services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_dags.DAGResponse)]:
    """One DAG."""
    with services.store.reading() as tx:
        return Told(tx, services.dag_folder).dag(dags.get(tx, dag_id))


@router.get("/api/v2/dags/{dag_id}/details")
def get_dag_details(
    dag_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_dags.DAGDetailsResponse)]:
    """One DAG with its meaning: dates, params, and as ``spec`` its tasks and edges."""
    with services.store.reading() as tx:
        row = dags.get(tx, dag_id)
        reading = versions.reading(tx, row.reading_id)
        told = Told(tx, services.dag_folder)
        return {
            **told.dag(row),
            **_details(tx, row, versions.spec(tx, row.reading_id)),
            "latest_dag_version": told.version(row.version_id),
            "is_favorite": favorites.is_one(tx, dag_id, caller),
            "spec": versions.spec_json(tx, row.reading_id),
            "problems": [shapes.problem(question) for question in questions.problems(tx, dag_id)],
            "diagnostics": [found.to_json() for found in reading.diagnostics],
        }


def _details(tx: Tx, row: Dag, spec: DagSpec) -> shapes.Body:
    """What DAGDetailsResponse has beyond DAGResponse. The default arguments are in the tasks; they are not kept."""

    def number(key: AssetKey) -> int | None:
        found = assets.find(tx, name=key.name, uri=key.uri)
        return None if found is None else found.id

    running = runs.count_states(tx, [row.dag_id]).get(row.dag_id, {}).get(RunState.RUNNING.value, 0)
    return {
        "catchup": spec.catchup,
        "dag_run_timeout": shapes.duration(spec.dagrun_timeout),
        "asset_expression": shapes.asset_expression(spec.schedule, number),
        "doc_md": spec.doc,
        "start_date": shapes.moment(spec.start_date.resolve(tx.now()) if spec.start_date else None),
        "end_date": shapes.moment(spec.end_date.resolve(tx.now()) if spec.end_date else None),
        "is_paused_upon_creation": spec.is_paused_upon_creation,
        "params": shapes.params(spec.params, spec.param_schemas),
        "render_template_as_native_obj": spec.native,
        "template_search_path": [str(path) for path in spec.template_searchpath] or None,
        "timezone": spec.timezone,
        "last_parsed": shapes.moment(row.last_updated_date),
        "default_args": {},
        "rerun_with_latest_version": spec.rerun_with_latest_version,
        "owner_links": {},
        "active_runs_count": running,
        "concurrency": row.max_active_tasks,
    }


@router.patch("/api/v2/dags/{dag_id}")
def patch_dag(
    dag_id: str, body: PatchDag, services: ServicesDep, caller: CallerDep, update_mask: UpdateMask = None
) -> Annotated[shapes.Body, Is(told_dags.DAGResponse)]:
    """Pause or unpause."""
    _only_paused(update_mask)
    change = operations.pause if body.is_paused else operations.unpause
    change(services.store, dag_id, who=caller)
    with services.store.reading() as tx:
        return Told(tx, services.dag_folder).dag(dags.get(tx, dag_id))


def _only_paused(mask: list[str] | None) -> None:
    if mask and mask != ["is_paused"]:
        raise HTTPException(400, "Only `is_paused` field can be updated through the REST API")


@router.delete("/api/v2/dags/{dag_id}", status_code=204)
def delete_dag(dag_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Delete a DAG whose file is gone, with all its runs. 409 while it is active or runs of it are open."""
    with services.store.transaction() as tx:
        dags.delete_(tx, dag_id, who=caller)


@router.post("/api/v2/dags/{dag_id}/favorite", status_code=204)
def favorite_dag(dag_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Mark a DAG as one of the caller's favourites. 409 when it is one."""
    with services.store.transaction() as tx:
        dags.get(tx, dag_id)
        if not favorites.add(tx, dag_id, caller):
            raise HTTPException(409, f"DAG {dag_id} is marked as favorite already")


@router.post("/api/v2/dags/{dag_id}/unfavorite", status_code=204)
def unfavorite_dag(dag_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """It is one no longer. 409 when it is none."""
    with services.store.transaction() as tx:
        dags.get(tx, dag_id)
        if not favorites.remove(tx, dag_id, caller):
            raise HTTPException(409, "Dag is not marked as favorite")


@router.post("/goflow/v1/dags/{dag_id}/release")
def release_dag(
    dag_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_dags.DAGResponse)]:
    """A person's word: let a held catch-up begin."""
    operations.release(services.store, dag_id, who=caller)
    with services.store.reading() as tx:
        return Told(tx, services.dag_folder).dag(dags.get(tx, dag_id))
