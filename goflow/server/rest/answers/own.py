"""Answers about what Airflow does not have: alerts, CronJobs, lateness, partitions, signing in, and the like."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from goflow.server.rest.answers import Moment
from goflow.server.rest.answers.files import Diagnostic
from goflow.server.rest.answers.page import RunOfPage

Status = dict[str, Any]
"""``version``, and what each part says of itself."""


class AlertMessage(TypedDict):
    key: str
    channel: str
    state: str
    due_at: Moment | None
    attempts: int
    ended_at: Moment | None
    error: str | None


class Alert(TypedDict):
    id: int
    kind: str
    severity: str
    at: Moment
    problem: str
    title: str
    text: str
    dag_id: str | None
    run_id: str | None
    task_id: str | None
    map_index: int | None
    try_number: int | None
    labels: dict[str, Any]
    rules: list[str]
    resolved_at: Moment | None
    messages: list[AlertMessage]


class Alerts(TypedDict):
    alerts: list[Alert]
    total_entries: int


QuietHours = TypedDict(
    "QuietHours",
    {"from": str, "to": str, "timezone": str, "days": list[int], "then": str, "except": list[str]},
)


class AlertRule(TypedDict):
    name: str
    kinds: list[str]
    channels: list[str]
    dags: list[str]
    tags: list[str]
    namespaces: list[str]
    severity: str | None
    group_by: list[str]
    group_wait_s: float
    repeat_interval_s: float
    quiet_hours: QuietHours | None


class AlertRules(TypedDict):
    file: str
    in_force_since: Moment | None
    rules: list[AlertRule]
    diagnostics: list[Diagnostic]


class AlertChannel(TypedDict):
    name: str
    type: str
    target: str
    waiting: int
    last_state: str | None
    last_at: Moment | None
    error: str | None


class AlertChannels(TypedDict):
    channels: list[AlertChannel]
    total_entries: int


class TestedChannel(TypedDict):
    channel: str
    type: str
    target: str
    key: str


class CronJob(TypedDict):
    namespace: str
    name: str
    dag_id: str
    dag_display_name: str | None
    placed: bool
    state: str
    problem: str | None
    schedule: str
    time_zone: str | None
    suspended: bool
    last_schedule_at: Moment | None
    next_schedule_at: Moment | None
    mended_at: Moment | None
    mended: str | None
    in_force_since: Moment | None
    seen_at: Moment | None


class CronJobs(TypedDict):
    cronjobs: list[CronJob]
    total_entries: int
    trouble: str | None


class WantedCronJob(CronJob):
    manifest: dict[str, Any] | None


class RunOfCronJob(RunOfPage):
    job: str


class RunsOfCronJob(TypedDict):
    runs: list[RunOfCronJob]
    total_entries: int


class Deadline(TypedDict):
    id: str
    dag_id: str
    dag_run_id: str
    deadline_time: Moment
    missed: bool
    created_at: Moment
    alert_name: str | None
    reference_type: str
    interval: float


class Deadlines(TypedDict):
    deadlines: list[Deadline]
    total_entries: int


class SlaMiss(TypedDict):
    dag_id: str
    task_id: str
    logical_date: Moment | None
    timestamp: Moment


class LateAnswer(TypedDict):
    deadlines: list[Deadline]
    sla_misses: list[SlaMiss]


class RunOfBackfill(TypedDict):
    sort_ordinal: int
    logical_date: Moment | None
    partition_key: str | None
    run_id: str | None
    state: str | None
    exception_reason: str | None


class RunsOfBackfill(TypedDict):
    backfill_runs: list[RunOfBackfill]
    total_entries: int


class WaitingTask(TypedDict):
    task_id: str
    map_index: int
    state: str
    waits_for: str | None


class WaitingTasks(TypedDict):
    task_instances: list[WaitingTask]
    total_entries: int


class LogLine(TypedDict):
    at: float
    stream: str
    text: str


class LogLines(TypedDict):
    lines: list[LogLine]
    cursor: str
    ended: bool
    message: str | None


class FoundLine(LogLine):
    dag_id: str
    dag_run_id: str
    task_id: str
    map_index: int
    try_number: int
    launch_id: str
    seq: int


class FoundLines(TypedDict):
    lines: list[FoundLine]
    partial: str | None


class AwaitedAsset(TypedDict):
    name: str
    uri: str
    is_met: bool
    received_keys: list[str]
    missing_keys: list[str]
    required_keys: int | None
    is_out_of_reach: bool


class WaitingPartition(TypedDict):
    dag_id: str
    partition_key: str
    since: Moment
    events: int
    assets: list[AwaitedAsset]


class WaitingPartitions(TypedDict):
    partitions: list[WaitingPartition]
    total_entries: int


class Daemon(TypedDict):
    id: str
    name: str | None
    version: str | None
    since: Moment | None
    state: Literal["running", "gone"]
    tasks: int


class Daemons(TypedDict):
    daemons: list[Daemon]
    total_entries: int


class ForgottenDaemon(TypedDict):
    daemon: str
    tasks: int


class Token(TypedDict):
    name: str
    role: str
    created: Moment
    expires: Moment | None
    last_used: Moment | None


class Tokens(TypedDict):
    tokens: list[Token]
    total_entries: int


class NewToken(TypedDict):
    name: str
    role: str
    token: str


class AccessToken(TypedDict):
    access_token: str


class Me(TypedDict):
    name: str
    who: str
    role: str
    may: list[str]
    is_user: bool
    csrf_header: str
    csrf_token: str | None


class SignedIn(Me):
    expires: Moment


class Provider(TypedDict):
    name: str
    url: str


class SessionAnswer(TypedDict):
    signed_in: bool
    sign_in_needed: bool
    password: bool
    oidc: Provider | None
    me: Me | None


class User(TypedDict):
    name: str
    role: str
    signs_in_by: str
    created: Moment
    last_updated: Moment
    last_sign_in: Moment | None


class Users(TypedDict):
    users: list[User]
    total_entries: int


class Session(TypedDict):
    id: str
    kind: str
    address: str | None
    started: Moment
    last_used: Moment | None
    expires: Moment
    is_this: bool


class Sessions(TypedDict):
    sessions: list[Session]
    total_entries: int


class EndedSessions(TypedDict):
    ended: int
