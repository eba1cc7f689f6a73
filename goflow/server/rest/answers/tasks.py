"""Answers about task instances, their tries, logs, links, results, states and questions."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from goflow.server.rest.answers import Moment, Uuid
from goflow.server.rest.answers.dags import DagVersionResponse
from goflow.server.rest.answers.usage import Attempt, AttemptUsage, Launch

TaskInstanceState = Literal[
    "removed",
    "scheduled",
    "queued",
    "running",
    "success",
    "restarting",
    "failed",
    "up_for_retry",
    "up_for_reschedule",
    "upstream_failed",
    "skipped",
    "deferred",
    "awaiting_input",
]


class TriggerResponse(TypedDict):
    id: int
    classpath: str
    kwargs: str
    created_date: Moment
    queue: str | None
    triggerer_id: int | None


class JobResponse(TypedDict):
    id: int
    dag_id: str | None
    state: str | None
    job_type: str | None
    start_date: Moment | None
    end_date: Moment | None
    latest_heartbeat: Moment | None
    executor_class: str | None
    hostname: str | None
    unixname: str | None
    dag_display_name: NotRequired[str | None]


class TaskInstanceResponse(TypedDict):
    id: Uuid
    task_id: str
    dag_id: str
    dag_run_id: str
    map_index: int
    logical_date: Moment | None
    run_after: Moment
    start_date: Moment | None
    end_date: Moment | None
    duration: float | None
    state: TaskInstanceState | None
    try_number: int
    max_tries: int
    task_display_name: str
    dag_display_name: str
    hostname: str | None
    unixname: str | None
    pool: str
    pool_slots: int
    queue: str | None
    priority_weight: int | None
    operator: str | None
    operator_name: str | None
    queued_when: Moment | None
    scheduled_when: Moment | None
    pid: int | None
    executor: str | None
    executor_config: str
    note: str | None
    rendered_map_index: str | None
    rendered_fields: NotRequired[dict[str, Any]]
    trigger: TriggerResponse | None
    triggerer_job: JobResponse | None
    dag_version: DagVersionResponse | None
    # GoFlow's own
    map_index_label: NotRequired[str | None]
    next_at: Moment | None
    reason: str | None
    message: str | None
    xcoms: NotRequired[dict[str, Any]]
    attempts: NotRequired[list[Attempt]]
    launches: NotRequired[list[Launch]]


class NewTaskResponse(TypedDict):
    task_id: str
    task_display_name: str
    # GoFlow's own
    dag_run_id: str
    map_index: int
    state: None


class TaskInstanceCollectionResponse(TypedDict):
    task_instances: list[TaskInstanceResponse]
    total_entries: NotRequired[int | None]
    total_entries_limit: NotRequired[int | None]
    next_cursor: NotRequired[str | None]
    previous_cursor: NotRequired[str | None]


class ClearTaskInstanceCollectionResponse(TypedDict):
    task_instances: list[TaskInstanceResponse | NewTaskResponse]
    total_entries: int


class TaskInstanceHistoryResponse(TypedDict):
    task_id: str
    dag_id: str
    dag_run_id: str
    map_index: int
    start_date: Moment | None
    end_date: Moment | None
    duration: float | None
    state: TaskInstanceState | None
    try_number: int
    max_tries: int
    task_display_name: str
    dag_display_name: str
    hostname: str | None
    unixname: str | None
    pool: str
    pool_slots: int
    queue: str | None
    priority_weight: int | None
    operator: str | None
    operator_name: str | None
    queued_when: Moment | None
    scheduled_when: Moment | None
    pid: int | None
    executor: str | None
    executor_config: str
    dag_version: DagVersionResponse | None
    # GoFlow's own
    exit_code: NotRequired[int | None]
    reason: str | None
    message: str | None
    usage: NotRequired[AttemptUsage]


class TaskInstanceHistoryCollectionResponse(TypedDict):
    task_instances: list[TaskInstanceHistoryResponse]
    total_entries: int


class TaskDependencyResponse(TypedDict):
    name: str
    reason: str


class TaskDependencyCollectionResponse(TypedDict):
    dependencies: list[TaskDependencyResponse]


class StructuredLogMessage(TypedDict):
    timestamp: NotRequired[Moment]
    event: str


class TaskInstancesLogResponse(TypedDict):
    content: list[StructuredLogMessage] | list[str]
    continuation_token: str | None


class ExternalLogUrlResponse(TypedDict):
    url: str


class ExtraLinkCollectionResponse(TypedDict):
    extra_links: dict[str, str | None]
    total_entries: int


class TaskStateStoreResponse(TypedDict):
    key: str
    value: Any
    updated_at: Moment
    expires_at: Moment | None


class TaskStateStoreCollectionResponse(TypedDict):
    task_state_store: list[TaskStateStoreResponse]
    total_entries: int


class XComResponse(TypedDict):
    key: str
    timestamp: Moment
    logical_date: Moment | None
    map_index: int
    task_id: str
    dag_id: str
    run_id: str
    dag_display_name: str
    task_display_name: str
    run_after: Moment


class XComCollectionResponse(TypedDict):
    xcom_entries: list[XComResponse]
    total_entries: int


class XComResponseNative(XComResponse):
    value: Any


class XComResponseString(XComResponse):
    value: str | None


class HITLUser(TypedDict):
    id: str
    name: str


class HITLDetail(TypedDict):
    options: list[str]
    subject: str
    body: NotRequired[str | None]
    defaults: NotRequired[list[str] | None]
    multiple: NotRequired[bool]
    params: NotRequired[dict[str, Any]]
    assigned_users: NotRequired[list[HITLUser]]
    created_at: Moment
    responded_by_user: NotRequired[HITLUser | None]
    responded_at: NotRequired[Moment | None]
    chosen_options: NotRequired[list[str] | None]
    params_input: NotRequired[dict[str, Any]]
    response_received: NotRequired[bool]
    task_instance: TaskInstanceResponse


class HITLDetailCollection(TypedDict):
    hitl_details: list[HITLDetail]
    total_entries: int


class HITLDetailHistory(TypedDict):
    options: list[str]
    subject: str
    body: NotRequired[str | None]
    defaults: NotRequired[list[str] | None]
    multiple: NotRequired[bool]
    params: NotRequired[dict[str, Any]]
    assigned_users: NotRequired[list[HITLUser]]
    created_at: Moment
    responded_by_user: NotRequired[HITLUser | None]
    responded_at: NotRequired[Moment | None]
    chosen_options: NotRequired[list[str] | None]
    params_input: NotRequired[dict[str, Any]]
    response_received: NotRequired[bool]
    task_instance: TaskInstanceHistoryResponse


class HITLDetailResponse(TypedDict):
    responded_by: HITLUser
    responded_at: Moment
    chosen_options: list[str]
    params_input: NotRequired[dict[str, Any]]
