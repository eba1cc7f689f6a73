"""`TaskInput`: all that a runner is told about its launch, gathered from the store."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any, cast

from goflow_runner.wire import (
    PROTOCOL,
    AirflowInfo,
    AssetHappened,
    FiredInfo,
    FolderInfo,
    ResultLimits,
    ResumeInfo,
    RunInfo,
    TaskInput,
)

from goflow.domain.precedence import over
from goflow.domain.runs import DagRun, Launch, TaskInstance
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import RunState
from goflow.executor.folders import FolderCache
from goflow.operators.registry import in_airflow, to_resolve
from goflow.server import asset_answers
from goflow.server.execution.workload import workload
from goflow.store import Tx, launches, runs, tasks, triggers, versions
from goflow.store.assets import consumed

PROPERTIES_OF_PREVIOUS = ("logical_date", "data_interval_start", "data_interval_end", "start_date", "end_date")
RESULTS_AS_DEFAULT: ResultLimits = {"largest": 16 << 20, "store": "", "threshold": 1 << 20}


class InputBuilder:
    """Builds inputs. PARSE_PATH is where a container sees the DAG folder; FOLDERS is given on the local backend.
    RENDERS: tasks are only to tell what their fields render to."""

    def __init__(
        self,
        parse_path: str,
        folders: FolderCache | None,
        *,
        renders: bool = False,
        results: ResultLimits = RESULTS_AS_DEFAULT,
    ) -> None:
        self.parse_path = parse_path
        self.folders = folders
        self.renders = renders
        self.results = results

    def build(self, tx: Tx, launch: Launch, instance: TaskInstance, now: dt.datetime) -> TaskInput:
        """The input of LAUNCH, which is claimed in the same transaction."""
        run = runs.get_once(tx, instance.dag_run_id)
        dag = versions.spec(tx, run.reading_id)
        task = dag.task(instance.task_id)
        resolved = launches.resolved(tx, launch)
        of_attempt = [launch] if launch.ordinal == 1 else launches.of_task(tx, instance.id, launch.try_number)
        about = tx.remembered.get(("input", run.id)) or self._about(tx, run)
        begun = [other.claimed_at for other in of_attempt if other.claimed_at is not None]
        return {
            "protocol": PROTOCOL,
            "launch_id": launch.id,
            "dag_id": instance.dag_id,
            "run_id": instance.run_id,
            "task_id": instance.task_id,
            "map_index": instance.map_index,
            "try_number": launch.try_number,
            "max_tries": instance.max_tries,
            "reschedules": len(of_attempt) - 1,
            "first_start": _iso(min(begun)) if begun else None,
            "dialect": dag.dialect.value,
            "task": task.to_json(),
            "dag": dag.head_json(),
            "run": about["run"],
            "folder": about["folder"],
            "inputs": about["inputs"],
            "environment": {**dag.runtime.environment, **task.runtime.environment},
            "results": self.results,
            "render_only": self.renders,
            "resolve": list(to_resolve(dag, task, launch.backend, resolved)),
            "airflow": self._airflow(tx, launch, instance, run, dag, task)
            if in_airflow(dag, task, launch.backend, resolved) and not self.renders
            else None,
            "resume": _resume(tx, launch),
            "upstream_map_lengths": _map_lengths(tx, run, dag, task),
            "server_time": now.isoformat(),
        }

    def _about(self, tx: Tx, run: DagRun) -> dict[str, Any]:
        """What every task of RUN is told; made once in a transaction."""
        folder, inputs = self.files_of(tx, run.version_id, run.reading_id)
        about = tx.remembered["input", run.id] = {"run": run_info(tx, run), "folder": folder, "inputs": inputs}
        return about

    def _airflow(
        self, tx: Tx, launch: Launch, instance: TaskInstance, run: DagRun, dag: DagSpec, task: TaskSpec
    ) -> AirflowInfo:
        version = versions.get(tx, run.version_id)
        return {
            "python": over(task.runtime, dag.runtime).python,
            "workload": workload(launch, instance, version),
        }

    def files_of(self, tx: Tx, version_id: int, reading_id: int) -> tuple[FolderInfo, dict[str, Any]]:
        """The DAG folder as that version has it, with the import roots of a reading of it; and what the file asked for
        in that reading."""
        version, inputs = versions.get(tx, version_id), versions.inputs(tx, reading_id)
        folder: FolderInfo = {
            "digest": version.folder_digest,
            "path": self.parse_path,
            "file": version.file_path,
            "import_roots": list(inputs.get("import_roots") or []),
            "local": str(self.folders.path(version.folder_digest)) if self.folders is not None else None,
        }
        return folder, inputs


def _resume(tx: Tx, launch: Launch) -> ResumeInfo | None:
    """How a launch goes on that follows a trigger; None for the first of an attempt."""
    found = triggers.resumption(tx, launch.task_instance_id, launch.try_number) if launch.ordinal > 1 else None
    if found is None:
        return None
    return {
        "next_method": found.next_method,
        "next_kwargs": dict(found.next_kwargs),
        "encoding": found.encoding,
        "fired": cast(FiredInfo, found.fired.to_json()),
    }


def run_info(tx: Tx, run: DagRun) -> RunInfo:
    """What code of the author's is told of RUN."""
    before = runs.previous(tx, run, states={RunState.SUCCESS})
    previous = None if before is None else {name: _iso(getattr(before, name)) for name in PROPERTIES_OF_PREVIOUS}
    return {
        "run_id": run.run_id,
        "run_type": run.run_type.value,
        "logical_date": _iso(run.logical_date),
        "data_interval_start": _iso(run.data_interval_start),
        "data_interval_end": _iso(run.data_interval_end),
        "run_after": run.run_after.isoformat(),
        "start_date": _iso(run.start_date),
        "queued_at": _iso(run.queued_at),
        "conf": dict(run.conf),
        "prev_success": previous,
        "partition_key": run.partition_key,
        "partition_date": _iso(run.partition_date),
        "consumed_asset_events": [cast(AssetHappened, asset_answers.happened(event)) for event in consumed(tx, run)],
    }


def _map_lengths(tx: Tx, run: DagRun, dag: DagSpec, task: TaskSpec) -> dict[str, int]:
    """How many copies each mapped task above TASK has; asked of the store only where there is one."""
    if not dag.mapped_tasks or (dag.mapped_tasks == {task.task_id} and not task.upstream):
        return {}
    counts: Counter[str] = Counter()
    for task_id, map_index in tasks.states_of(tx, run.id):
        if map_index >= 0:
            counts[task_id] += 1
    return dict(counts)


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()
