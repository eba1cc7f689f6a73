"""Answers to the web page alone: many rows in few columns."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from goflow.server.rest.answers import Counted, Day, Moment
from goflow.server.rest.answers.files import Diagnostic, Structure
from goflow.server.rest.answers.usage import Attempt, Launch


class RunColumns(TypedDict):
    key: list[int]
    dag_id: list[str]
    run_id: list[str]
    run_type: list[str]
    state: list[str]
    logical_date: list[Moment | None]
    run_after: list[Moment]
    queued_at: list[Moment | None]
    start_date: list[Moment | None]
    end_date: list[Moment | None]
    note: list[str | None]
    triggered_by: list[str | None]
    version: list[int]


class GridAnswer(TypedDict):
    reading: int
    runs: RunColumns
    more: bool
    states: list[str]
    gone: list[str]
    copies: list[tuple[int, int, Counted]]
    structure: NotRequired[Structure]


class CopiesAnswer(TypedDict):
    runs: dict[str, str]
    labels: dict[str, str]
    cut: bool


Strips = dict[str, list[tuple[str, str, Moment | None, Moment | None, Moment]]]
"""Of each DAG its newest runs, the oldest of them first: run, state, begin, end, and the moment that they stand for."""


class DagColumns(TypedDict):
    dag_id: list[str]
    name: list[str]
    description: list[str | None]
    is_paused: list[bool]
    schedule: list[str]
    next: list[Moment | None]
    tags: list[list[str]]
    owners: list[list[str]]
    tasks: list[int]
    namespace: list[str]
    file_path: list[str]
    version: list[int]
    hold_reason: list[str | None]
    last: list[str | None]
    cronjob: list[Literal["placed", "watched"] | None]
    strips: Strips


class StripsAnswer(TypedDict):
    strips: Strips


class Part(TypedDict):
    part: str
    problem: str | None


class DagsCounted(TypedDict):
    active: int
    paused: int


class Overdue(TypedDict):
    dag_id: str
    since: Moment


class MissedDeadline(TypedDict):
    dag_id: str
    run_id: str
    deadline_time: Moment
    name: str | None


class MissedSla(TypedDict):
    dag_id: str
    task_id: str
    logical_date: Moment | None
    missed_at: Moment


class Late(TypedDict):
    overdue: list[Overdue]
    deadlines: list[MissedDeadline]
    slas: list[MissedSla]


class NextRun(TypedDict):
    dag_id: str
    run_after: Moment
    logical_date: Moment | None


class Held(TypedDict):
    dag_id: str
    reason: str | None


class HomeAnswer(TypedDict):
    now: Moment
    dags: DagsCounted
    ended: Counted
    open: Counted
    tasks: Counted
    failed: RunColumns
    running: RunColumns
    late: Late
    next: list[NextRun]
    held: list[Held]
    questions: int
    import_errors: int
    health: list[Part]


class OpenCounted(TypedDict):
    launches: Counted
    tasks: Counted
    runs: Counted


class OwnProcess(TypedDict):
    pid: int
    rss_bytes: int
    cpu_seconds: float
    threads: int
    started: Moment


class HealthAnswer(TypedDict):
    parts: list[Part]
    counts: OpenCounted
    process: OwnProcess
    status: dict[str, Any]
    versions: dict[str, str]
    figures: dict[str, dict[str, float]]
    words: dict[str, str]


class Problem(TypedDict):
    asked: str
    run: int | None
    failures: int
    since: Moment
    again_at: Moment | None
    problem: str


class DagOfPage(TypedDict):
    dag_id: str
    dag_display_name: str
    description: str | None
    is_paused: bool
    is_stale: bool
    owners: list[str]
    tags: list[str]
    schedule: str
    next_run_after: Moment | None
    next_logical_date: Moment | None
    max_active_runs: int
    max_active_tasks: int
    last_updated_date: Moment | None
    version: int
    file_path: str
    kept_in: Literal["folder", "database"]
    file_format: str
    dialect: str
    hold_reason: str | None
    task_count: int
    spec: dict[str, Any]
    diagnostics: list[Diagnostic]
    problems: list[Problem]


class DagTasks(TypedDict):
    task_id: list[str]
    operator: list[str]
    upstream: list[list[str]]
    trigger_rule: list[str]
    retries: list[int]
    line: list[int]


class CalendarAnswer(TypedDict):
    year: int
    timezone: str
    days: dict[str, Counted]
    foretold: bool


class RunOfDay(TypedDict):
    run_id: str
    state: str
    moment: Moment
    start_date: Moment | None
    end_date: Moment | None


class DayAnswer(TypedDict):
    day: Day
    timezone: str
    runs: list[RunOfDay]
    missed: list[Moment]
    planned: list[Moment]


class DurationsAnswer(TypedDict):
    run_id: list[str]
    state: list[str]
    start_date: list[Moment]
    seconds: list[float]
    waited: list[float | None]
    map_index: list[int]


class PageEvent(TypedDict):
    event_log_id: int
    when: Moment
    event: str
    dag_id: str | None
    run_id: str | None
    task_id: str | None
    map_index: int | None
    try_number: int | None
    owner: str | None
    logical_date: Moment | None
    extra: dict[str, Any]
    dag_display_name: str | None
    task_display_name: str | None


class PageEvents(TypedDict):
    events: list[PageEvent]
    more: bool


class FoundDag(TypedDict):
    dag_id: str
    name: str


class FoundRun(TypedDict):
    dag_id: str
    run_id: str
    state: str


class SearchAnswer(TypedDict):
    dags: list[FoundDag]
    runs: list[FoundRun]


class RunOfPage(TypedDict):
    dag_run_id: str
    run_id: str
    dag_id: str
    logical_date: Moment | None
    queued_at: Moment | None
    start_date: Moment | None
    end_date: Moment | None
    duration: float | None
    data_interval_start: Moment | None
    data_interval_end: Moment | None
    run_after: Moment
    run_type: str
    state: str
    triggered_by: str | None
    conf: dict[str, Any]
    note: str | None
    dag_version: int | None
    backfill_id: int | None
    partition_key: str | None
    partition_date: Moment | None


class TaskColumns(TypedDict):
    task_id: list[str]
    map_index: list[int]
    label: list[str | None]
    state: list[str]
    try_number: list[int]
    max_tries: list[int]
    queued_at: list[Moment | None]
    start_date: list[Moment | None]
    end_date: list[Moment | None]
    next_at: list[Moment | None]
    reason: list[str | None]
    message: list[str | None]
    exit_code: list[int | None]
    note: list[str | None]
    pool: list[str]
    operator: list[str | None]


class RunAnswer(TypedDict):
    run: RunOfPage
    counts: Counted
    tasks: TaskColumns


class TaskAnswer(TypedDict):
    id: str
    task_id: str
    dag_id: str
    dag_run_id: str
    map_index: int
    state: str | None
    try_number: int
    max_tries: int
    queued_when: Moment | None
    start_date: Moment | None
    end_date: Moment | None
    duration: float | None
    next_at: Moment | None
    operator: str | None
    pool: str
    pool_slots: int
    queue: str | None
    priority_weight: int
    note: str | None
    reason: str | None
    message: str | None
    rendered_fields: dict[str, Any]
    rendered_map_index: str | None
    xcoms: dict[str, Any]
    attempts: list[Attempt]
    launches: list[Launch]


class LogPart(Launch):
    lines: int
    missing: int


class LogAnswer(TypedDict):
    try_number: int
    tries: list[int]
    parts: list[LogPart]
    ended: bool
    message: str | None


class LinesAnswer(TypedDict):
    seq: list[int]
    at: list[float]
    stream: list[str]
    text: list[str]
    last: int


class MatchesAnswer(TypedDict):
    seq: list[int]
    cut: bool
    last: int


class JobAnswer(TypedDict):
    job: dict[str, Any] | None
    reason: str | None


class WaitsAnswer(TypedDict):
    waits_for: str | None


class MarkedTask(TypedDict):
    dag_run_id: str
    task_id: str
    map_index: int
    state: str
    becomes: str


class MarkedRun(TypedDict):
    task_instances: list[MarkedTask]
    total_entries: int
    at_once: bool
