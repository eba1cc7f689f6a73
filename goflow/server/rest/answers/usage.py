"""Answers about what tasks have used, their attempts and launches."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from goflow.server.rest.answers import Moment


class AttemptUsage(TypedDict):
    wait_seconds: float | None
    run_seconds: float | None
    cpu_seconds: float | None
    memory_bytes: int | None
    sampled_bytes: int | None
    cached_bytes: int | None
    source: str | None


class Attempt(TypedDict):
    try_number: int
    state: str
    queued_when: Moment | None
    start_date: Moment | None
    end_date: Moment | None
    exit_code: int | None
    reason: str | None
    message: str | None
    usage: AttemptUsage


class Launch(TypedDict):
    launch_id: str
    try_number: int
    ordinal: int
    state: str
    backend: str
    namespace: str
    job_name: str
    job_index: int | None
    planned_at: Moment | None
    created_at: Moment | None
    claimed_at: Moment | None
    ended_at: Moment | None
    exit_code: int | None
    reason: str | None
    message: str | None


class Resources(TypedDict):
    cpu_request: float | None
    cpu_limit: float | None
    memory_request: float | None
    memory_limit: float | None


class UsedByAttempt(AttemptUsage):
    dag_run_id: NotRequired[str]
    map_index: NotRequired[int]
    try_number: int
    state: str
    queued_when: Moment | None
    start_date: Moment | None
    end_date: Moment | None
    reason: str | None


class UsageSeries(TypedDict):
    launch_id: str
    ordinal: int
    source: str | None
    begin: Moment | None
    at: list[float]
    cpu_seconds: list[float]
    memory_bytes: list[int]


class UsageAnswer(TypedDict):
    resources: Resources | None
    attempts: list[UsedByAttempt]
    try_number: int
    series: list[UsageSeries]


class UsageHint(TypedDict):
    kind: str
    text: str


class TaskUsageAnswer(TypedDict):
    dag_id: str
    task_id: str
    resources: Resources | None
    hints: list[UsageHint]
    attempts: list[UsedByAttempt]
    total_entries: int
