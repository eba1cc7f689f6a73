"""What is known of DAGs besides themselves: their tasks, versions, source, tags, counts of runs, and warnings."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import PlainTextResponse, Response
from pydantic import Field

from goflow.domain.errors import NotFoundError
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import RunState
from goflow.server.rest import naming, shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import dags as told_dags
from goflow.server.rest.answers import runs as told_runs
from goflow.server.rest.bodies import Told
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.naming import BUNDLE
from goflow.server.rest.paging import Number, Paging, PagingQuery, PathNumber, conditions, is_
from goflow.server.rest.runs import ANY
from goflow.server.rest.strict import strict
from goflow.server.rest.versions import source
from goflow.store import dags, files, runs, versions

router = APIRouter()
TEXT = "text/plain"


class VersionQuery(Paging):
    """Versions by number and hash."""

    version_number: Number | None = None
    bundle_name: str | None = None
    bundle_version: str | None = None


class TagQuery(Paging):
    """Tags by what they are called."""

    tag_name_pattern: str | None = None
    tag_name_prefix_pattern: str | None = None


@router.get("/api/v2/dags/{dag_id}/dagVersions", tags=["DagVersion"])
def get_dag_versions(
    dag_id: str, query: Annotated[VersionQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_dags.DAGVersionCollectionResponse)]:
    """Versions of a DAG, or of all (``~``); ``bundle_version`` is the hash of a version's files."""
    with services.store.reading() as tx:
        wanted = conditions(query, besides={"bundle_name"})
        if dag_id != ANY:
            wanted.append(is_("dag_id", dags.get(tx, dag_id).dag_id))
        if query.bundle_name not in {None, BUNDLE}:
            wanted.append(is_("dag_id"))
        found, total = versions.page(tx, wanted, query.page())
        told = Told(tx)
        return {"dag_versions": [told.version_body(row) for row in found], "total_entries": total}


@router.get("/api/v2/dags/{dag_id}/dagVersions/{version_number}", tags=["DagVersion"])
def get_dag_version(
    dag_id: str, version_number: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_dags.DagVersionResponse)]:
    """One version of a DAG."""
    with services.store.reading() as tx:
        return Told(tx).version_body(versions.by_number(tx, dag_id, version_number))


@router.get("/api/v2/dagSources/{dag_id}", tags=["DagSource"], response_model=None)
def get_dag_source(
    dag_id: str,
    services: ServicesDep,
    caller: CallerDep,
    version_number: Number | None = None,
    accept: Annotated[str, Header()] = "*/*",
) -> Annotated[Response | shapes.Body, Is(told_dags.DAGSourceResponse)]:
    """The text of a DAG's file, as it was in a version (default: the newest); plain to those who ask for that alone."""
    with services.store.reading() as tx:
        row = dags.get(tx, dag_id)
        number = row.version if version_number is None else version_number
        text = source(tx, dag_id, number)
    if accept.startswith(TEXT):
        return PlainTextResponse(text)
    return {"content": text, "dag_id": dag_id, "version_number": number, "dag_display_name": row.name}


@router.get("/api/v2/dagTags", tags=["DAG"])
def get_dag_tags(
    query: Annotated[TagQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_dags.DAGTagCollectionResponse)]:
    """The tags of DAGs, by name."""
    with services.store.reading() as tx:
        found = [tag for tag in dags.tags(tx) if _fits(tag, query)]
    if any(name.lstrip("-") != "name" for name in query.order_by):
        raise HTTPException(400, f"Ordering with '{query.order_by[0].lstrip('-')}' is disallowed")
    if query.order_by and query.order_by[0].startswith("-"):
        found.reverse()
    return {"tags": found[query.offset :][: query.limit], "total_entries": len(found)}


def _fits(tag: str, query: TagQuery) -> bool:
    part, beginning = query.tag_name_pattern, query.tag_name_prefix_pattern
    fits_part = part in {None, "~", "%"} or any(one.strip().lower() in tag.lower() for one in str(part).split("|"))
    return fits_part and (beginning in {None, "~"} or tag.startswith(tuple(str(beginning).split("|"))))


@router.get("/api/v2/dagStats", tags=["DagStats"])
def get_dag_stats(
    services: ServicesDep, caller: CallerDep, dag_ids: Annotated[list[str] | None, Query()] = None
) -> Annotated[shapes.Body, Is(told_runs.DagStatsCollectionResponse)]:
    """How many runs of each DAG are in each state; DAGs without a run are left out."""
    with services.store.reading() as tx:
        told = Told(tx)
        found = [
            {
                "dag_id": dag_id,
                "dag_display_name": told.dag_name(dag_id),
                "stats": [{"state": state.value, "count": counts.get(state.value, 0)} for state in RunState],
            }
            for dag_id, counts in sorted(runs.count_states(tx, dag_ids or None).items())
        ]
    return {"dags": found, "total_entries": len(found)}


@router.get("/api/v2/dagWarnings", tags=["DagWarning"])
def list_dag_warnings(
    query: PagingQuery, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_dags.DAGWarningCollectionResponse)]:
    """None: of a pool that is not there (Airflow's only kind here) the task that waits for it tells."""
    return {"dag_warnings": [], "total_entries": 0}


@router.put("/api/v2/parseDagFile/{file_token}", tags=["DAG Parsing"], status_code=201)
def reparse_dag_file(file_token: str, services: ServicesDep, caller: CallerDep) -> None:
    """Have a DAG's file (``file_token`` of the DAG) read again with the next scan of the folder."""
    path = naming.path_of(file_token)
    with services.store.transaction() as tx:
        if path is None or files.get(tx, path) is None:
            raise NotFoundError("a file of that token", hint="file_token of a DAG names its file")
        files.read_again(tx, path, who=caller)


# Tasks -----------------------------------------------------------------------------------------------------------

_ORDERS = frozenset(
    {
        *("task_id", "task_display_name", "owner", "start_date", "end_date", "trigger_rule", "depends_on_past"),
        *("wait_for_downstream", "retries", "queue", "pool", "pool_slots", "execution_timeout", "retry_delay"),
        *("retry_exponential_backoff", "priority_weight", "weight_rule", "ui_color", "ui_fgcolor", "operator_name"),
    }
)


@router.get("/api/v2/dags/{dag_id}/tasks", tags=["Task"])
def get_tasks(
    dag_id: str, services: ServicesDep, caller: CallerDep, order_by: Annotated[str, Field()] = "task_id"
) -> Annotated[shapes.Body, Is(told_dags.TaskCollectionResponse)]:
    """The tasks of a DAG as its newest version has them."""
    field = order_by.lstrip("-")
    if field not in _ORDERS:
        raise HTTPException(400, f"Ordering with '{field}' is disallowed or the attribute does not exist on the model")
    with services.store.reading() as tx:
        spec = versions.spec(tx, dags.get(tx, dag_id).reading_id)
        below = _below(spec)
        found = [_task(spec, task, below, tx.now()) for task in spec.tasks]
    found.sort(key=lambda row: _order(row[field]), reverse=order_by.startswith("-"))
    return {"tasks": found, "total_entries": len(found)}


def _order(value: Any) -> tuple[bool, Any]:
    if isinstance(value, dict):
        value = (value["days"], value["seconds"], value["microseconds"])
    return value is None, value


@router.get("/api/v2/dags/{dag_id}/tasks/{task_id}", tags=["Task"])
def get_task(
    dag_id: str, task_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_dags.TaskResponse)]:
    """One task of a DAG as its newest version has it."""
    with services.store.reading() as tx:
        spec = versions.spec(tx, dags.get(tx, dag_id).reading_id)
        try:
            return _task(spec, spec.task(task_id), _below(spec), tx.now())
        except KeyError:
            raise NotFoundError(f"task {task_id} of DAG {dag_id}") from None


def _below(dag: DagSpec) -> dict[str, list[str]]:
    """The tasks right below each task, by their ids."""
    found: dict[str, list[str]] = {}
    for task in dag.tasks:
        for above in task.upstream:
            found.setdefault(above, []).append(task.task_id)
    return {task_id: sorted(below) for task_id, below in found.items()}


def _task(dag: DagSpec, task: TaskSpec, below: dict[str, list[str]], now: dt.datetime) -> shapes.Body:
    """TaskResponse."""
    start, end = task.start_date or dag.start_date, task.end_date or dag.end_date
    return {
        "task_id": task.task_id,
        "task_display_name": task.display_name or task.task_id,
        "owner": task.owner,
        "start_date": shapes.moment(start.resolve(now) if start else None),
        "end_date": shapes.moment(end.resolve(now) if end else None),
        "trigger_rule": task.trigger_rule,
        "depends_on_past": task.depends_on_past,
        "wait_for_downstream": task.wait_for_downstream,
        "retries": task.retries,
        "queue": task.queue,
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "execution_timeout": shapes.delta(task.execution_timeout),
        "retry_delay": shapes.delta(task.retry_delay),
        "retry_exponential_backoff": task.retry_exponential_backoff,
        "priority_weight": task.priority_weight,
        "weight_rule": task.weight_rule,
        "ui_color": naming.ui_color(task),
        "ui_fgcolor": "#000",
        "template_fields": list(task.template_fields),
        "downstream_task_ids": below.get(task.task_id, []),
        "doc_md": task.doc,
        "operator_name": naming.operator_name(task),
        "params": strict(shapes.params({**dag.params, **task.params}, dag.param_schemas, task.params)),
        "class_ref": {
            "module_path": task.operator_path.rpartition(".")[0] or None,
            "class_name": task.operator,
        },
        "is_mapped": task.mapped,
        "extra_links": [],
    }
