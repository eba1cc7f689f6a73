"""Bodies of DAGs, runs and task instances with all of Airflow's fields, and GoFlow's own beside them.

`Told` looks up once in a transaction what many of them share: names, versions, specs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from goflow.domain import partitions
from goflow.domain.runs import DagRun, Launch, TaskInstance
from goflow.domain.spec import Schedule, TaskSpec
from goflow.domain.state import LaunchState, RunType, TaskState
from goflow.server.rest import naming, schedules
from goflow.server.rest.shapes import Body, attempt_usage, moment
from goflow.server.rest.strict import strict
from goflow.store import Tx, dags, launches, lists, runs, tasks, triggers, usage, versions
from goflow.store.columns import loads
from goflow.store.rows import Attempt, Dag, DagVersion

_TRIGGERED_BY = {
    RunType.SCHEDULED: "timetable",
    RunType.BACKFILL: "backfill",
    RunType.ASSET_TRIGGERED: "asset",
    RunType.OPERATOR_TRIGGERED: "operator",
}
_OF_TASK = "task:"
"""What the names of those begin with who ask for a run out of a task."""
_LIMITS_OF_TASKS = ("max_active_tis_per_dag", "max_active_tis_per_dagrun")
_OF_SPEC = (*_LIMITS_OF_TASKS, "max_consecutive_failed_dag_runs", "allowed_run_types")


class Told:
    """Makes bodies in the transaction TX; FOLDER is where the DAG files lie."""

    def __init__(self, tx: Tx, folder: str = "") -> None:
        self.tx = tx
        self.folder = folder.rstrip("/")
        self._names: dict[str, str] = {}
        self._versions: dict[int, Body] = {}
        self._why: dict[int, Mapping[int, tuple[str, str]]] = {}
        self._runs: dict[int, DagRun] = {}

    # DAGs ------------------------------------------------------------------------------------------------------

    def dags(self, rows: Sequence[Dag]) -> list[Body]:
        """DAGResponse of each."""
        self._names |= {row.dag_id: row.name for row in rows}
        self.know_versions(row.version_id for row in rows)
        said = versions.mentions(self.tx, [row.reading_id for row in rows], _OF_SPEC)
        seconds = dags.seconds_of_files(self.tx, {row.file_path for row in rows})
        return [self._dag(row, said.get(row.reading_id, frozenset()), seconds) for row in rows]

    def dag(self, row: Dag) -> Body:
        """DAGResponse."""
        return self.dags([row])[0]

    def _dag(self, row: Dag, said: frozenset[str], files: Mapping[str, tuple[float | None, bool]]) -> Body:
        schedule = Schedule.from_json(row.schedule)
        spec = versions.spec(self.tx, row.reading_id) if {"allowed_run_types", _OF_SPEC[2]} & said else None
        allowed = None if spec is None or spec.allowed_run_types is None else list(spec.allowed_run_types)
        periodic = schedules.is_periodic(schedule)
        took, broken = files.get(row.file_path, (None, False))
        return {
            "dag_id": row.dag_id,
            "dag_display_name": row.name,
            "is_paused": row.is_paused,
            "is_stale": not row.is_active,
            "last_parsed_time": moment(row.last_updated_date),
            "last_parse_duration": took,
            "last_expired": None,
            "bundle_name": naming.BUNDLE,
            "bundle_version": self.version(row.version_id)["bundle_version"],
            "relative_fileloc": row.file_path,
            "fileloc": f"{self.folder}/{row.file_path}" if self.folder else row.file_path,
            "description": row.description,
            "timetable_summary": schedules.summary(schedule),
            "timetable_description": schedules.description(schedule),
            "timetable_partitioned": partitions.is_partitioned(schedule),
            "timetable_periodic": periodic,
            "tags": [
                {"name": tag, "dag_id": row.dag_id, "dag_display_name": row.name} for tag in sorted(set(row.tags))
            ],
            "max_active_tasks": row.max_active_tasks,
            "max_active_runs": row.max_active_runs,
            "max_consecutive_failed_dag_runs": 0 if spec is None else spec.max_consecutive_failed_dag_runs,
            "has_task_concurrency_limits": bool(said.intersection(_LIMITS_OF_TASKS)),
            "has_import_errors": broken,
            "next_dagrun_logical_date": moment(row.next_logical_date),
            "next_dagrun_data_interval_start": moment(row.next_interval_start),
            "next_dagrun_data_interval_end": moment(row.next_interval_end),
            "next_dagrun_run_after": moment(row.next_run_after),
            "allowed_run_types": allowed,
            "owners": list(row.owners),
            "is_backfillable": periodic and (allowed is None or RunType.BACKFILL.value in allowed),
            "file_token": naming.file_token(row.file_path),
            "namespace": row.namespace,
            "version": row.version,
            "file_path": row.file_path,
            "file_format": row.file_format.value,
            "dialect": row.dialect.value,
            "hold_reason": row.hold_reason,
            "task_count": row.task_count,
        }

    def dag_name(self, dag_id: str) -> str:
        """What a DAG is shown as; its id where there is none of that id (any more)."""
        if dag_id not in self._names:
            found = dags.find(self.tx, dag_id)
            self._names[dag_id] = dag_id if found is None else found.name
        return self._names[dag_id]

    # Versions --------------------------------------------------------------------------------------------------

    def know_versions(self, ids: Iterable[int]) -> None:
        """Look up those versions together."""
        wanted = {key for key in ids if key not in self._versions}
        self._versions |= {row.id: self.version_body(row) for row in versions.by_ids(self.tx, wanted)}

    def version(self, version_id: int) -> Body:
        """DagVersionResponse of the version with that key."""
        self.know_versions([version_id])
        return self._versions[version_id]

    def version_body(self, row: DagVersion) -> Body:
        """DagVersionResponse; ``bundle_version`` is the version's file hash."""
        return {
            "id": naming.version_uuid(row.id),
            "version_number": row.number,
            "dag_id": row.dag_id,
            "bundle_name": naming.BUNDLE,
            "bundle_version": row.file_hash,
            "created_at": moment(row.created_date),
            "dag_display_name": self.dag_name(row.dag_id),
            "bundle_url": None,
        }

    # Runs ------------------------------------------------------------------------------------------------------

    def runs(self, rows: Sequence[DagRun]) -> list[Body]:
        """DAGRunResponse of each."""
        self.know_versions(row.version_id for row in rows)
        return [self._run(row) for row in rows]

    def run(self, row: DagRun) -> Body:
        """DAGRunResponse."""
        return self.runs([row])[0]

    def _run(self, row: DagRun) -> Body:
        version = self.version(row.version_id)
        of_task = (row.triggered_by or "").startswith(_OF_TASK)
        by = "operator" if of_task else _TRIGGERED_BY.get(row.run_type, "rest_api")
        return {
            "dag_run_id": row.run_id,
            "dag_id": row.dag_id,
            "logical_date": moment(row.logical_date),
            "queued_at": moment(row.queued_at),
            "start_date": moment(row.start_date),
            "end_date": moment(row.end_date),
            "duration": _seconds(row.start_date, row.end_date),
            "data_interval_start": moment(row.data_interval_start),
            "data_interval_end": moment(row.data_interval_end),
            "run_after": moment(row.run_after),
            "last_scheduling_decision": moment(row.end_date or row.start_date),
            "run_type": row.run_type.value,
            "state": row.state.value,
            "triggered_by": by,
            "triggering_user_name": row.triggered_by if by == "rest_api" else None,
            "conf": strict(dict(row.conf)),
            "note": row.note,
            "dag_versions": [version],
            "bundle_version": version["bundle_version"],
            "dag_display_name": self.dag_name(row.dag_id),
            "partition_key": row.partition_key,
            "partition_date": moment(row.partition_date),
            "run_id": row.run_id,
            "dag_version": version["version_number"],
            "backfill_id": row.backfill_id,
            "who": row.triggered_by,
        }

    def run_of(self, key: int) -> DagRun:
        """The run with that key."""
        if key not in self._runs:
            self._runs[key] = runs.get(self.tx, key)
        return self._runs[key]

    def spec_of(self, run: DagRun, task_id: str) -> TaskSpec | None:
        """A task as the run's version has it; None for one that a newer reading no longer has."""
        try:
            return versions.spec(self.tx, run.reading_id).task(task_id)
        except KeyError:
            return None

    def why(self, run: DagRun) -> Mapping[int, tuple[str, str]]:
        """Reason and words of each task instance of a run, where it has any."""
        if run.id not in self._why:
            self._why[run.id] = launches.why_of_run(self.tx, run.id)
        return self._why[run.id]

    # Task instances --------------------------------------------------------------------------------------------

    def of_instances(self, found: Iterable[TaskInstance]) -> list[Body]:
        """TaskInstanceResponse of each, in their order; what has no key yet (NewTaskResponse) with its names alone."""
        found = list(found)
        known = tasks.whole(self.tx, [row.id for row in found if row.id])
        told = dict(zip((row.id for row in known), self.tasks(known), strict=True))
        return [told[row.id] if row.id in told else _new(row) for row in found]

    def tasks(self, rows: Sequence[Any]) -> list[Body]:
        """TaskInstanceResponse of each of the ROWS that `goflow.store.lists` gives."""
        last = launches.newest_of(self.tx, [row.id for row in rows])
        return [self._task(row, last.get(row.id)) for row in rows]

    def task(self, row: Any) -> Body:
        """TaskInstanceResponse of such a row."""
        return self.tasks([row])[0]

    def _task(self, row: Any, launch: Launch | None) -> Body:
        run = self.run_of(row.dag_run_id)
        spec = self.spec_of(run, row.task_id)
        state = TaskState(row.state)
        reason, message = self.why(run).get(row.id, ("", ""))
        return {
            **self._common(row, run, spec, launch),
            "id": naming.task_uuid(row.id),
            "logical_date": moment(run.logical_date),
            "run_after": moment(run.run_after),
            "start_date": moment(row.start_date),
            "end_date": moment(row.end_date),
            "duration": _seconds(row.start_date, row.end_date),
            "state": None if state is TaskState.NONE else state.value,
            "try_number": row.try_number,
            "queued_when": moment(row.queued_at),
            "note": row.note,
            "rendered_map_index": lists.label_of(row),
            "map_index_label": row.rendered_map_index,
            "rendered_fields": _fields(row, spec),
            "trigger": self._trigger(row.id) if state is TaskState.DEFERRED else None,
            "triggerer_job": None,
            "next_at": moment(row.next_at),
            "reason": reason or None,
            "message": message or None,
        }

    def tried(self, row: Any, attempt: Attempt) -> Body:
        """TaskInstanceHistoryResponse: one try of a row."""
        run = self.run_of(row.dag_run_id)
        spec = self.spec_of(run, row.task_id)
        mine = launches.of_task(self.tx, row.id, attempt.try_number)
        used = usage.of_attempts(self.tx, [row.id])
        return {
            **self._common(row, run, spec, mine[-1] if mine else None),
            "start_date": moment(attempt.start_date),
            "end_date": moment(attempt.end_date),
            "duration": _seconds(attempt.start_date, attempt.end_date),
            "state": None if attempt.state is TaskState.NONE else attempt.state.value,
            "try_number": attempt.try_number,
            "queued_when": moment(attempt.queued_at),
            "exit_code": attempt.exit_code,
            "reason": attempt.reason,
            "message": attempt.message,
            "usage": attempt_usage(attempt, used.get((row.id, attempt.try_number))),
        }

    def _common(self, row: Any, run: DagRun, spec: TaskSpec | None, launch: Launch | None) -> Body:
        begun = launch is not None and launch.claimed_by is not None
        return {
            "task_id": row.task_id,
            "dag_id": row.dag_id,
            "dag_run_id": row.run_id,
            "map_index": row.map_index,
            "max_tries": row.max_tries,
            "task_display_name": (spec.display_name if spec else None) or row.task_id,
            "dag_display_name": self.dag_name(row.dag_id),
            "hostname": self._host(launch) if launch is not None and begun else "",
            "unixname": naming.unix_name(),
            "pool": row.pool,
            "pool_slots": row.pool_slots,
            "queue": spec.queue if spec else None,
            "priority_weight": row.priority_weight,
            "operator": spec.operator if spec else None,
            "operator_name": naming.operator_name(spec) if spec else None,
            "scheduled_when": None,
            "pid": _pid(launch) if launch is not None else None,
            "executor": None,
            "executor_config": str(spec.executor_config or {}) if spec else "{}",
            "dag_version": self.version(run.version_id),
        }

    @cached_property
    def _here(self) -> str:
        import socket

        return socket.gethostname()

    def _host(self, launch: Launch) -> str:
        """Where it ran: the Job in a cluster, this machine for processes of the local backend."""
        return launch.job_name if launch.backend == "kubernetes" else self._here

    def _trigger(self, ti_id: int) -> Body | None:
        found = triggers.of_task(self.tx, ti_id)
        if found is None:
            return None
        return {
            "id": found.id,
            "classpath": found.classpath,
            "kwargs": "{}",
            "created_date": moment(found.created_at),
            "queue": None,
            "triggerer_id": None,
        }


def _new(row: TaskInstance) -> Body:
    """A task that is still to be made (NewTaskResponse)."""
    names = {"task_id": row.task_id, "task_display_name": row.task_id}
    return {**names, "dag_run_id": row.run_id, "map_index": row.map_index, "state": None}


def _seconds(start: dt.datetime | None, end: dt.datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None


def _pid(launch: Launch) -> int | None:
    head = (launch.claimed_by or "").partition(":")[0]
    alive = launch.backend == "local" and launch.state is not LaunchState.PLANNED
    return int(head) if alive and head.isdigit() else None


def _fields(row: Any, spec: TaskSpec | None) -> Body:
    """The template fields as they were rendered last; of a task that has begun and told none, as its file has them."""
    if row.rendered_fields is None and row.try_number and spec is not None:
        return dict(strict(dict(spec.fields)))
    return dict(strict(loads(row.rendered_fields, {})))
