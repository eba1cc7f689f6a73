"""Answers about DAG runs and backfills."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from goflow.server.rest.answers import Counted, Moment
from goflow.server.rest.answers.dags import DagRunType, DagVersionResponse

DagRunState = Literal["queued", "running", "success", "failed"]


DagRunTriggeredByType = Literal["cli", "operator", "rest_api", "ui", "test", "timetable", "asset", "backfill"]


class DAGRunResponse(TypedDict):
    dag_run_id: str
    dag_id: str
    logical_date: Moment | None
    queued_at: Moment | None
    start_date: Moment | None
    end_date: Moment | None
    duration: float | None
    data_interval_start: Moment | None
    data_interval_end: Moment | None
    run_after: Moment
    last_scheduling_decision: Moment | None
    run_type: DagRunType
    state: DagRunState
    triggered_by: DagRunTriggeredByType | None
    triggering_user_name: str | None
    conf: dict[str, Any] | None
    note: str | None
    dag_versions: list[DagVersionResponse]
    bundle_version: str | None
    dag_display_name: str
    partition_key: str | None
    partition_date: Moment | None
    # GoFlow's own
    run_id: str
    dag_version: int
    backfill_id: int | None
    who: str | None


class DAGRunCollectionResponse(TypedDict):
    dag_runs: list[DAGRunResponse]
    total_entries: NotRequired[int | None]
    total_entries_limit: NotRequired[int | None]
    next_cursor: NotRequired[str | None]
    previous_cursor: NotRequired[str | None]


class DagStatsStateResponse(TypedDict):
    state: DagRunState
    count: int


class DagStatsResponse(TypedDict):
    dag_id: str
    dag_display_name: str
    stats: list[DagStatsStateResponse]


class DagStatsCollectionResponse(TypedDict):
    dags: list[DagStatsResponse]
    total_entries: int


class ClearPartitionsResponse(TypedDict):
    dag_runs_cleared: int
    task_instances_cleared: int
    dry_run: bool


ReprocessBehavior = Literal["failed", "completed", "none"]


class BackfillResponse(TypedDict):
    id: int
    dag_id: str
    from_date: Moment
    to_date: Moment
    dag_run_conf: dict[str, Any] | None
    is_paused: bool
    reprocess_behavior: ReprocessBehavior
    max_active_runs: int
    created_at: Moment
    completed_at: Moment | None
    updated_at: Moment
    dag_display_name: str
    # GoFlow's own
    run_backwards: bool
    triggering_user_name: str | None
    runs: Counted


class BackfillCollectionResponse(TypedDict):
    backfills: list[BackfillResponse]
    total_entries: int


class DryRunBackfillResponse(TypedDict):
    logical_date: Moment | None
    partition_key: str | None
    partition_date: Moment | None
    # GoFlow's own
    data_interval_start: Moment | None
    data_interval_end: Moment | None


class DryRunBackfillCollectionResponse(TypedDict):
    backfills: list[DryRunBackfillResponse]
    total_entries: int
