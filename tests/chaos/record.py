"""What GoFlow's database says of the runs, as plain values: read with SQL of our own, beside GoFlow's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import sqlalchemy as sa

from tests.chaos.witness import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A row of ``launches``."""

    id: str
    try_number: int
    ordinal: int
    state: str
    job_name: str
    job_index: int | None
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A row of ``attempts``."""

    try_number: int
    state: str
    reason: str
    message: str


@dataclass(slots=True, kw_only=True)
class Instance:
    """A task instance with its attempts and launches, in order; RESCHEDULED and REPLACED count the events that say so,
    by attempt."""

    who: Who
    state: str
    try_number: int
    attempts: list[Attempt] = field(default_factory=list)
    launches: list[Launch] = field(default_factory=list)
    rescheduled: dict[int, int] = field(default_factory=dict)
    replaced: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Record:
    """All runs, (DAG, run) to state, and all task instances."""

    runs: dict[tuple[str, str], str]
    instances: dict[Who, Instance]


def open_runs(engine: sa.Engine) -> int:
    """How many runs have not ended."""
    with engine.connect() as connection:
        query = sa.text("SELECT count(*) FROM dag_runs WHERE status IN ('queued', 'running')")
        return int(connection.execute(query).scalar_one())


def read(engine: sa.Engine) -> Record:
    """What there is now."""
    with engine.connect() as connection:

        def rows(query: str) -> list[sa.Row]:
            return list(connection.execute(sa.text(query)))

        runs = {(row.dag_id, row.run_id): row.status for row in rows("SELECT dag_id, run_id, status FROM dag_runs")}
        by_id: dict[int, Instance] = {}
        for row in rows("SELECT id, dag_id, run_id, task_id, map_index, state, try_number FROM task_instances"):
            who = (row.dag_id, row.run_id, row.task_id, row.map_index)
            by_id[row.id] = Instance(who=who, state=row.state, try_number=row.try_number)
        for row in rows("SELECT * FROM attempts ORDER BY try_number"):
            by_id[row.task_instance_id].attempts.append(
                Attempt(try_number=row.try_number, state=row.state, reason=row.reason or "", message=row.message or "")
            )
        for row in rows("SELECT * FROM launches ORDER BY try_number, ordinal"):
            by_id[row.task_instance_id].launches.append(
                Launch(
                    id=row.id,
                    try_number=row.try_number,
                    ordinal=row.ordinal,
                    state=row.state,
                    job_name=row.job_name,
                    job_index=row.job_index,
                    reason=row.reason or "",
                    message=row.message or "",
                )
            )
        instances = {instance.who: instance for instance in by_id.values()}
        query = "SELECT * FROM events WHERE kind IN ('task.state', 'launch.state') ORDER BY seq"
        for row in rows(query):
            data = json.loads(row.data) if isinstance(row.data, str) else row.data
            instance = instances.get((row.dag_id, row.run_id, row.task_id, row.map_index))
            if instance is None:
                continue
            if row.kind == "task.state" and data["to"] == "up_for_reschedule":
                instance.rescheduled[row.try_number] = instance.rescheduled.get(row.try_number, 0) + 1
            elif row.kind == "launch.state" and data["to"] == "planned" and data.get("reason") == "replaced":
                instance.replaced[row.try_number] = instance.replaced.get(row.try_number, 0) + 1
    return Record(runs, instances)
