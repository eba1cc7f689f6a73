"""Answers about DAGs, their versions, sources, tags and tasks."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from goflow.server.rest.answers import Duration, Moment, Uuid
from goflow.server.rest.answers.files import Diagnostic
from goflow.server.rest.answers.page import Problem


class DagVersionResponse(TypedDict):
    id: Uuid
    version_number: int
    dag_id: str
    bundle_name: str | None
    bundle_version: str | None
    created_at: Moment
    dag_display_name: str
    bundle_url: str | None


class DagTagResponse(TypedDict):
    name: str
    dag_id: str
    dag_display_name: str


DagRunType = Literal[
    "backfill", "scheduled", "manual", "operator_triggered", "asset_triggered", "asset_materialization"
]


class DAGResponse(TypedDict):
    dag_id: str
    dag_display_name: str
    is_paused: bool
    is_stale: bool
    last_parsed_time: Moment | None
    last_parse_duration: float | None
    last_expired: Moment | None
    bundle_name: str | None
    bundle_version: str | None
    relative_fileloc: str | None
    fileloc: str
    description: str | None
    timetable_summary: str | None
    timetable_description: str | None
    timetable_partitioned: bool
    timetable_periodic: bool
    tags: list[DagTagResponse]
    max_active_tasks: int
    max_active_runs: int | None
    max_consecutive_failed_dag_runs: int
    has_task_concurrency_limits: bool
    has_import_errors: bool
    next_dagrun_logical_date: Moment | None
    next_dagrun_data_interval_start: Moment | None
    next_dagrun_data_interval_end: Moment | None
    next_dagrun_run_after: Moment | None
    allowed_run_types: list[DagRunType] | None
    owners: list[str]
    is_backfillable: bool
    file_token: str
    # GoFlow's own
    namespace: str
    version: int
    file_path: str
    file_format: str
    dialect: str
    hold_reason: str | None
    task_count: int


class DAGCollectionResponse(TypedDict):
    dags: list[DAGResponse]
    total_entries: int


class DAGDetailsResponse(DAGResponse):
    catchup: bool
    dag_run_timeout: Duration | None
    asset_expression: dict[str, Any] | None
    doc_md: str | None
    start_date: Moment | None
    end_date: Moment | None
    is_paused_upon_creation: bool | None
    params: dict[str, Any] | None
    render_template_as_native_obj: bool
    template_search_path: list[str] | None
    timezone: str | None
    last_parsed: Moment | None
    default_args: dict[str, Any] | None
    rerun_with_latest_version: NotRequired[bool | None]
    owner_links: NotRequired[dict[str, str] | None]
    is_favorite: NotRequired[bool]
    active_runs_count: NotRequired[int]
    concurrency: int
    latest_dag_version: DagVersionResponse | None
    # GoFlow's own
    spec: dict[str, Any]
    problems: list[Problem]
    diagnostics: list[Diagnostic]


class DAGSourceResponse(TypedDict):
    content: str | None
    dag_id: str
    version_number: int | None
    dag_display_name: str


class DAGTagCollectionResponse(TypedDict):
    tags: list[str]
    total_entries: int


class DAGVersionCollectionResponse(TypedDict):
    dag_versions: list[DagVersionResponse]
    total_entries: int


DagWarningType = Literal["asset conflict", "non-existent pool", "runtime varying value"]


class DAGWarningResponse(TypedDict):
    dag_id: str
    warning_type: DagWarningType
    message: str
    timestamp: Moment
    dag_display_name: str


class DAGWarningCollectionResponse(TypedDict):
    dag_warnings: list[DAGWarningResponse]
    total_entries: int


TimeDelta = TypedDict("TimeDelta", {"__type": str, "days": int, "seconds": int, "microseconds": int})


class TaskResponse(TypedDict):
    task_id: str | None
    task_display_name: str | None
    owner: str | None
    start_date: Moment | None
    end_date: Moment | None
    trigger_rule: str | None
    depends_on_past: bool
    wait_for_downstream: bool
    retries: float | None
    queue: str | None
    pool: str | None
    pool_slots: float | None
    execution_timeout: TimeDelta | None
    retry_delay: TimeDelta | None
    retry_exponential_backoff: float
    priority_weight: float | None
    weight_rule: str | None
    ui_color: str | None
    ui_fgcolor: str | None
    template_fields: list[str] | None
    downstream_task_ids: list[str] | None
    doc_md: str | None
    operator_name: str | None
    params: dict[str, Any] | None
    class_ref: dict[str, Any] | None
    is_mapped: bool | None
    extra_links: list[str]


class TaskCollectionResponse(TypedDict):
    tasks: list[TaskResponse]
    total_entries: int
