"""Bodies of answers: Airflow's field names (REST API v2 of Airflow 3), with GoFlow's own beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from goflow.domain import partitions
from goflow.domain.assets import AssetKey, mention_of
from goflow.domain.deadlines import Deadline, SlaMiss
from goflow.domain.questions import Question, QuestionKind
from goflow.domain.runs import DagRun, Event, Launch, TaskInstance
from goflow.domain.spec import Schedule, TaskSpec
from goflow.domain.state import TaskState
from goflow.domain.usage import Usage, of_launch
from goflow.server.rest import masking
from goflow.server.rest.strict import strict
from goflow.store.rows import Attempt, Connection, DagReading, DagVersion, Pool, Variable
from goflow.store.usage import seconds

Body = dict[str, Any]


def moment(value: dt.datetime | None) -> str | None:
    """A moment as ISO text in UTC with microseconds; None stays None."""
    return None if value is None else value.astimezone(dt.UTC).isoformat(timespec="microseconds")


_ASKED_ONCE = frozenset({QuestionKind.WEIGHT, QuestionKind.DEADLINE, QuestionKind.PARTITION})


def problem(row: Question) -> Body:
    """What code of the author's own was asked in vain so far; only of timetables it is asked for again."""
    return {
        "asked": row.kind.value,
        "run": row.dag_run_id,
        "failures": row.failures,
        "since": moment(row.asked_at),
        "again_at": None if row.kind in _ASKED_ONCE or row.is_open else moment(row.again_at),
        "problem": row.problem or "no trigger runner has answered yet: is there one? (setting trigger_runners)",
    }


def schedule_words(schedule: Schedule) -> str:
    """A schedule in the words of a list: ``0 0 * * *``, ``every 300 s``, ``assets``, ``None``."""
    if partitions.waits_for_partitions(schedule):
        return "Partitioned Asset"
    if schedule.kind == "cron":
        return ", ".join(schedule.crons)
    if schedule.kind == "delta":
        every = schedule.every_s
        return f"every {dt.timedelta(seconds=every)}" if every else f"every {schedule.relative}"
    if schedule.kind == "custom":
        return schedule.timetable
    return {"none": "None", "once": "@once", "continuous": "@continuous"}.get(schedule.kind, schedule.kind)


def run(row: DagRun, version: int | None = None) -> Body:
    """A DAG run as GoFlow's own page has it; Airflow's body of it is made by `goflow.server.rest.bodies`."""
    ended, begun = row.end_date, row.start_date
    return {
        "dag_run_id": row.run_id,
        "run_id": row.run_id,
        "dag_id": row.dag_id,
        "logical_date": moment(row.logical_date),
        "queued_at": moment(row.queued_at),
        "start_date": moment(begun),
        "end_date": moment(ended),
        "duration": (ended - begun).total_seconds() if ended and begun else None,
        "data_interval_start": moment(row.data_interval_start),
        "data_interval_end": moment(row.data_interval_end),
        "run_after": moment(row.run_after),
        "run_type": row.run_type.value,
        "state": row.state.value,
        "triggered_by": row.triggered_by,
        "conf": dict(row.conf),
        "note": row.note,
        "dag_version": version,
        "backfill_id": row.backfill_id,
        "partition_key": row.partition_key,
        "partition_date": moment(row.partition_date),
    }


def task_instance(row: TaskInstance, spec: TaskSpec | None) -> Body:
    """A task instance in the same way."""
    ended, begun = row.end_date, row.start_date
    return {
        "id": str(row.id),
        "task_id": row.task_id,
        "dag_id": row.dag_id,
        "dag_run_id": row.run_id,
        "map_index": row.map_index,
        "state": None if row.state is TaskState.NONE else row.state.value,
        "try_number": row.try_number,
        "max_tries": row.max_tries,
        "queued_when": moment(row.queued_at),
        "start_date": moment(begun),
        "end_date": moment(ended),
        "duration": (ended - begun).total_seconds() if ended and begun else None,
        "next_at": moment(row.next_at),
        "operator": spec.operator if spec else None,
        "pool": row.pool,
        "pool_slots": row.pool_slots,
        "queue": spec.queue if spec else None,
        "priority_weight": row.priority_weight,
        "note": row.note,
    }


def deadline(row: Deadline, dag_id: str, run_id: str) -> Body:
    """A deadline of a run (DeadlineResponse), with what it counts from."""
    return {
        "id": str(row.id),
        "dag_id": dag_id,
        "dag_run_id": run_id,
        "deadline_time": moment(row.deadline_time),
        "missed": row.missed,
        "created_at": moment(row.created_at),
        "alert_name": row.name,
        "reference_type": row.reference,
        "interval": row.interval_s,
    }


def sla_miss(row: SlaMiss) -> Body:
    """A task that was not done in time."""
    return {
        "dag_id": row.dag_id,
        "task_id": row.task_id,
        "logical_date": moment(row.logical_date),
        "timestamp": moment(row.missed_at),
    }


def attempt(row: Attempt, used: Usage | None = None) -> Body:
    """One attempt with its end, and what its launches have USED."""
    return {
        "try_number": row.try_number,
        "state": row.state.value,
        "queued_when": moment(row.queued_at),
        "start_date": moment(row.start_date),
        "end_date": moment(row.end_date),
        "exit_code": row.exit_code,
        "reason": row.reason,
        "message": row.message,
        "usage": attempt_usage(row, used),
    }


def attempt_usage(row: Attempt, used: Usage | None) -> Body:
    """What an attempt has used, and for how long it has waited for its process and run."""
    if used is None or used.source is None:
        used = of_launch(row.usage, None)  # from before launches had their own account
    waited, ran = seconds(row.queued_at, row.start_date), seconds(row.start_date, row.end_date)
    return {"wait_seconds": waited, "run_seconds": ran, **usage(used)}


def usage(used: Usage) -> Body:
    """What was used, as `goflow.domain.usage.Usage` explains it."""
    return {
        "cpu_seconds": used.cpu_seconds,
        "memory_bytes": used.memory_bytes,
        "sampled_bytes": used.sampled_bytes,
        "cached_bytes": used.cached_bytes,
        "source": used.source,
    }


def launch(row: Launch) -> Body:
    """One container start."""
    return {
        "launch_id": row.id,
        "try_number": row.try_number,
        "ordinal": row.ordinal,
        "state": row.state.value,
        "backend": row.backend,
        "namespace": row.namespace,
        "job_name": row.job_name,
        "job_index": row.job_index,
        "planned_at": moment(row.planned_at),
        "created_at": moment(row.created_at),
        "claimed_at": moment(row.claimed_at),
        "ended_at": moment(row.ended_at),
        "exit_code": row.exit_code,
        "reason": row.reason,
        "message": row.message,
    }


def version(row: DagVersion, readings: list[DagReading]) -> Body:
    """One version of a DAG; ``spec_digest`` is its newest reading's."""
    newest = readings[-1]
    return {
        "number": row.number,
        "file_hash": row.file_hash,
        "spec_digest": newest.spec_digest,
        "read_by": newest.read_by,
        "created_date": moment(row.created_date),
        "file_path": row.file_path,
        "file_format": row.file_format.value,
        "folder_digest": row.folder_digest,
        "readings": [
            {
                "number": reading.number,
                "reader_version": reading.reader_version,
                "dialect": reading.dialect.value,
                "read_by": reading.read_by,
                "spec_digest": reading.spec_digest,
                "created_date": moment(reading.created_date),
            }
            for reading in readings
        ],
    }


def variable(row: Variable, *, is_encrypted: bool) -> Body:
    """A Variable (VariableResponse); a value whose name says that it is secret is hidden."""
    return {
        "key": row.name,
        "value": masking.masked_text(row.value, row.name),
        "description": row.description,
        "is_encrypted": is_encrypted,
        "team_name": None,
    }


def connection(row: Connection) -> Body:
    """A connection (ConnectionResponse); secrets are never shown."""
    return {
        "connection_id": row.conn_id,
        "conn_type": row.conn_type,
        "description": row.description,
        "host": row.host,
        "login": row.login,
        "schema": row.schema,
        "port": row.port,
        "password": masking.HIDDEN if row.password else None,
        "extra": masking.masked_text(row.extra),
        "team_name": None,
    }


def pool(row: Pool) -> Body:
    """A pool (PoolResponse)."""
    return {
        "name": row.name,
        "slots": row.slots,
        "description": row.description,
        "include_deferred": row.include_deferred,
        "occupied_slots": row.occupied,
        "queued_slots": row.queued,
        "running_slots": row.running,
        "scheduled_slots": row.scheduled,
        "deferred_slots": row.deferred,
        "open_slots": -1 if row.open is None else row.open,
        "team_name": None,
    }


def event(row: Event) -> Body:
    """One event of the log, with what is known of it as ``extra``."""
    return {
        "event_log_id": row.seq,
        "when": moment(row.at),
        "event": row.kind,
        "dag_id": row.dag_id,
        "run_id": row.run_id,
        "task_id": row.task_id,
        "map_index": row.map_index,
        "try_number": row.try_number,
        "owner": row.who,
        "logical_date": None,
        "extra": dict(row.data),
        "dag_display_name": row.dag_id,
        "task_display_name": row.task_id,
    }


def duration(seconds: float | None) -> str | None:
    """A length of time as ISO 8601 has it: ``PT1H``."""
    return None if seconds is None else str(to_jsonable_python(dt.timedelta(seconds=seconds)))


def delta(seconds: float | None) -> Body | None:
    """The same as Airflow's tasks have it (TimeDelta)."""
    if seconds is None:
        return None
    found = dt.timedelta(seconds=seconds)
    return {"__type": "TimeDelta", "days": found.days, "seconds": found.seconds, "microseconds": found.microseconds}


def params(values: Mapping[str, Any], schemas: Mapping[str, Any], own: Collection[str] | None = None) -> Body:
    """Params with their value, schema and description, as Airflow's page has them for its form; OWN are those that a
    task has set itself, None where no task is asked about."""
    found = {}
    for name, value in values.items():
        schema = dict(schemas.get(name) or {})
        found[name] = {
            "value": strict(value),
            "schema": {word: inner for word, inner in schema.items() if word not in {"description", "default"}},
            "description": schema.get("description"),
            "source": None if own is None else "task" if name in own else "dag",
        }
    return found


def asset_expression(schedule: Schedule, number: Callable[[AssetKey], int | None]) -> Any:
    """What a DAG's schedule waits for, as Airflow writes it down, each asset with its NUMBER; None without assets."""

    def told(value: Any) -> Any:
        if isinstance(value, dict) and not {"all", "any"}.isdisjoint(value):
            return {key: [told(inner) for inner in many] for key, many in value.items()}
        found = mention_of(value)
        if found is None:
            return value
        if found.kind == "alias":
            return {"alias": {"name": found.name, "group": found.group}}
        if found.kind != "asset":
            return {"asset_ref": {found.kind: found.name or found.uri}}
        return {"asset": {"uri": found.uri, "name": found.name, "group": found.group, "id": number(found.key)}}

    return told(schedule.condition)
