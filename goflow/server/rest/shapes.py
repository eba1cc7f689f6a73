"""Bodies of answers: Airflow's field names (REST API v2 of Airflow 3), with GoFlow's own beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from goflow.domain import partitions
from goflow.domain.deadlines import Deadline, SlaMiss
from goflow.domain.questions import Question, QuestionKind
from goflow.domain.runs import DagRun, Event, Launch, TaskInstance
from goflow.domain.spec import Schedule, TaskSpec
from goflow.domain.state import TaskState
from goflow.store.rows import Attempt, Connection, Dag, DagReading, DagVersion, Pool, Variable, XCom

Body = dict[str, Any]


def moment(value: dt.datetime | None) -> str | None:
    """A moment as ISO text in UTC with microseconds; None stays None."""
    return None if value is None else value.astimezone(dt.UTC).isoformat(timespec="microseconds")


def dag(row: Dag) -> Body:
    """A DAG (Airflow's DAGResponse), with ``version`` and ``file_path``."""
    schedule = Schedule.from_json(row.schedule)
    return {
        "dag_id": row.dag_id,
        "dag_display_name": row.name,
        "description": row.description,
        "is_paused": row.is_paused,
        "is_stale": not row.is_active,
        "owners": list(row.owners),
        "tags": [{"name": tag, "dag_id": row.dag_id} for tag in row.tags],
        "fileloc": row.file_path,
        "relative_fileloc": row.file_path,
        "max_active_runs": row.max_active_runs,
        "max_active_tasks": row.max_active_tasks,
        "timetable_summary": schedule_words(schedule),
        "timetable_partitioned": partitions.is_partitioned(schedule),
        "next_dagrun_logical_date": moment(row.next_logical_date),
        "next_dagrun_data_interval_start": moment(row.next_interval_start),
        "next_dagrun_data_interval_end": moment(row.next_interval_end),
        "next_dagrun_run_after": moment(row.next_run_after),
        "last_parsed_time": moment(row.last_updated_date),
        "namespace": row.namespace,
        "version": row.version,
        "file_path": row.file_path,
        "file_format": row.file_format.value,
        "dialect": row.dialect.value,
        "hold_reason": row.hold_reason,
        "task_count": row.task_count,
    }


_ASKED_ONCE = frozenset({QuestionKind.WEIGHT, QuestionKind.DEADLINE})


def problem(row: Question) -> Body:
    """What code of the author's own was asked in vain so far; a weight or a deadline is not asked for again."""
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
    """A DAG run (DAGRunResponse)."""
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


def task_instance(row: TaskInstance, spec: TaskSpec | None) -> Body:
    """A task instance (TaskInstanceResponse)."""
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


def task_keys(rows: Iterable[TaskInstance], state: TaskState | None = None) -> Body:
    """Which task instances something was done to, with the STATE that they have by it, else the one that they had."""
    told = [
        {
            "dag_run_id": row.run_id,
            "task_id": row.task_id,
            "map_index": row.map_index,
            "state": None if found is TaskState.NONE else found.value,
        }
        for row, found in ((row, state or row.state) for row in rows)
    ]
    return {"task_instances": told, "total_entries": len(told)}


def attempt(row: Attempt) -> Body:
    """One attempt with its end."""
    return {
        "try_number": row.try_number,
        "state": row.state.value,
        "queued_when": moment(row.queued_at),
        "start_date": moment(row.start_date),
        "end_date": moment(row.end_date),
        "exit_code": row.exit_code,
        "reason": row.reason,
        "message": row.message,
        "usage": dict(row.usage),
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


def variable(row: Variable) -> Body:
    """A Variable (VariableResponse)."""
    return {"key": row.name, "value": row.value, "description": row.description, "is_encrypted": False}


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
        "password": "***" if row.password else None,
        "extra": "***" if row.extra else None,
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
        "open_slots": row.open,
    }


def xcom(row: XCom) -> Body:
    """One result (XComResponse)."""
    return {
        "key": row.key,
        "task_id": row.task_id,
        "map_index": row.map_index,
        "timestamp": moment(row.created_date),
        "value": row.value,
    }


def event(row: Event) -> Body:
    """One event of the log (EventLogResponse)."""
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
        "extra": dict(row.data),
    }
