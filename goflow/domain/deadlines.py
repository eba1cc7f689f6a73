"""Deadlines of runs and SLAs of tasks: what the store knows of each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from goflow.domain.canonical import tag_of
from goflow.domain.spec import TaskSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A moment by which a run is to be done: the DeadlineAlert at POSITION (from 0) of its DAG as reading READING_ID
    has it. One that is met in time is gone; one that is MISSED stays."""

    id: int
    dag_run_id: int
    reading_id: int
    position: int
    name: str | None
    reference: str
    interval_s: float
    deadline_time: dt.datetime
    missed: bool
    created_at: dt.datetime
    last_updated_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaMiss:
    """The task was not done in time in the run of that logical date; CALLBACK_ID is who is told of it."""

    dag_id: str
    task_id: str
    logical_date: dt.datetime
    missed_at: dt.datetime
    callback_id: int | None = None


def sla_of(task: TaskSpec) -> float | None:
    """The task's SLA in seconds; None without one, and where it is not known."""
    given = task.arguments.get("sla")
    seconds = given.get("$timedelta") if isinstance(given, dict) and tag_of(given) == "$timedelta" else None
    return float(seconds) if isinstance(seconds, int | float) and seconds else None
