"""Runs and the contexts of tasks, as Airflow's client reads them: older clients refuse fields that they do not know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from goflow.domain.assets import AssetEvent
from goflow.domain.runs import DagRun, Launch, TaskInstance
from goflow.domain.state import RunType, TaskState
from goflow.domain.triggers import FiredKind
from goflow.server import asset_answers
from goflow.server.execution.states import RESCHEDULED
from goflow.store import Tx, launches, triggers, xcoms
from goflow.store.assets import consumed
from goflow.store.rows import Resumption

VERSION_HEADER = "airflow-api-version"
NEWEST = "2026-06-30"
ADDED_TO_RUNS = {
    "state": "2025-08-10",
    "triggering_user_name": "2025-11-05",
    "partition_key": "2026-04-06",
    "note": "2026-04-06",
    "team_name": NEWEST,
    "partition_date": NEWEST,
}
"""Field of a run to the version of the API that brought it (``execution_api.versions``)."""
FAILS = "__fail__"
"""What stands for the method of a task that goes on to fail (``TRIGGER_FAIL_REPR``)."""
START_DATE_OPTIONAL = "2026-04-06"


def version_of(headers: Mapping[str, str]) -> str:
    """The version of the API that a client speaks."""
    return headers.get(VERSION_HEADER, NEWEST)


def dag_run(tx: Tx, run: DagRun, version: str) -> dict[str, Any]:
    """RUN for a client of that VERSION of the API."""
    start = run.start_date if run.start_date or version >= START_DATE_OPTIONAL else run.run_after
    told: dict[str, Any] = {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "logical_date": iso(run.logical_date),
        "data_interval_start": iso(run.data_interval_start),
        "data_interval_end": iso(run.data_interval_end),
        "run_after": iso(run.run_after),
        "start_date": iso(start),
        "end_date": iso(run.end_date),
        "clear_number": 0,
        "run_type": _kind(run, version),
        "state": run.state.value,
        "conf": dict(run.conf),
        "triggering_user_name": None,
        "consumed_asset_events": [_consumed(event, version) for event in consumed(tx, run)],
        "partition_key": run.partition_key,
        "partition_date": iso(run.partition_date),
        "note": run.note,
        "team_name": None,
    }
    return {name: value for name, value in told.items() if ADDED_TO_RUNS.get(name, "") <= version}


def _kind(run: DagRun, version: str) -> str:
    """Its type, in the words that a client of that VERSION knows."""
    by_operator = run.run_type is RunType.OPERATOR_TRIGGERED
    return RunType.MANUAL.value if by_operator and version < NEWEST else run.run_type.value


def _consumed(event: AssetEvent, version: str) -> dict[str, Any]:
    """An event that RUN was begun with (``AssetEventDagRunReference``)."""
    told = asset_answers.happened(event)
    told["asset"] = {word: told["asset"][word] for word in ("name", "uri", "extra")}
    for word in ("id", *(() if version >= ADDED_TO_RUNS["partition_key"] else ("partition_key",))):
        del told[word]
    return told


def run_context(tx: Tx, run: DagRun, instance: TaskInstance, launch: Launch, version: str) -> dict[str, Any]:
    """``TIRunContext``: what a task is told when it begins (``ti_run``)."""
    resumption = triggers.resumption(tx, instance.id, launch.try_number) if launch.ordinal > 1 else None
    found = xcoms.of_task(tx, instance.dag_run_id, instance.task_id, instance.map_index)
    context = {
        "dag_run": dag_run(tx, run, version),
        "task_reschedule_count": len(rescheduled(tx, launch)),
        "max_tries": instance.max_tries,
        "variables": [],
        "connections": [],
        "upstream_map_indexes": None,
        "xcom_keys_to_clear": list(found) if resumption is None else [],
        "should_retry": instance.max_tries != 0 and launch.try_number <= instance.max_tries,
    }
    if resumption is None:
        return context
    return context | {"start_date": iso(instance.start_date), **_going_on(resumption)}


def _going_on(resumption: Resumption) -> dict[str, Any]:
    """The method that a deferred task goes on with (``handle_event_submit``, ``submit_failure``)."""
    fired, kind = resumption.fired, resumption.fired.kind
    if kind is FiredKind.EVENT:
        return {
            "next_method": resumption.next_method,
            "next_kwargs": {**resumption.next_kwargs, "event": fired.payload},
        }
    error = "Trigger timeout" if kind is FiredKind.TIMEOUT else "Trigger failure"
    if kind is FiredKind.FAILED:
        error = "the trigger ended the task as failed"
    told = {"error": error, "traceback": list(fired.traceback)} if fired.traceback else {"error": error}
    return {"next_method": FAILS, "next_kwargs": told}


def rescheduled(tx: Tx, launch: Launch) -> list[Launch]:
    """The starts of LAUNCH's attempt before it that ended with the wish to be started anew."""
    return [
        one
        for one in launches.of_task(tx, launch.task_instance_id, launch.try_number)
        if one.ordinal < launch.ordinal and one.reason == RESCHEDULED
    ]


def previous_instance(run: DagRun, instance: TaskInstance) -> dict[str, Any]:
    """``PreviousTIResponse``."""
    took = instance.end_date - instance.start_date if instance.start_date and instance.end_date else None
    return {
        "dag_id": instance.dag_id,
        "run_id": instance.run_id,
        "task_id": instance.task_id,
        "map_index": instance.map_index,
        "try_number": instance.try_number,
        "state": state_word(instance.state),
        "logical_date": iso(run.logical_date),
        "start_date": iso(instance.start_date),
        "end_date": iso(instance.end_date),
        "duration": None if took is None else took.total_seconds(),
    }


def state_word(state: TaskState) -> str | None:
    """Airflow has no word for a task that is not scheduled yet."""
    return None if state is TaskState.NONE else state.value


def iso(moment: dt.datetime | None) -> str | None:
    """MOMENT as ISO 8601."""
    return None if moment is None else moment.isoformat()
