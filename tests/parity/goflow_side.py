"""What GoFlow makes of the examples: a real daemon, on the local backend with the same folder as Airflow."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.parity.backends import LOCAL, Backend
from tests.parity.driving import drive
from tests.parity.examples import LOGICAL_DATE, PLACE, RUN_ID, Group
from tests.parity.outcomes import add_records
from tests.running import Daemon

READ_LIMIT_S = 300.0
Outcome = dict[str, Any]


def outcomes(
    group: Group, folder: Path, dag_ids: list[str], logs: Path | None = None, backend: Backend = LOCAL
) -> dict[str, list[Outcome]]:
    """DAG id to its runs as GoFlow left them in the DAG folder FOLDER; a run that had no end is there with the states
    that it has. LOGS: where to keep what the tasks printed."""
    with (
        tempfile.TemporaryDirectory(prefix=PLACE) as place,
        _daemon(group, folder, Path(place), backend) as (daemon, api),
    ):
        wanted = set(dag_ids)
        daemon.wait_for("the DAGs", lambda: wanted <= _dag_ids(api) or _scanned(api, wanted), READ_LIMIT_S, 1.0)
        there = _dag_ids(api)
        entries = [group.entry(dag_id) for dag_id in group.in_order(dag_ids) if dag_id in there]
        for entry in entries:
            entry["after"] = [dag_id for dag_id in entry["after"] if dag_id in there and dag_id in wanted]
            if entry["triggered"]:
                _unpause(api, entry["dag_id"])
        answers = {entry["dag_id"]: entry["answers"] for entry in entries if "answers" in entry}
        drive(
            entries,
            lambda entry: _trigger(api, entry),
            lambda: _answered(api, answers) or _states(api),
            lambda _: None,
            backend.limit_s,
            backend.at_once,
        )
        found = {dag_id: list(_runs(api, dag_id)) if dag_id in there else [] for dag_id in dag_ids}
        _leave_out_what_schedules_trigger(found)
        if group.records:
            _wait_for_callbacks(daemon)
            for dag_id, runs in found.items():
                add_records(runs, Path(place) / "tmp" / "record" / dag_id)
        if logs is not None:
            _keep_logs(api, found, logs)
        return found


@contextmanager
def _daemon(group: Group, folder: Path, place: Path, backend: Backend) -> Iterator[tuple[Daemon, httpx.Client]]:
    scratch = place / "tmp"
    scratch.mkdir()
    document = {"dialect": f"airflow{group.release.dialect}", **backend.goflow_yaml(folder, scratch)}
    (folder / "goflow.yaml").write_text(json.dumps(document, indent=1))
    settings = {
        "GOFLOW_DAGS_FOLDER": str(folder),
        "GOFLOW_API_PORT": "0",
        "GOFLOW_LOG_FORMAT": "json",
        **backend.settings,
    }
    daemon = Daemon(place / "home", ["daemon"], settings)
    daemon.start(wait=False)
    daemon.wait_until_up(READ_LIMIT_S)
    try:
        with daemon.api() as api:
            yield daemon, api
    finally:
        daemon.stop()


def _leave_out_what_schedules_trigger(found: dict[str, list[Outcome]]) -> None:
    """Of runs that tasks have triggered, only those of tasks of runs by hand are Airflow's as well."""
    known = {f"task:{launch}" for runs in found.values() for run in runs for launch in run["launches"]}
    for runs in found.values():
        runs[:] = [run for run in runs if run["run_id"] == RUN_ID or run["triggered_by"] in known]


def _wait_for_callbacks(daemon: Daemon) -> None:
    """Wait until everything has been called that the ends of tasks and runs have asked for."""
    database = f"file:{daemon.home / 'goflow.db'}?mode=ro"
    with closing(sqlite3.connect(database, uri=True)) as store:
        open_ones = "SELECT count(*) FROM run_callbacks WHERE state IN ('waiting', 'claimed')"
        daemon.wait_for("the callbacks", lambda: store.execute(open_ones).fetchone() == (0,), READ_LIMIT_S)


def _dag_ids(api: httpx.Client) -> set[str]:
    return {dag["dag_id"] for dag in _get(api, "/api/v2/dags", limit=1000)["dags"]}


def _scanned(api: httpx.Client, wanted: set[str]) -> bool:
    """Whether what is missing has an import error, so that waiting for it is of no use."""
    failed = {entry["filename"] for entry in _get(api, "/api/v2/importErrors", limit=1000)["import_errors"]}
    return bool(failed) and len(_dag_ids(api) & wanted) + len(failed) >= len(wanted)


def _unpause(api: httpx.Client, dag_id: str) -> None:
    api.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False}).raise_for_status()


def _trigger(api: httpx.Client, entry: Mapping[str, Any]) -> None:
    _unpause(api, entry["dag_id"])
    body = {"dag_run_id": RUN_ID, "logical_date": LOGICAL_DATE, "conf": entry["conf"]}
    answer = api.post(f"/api/v2/dags/{entry['dag_id']}/dagRuns", json=body)
    if answer.is_error:
        raise RuntimeError(answer.text)


def _states(api: httpx.Client) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for run in _all_runs(api, "~"):
        found.setdefault(run["dag_id"], []).append(run["state"])
    return found


def _answered(api: httpx.Client, answers: Mapping[str, Mapping[str, Any]]) -> None:
    """Answer what tasks ask people, as the user ``api``."""
    for dag_id, of_tasks in answers.items():
        asked = _get(api, f"/api/v2/dags/{dag_id}/dagRuns/~/hitlDetails", response_received=False, limit=1000)
        for row in (one["task_instance"] for one in asked["hitl_details"]):
            if row["task_id"] in of_tasks and row["state"] == "awaiting_input":
                path = f"/api/v2/dags/{dag_id}/dagRuns/{row['dag_run_id']}/taskInstances/{row['task_id']}"
                body = of_tasks[row["task_id"]]
                api.patch(f"{path}/{row['map_index']}/hitlDetails", json=body).raise_for_status()


def _all_runs(api: httpx.Client, dag_id: str) -> list[dict[str, Any]]:
    """Runs, the first one first, without those that the schedule made: Airflow is told to make none."""
    rows = _get(api, f"/api/v2/dags/{dag_id}/dagRuns", limit=1000, order_by="run_after")["dag_runs"]
    return [run for run in rows if run["run_type"] != "scheduled"]


def _runs(api: httpx.Client, dag_id: str) -> Iterator[Outcome]:
    for run in _all_runs(api, dag_id):
        base = f"/api/v2/dags/{dag_id}/dagRuns/{run['run_id']}/taskInstances"
        rows = _get(api, base, limit=1000, order_by="id")["task_instances"]
        tasks = {_name(row): _task(api, base, row) for row in rows}
        names = (
            "run_id",
            "run_type",
            "state",
            "conf",
            "logical_date",
            "data_interval_start",
            "data_interval_end",
        )
        yield {
            "triggered_by": run["who"],
            **{name: run[name] for name in names},
            "launches": [launch for task in tasks.values() for launch in task.pop("launches")],
            "tasks": tasks,
        }


def _name(row: Mapping[str, Any]) -> str:
    return row["task_id"] if row["map_index"] < 0 else f"{row['task_id']}[{row['map_index']}]"


def _task(api: httpx.Client, base: str, row: Mapping[str, Any]) -> dict[str, Any]:
    shown = _get(api, f"{base}/{row['task_id']}", map_index=row["map_index"])
    return {
        "state": row["state"],
        "try_number": row["try_number"],
        "label": shown["map_index_label"],
        "rendered": shown["rendered_fields"],
        "xcoms": shown["xcoms"],
        "launches": [launch["launch_id"] for launch in shown["launches"]],
    }


def _keep_logs(api: httpx.Client, found: Mapping[str, list[Outcome]], folder: Path) -> None:
    """Every attempt's log, for whoever wonders about a state."""
    shutil.rmtree(folder, ignore_errors=True)
    for dag_id, runs in found.items():
        for run in runs:
            for name, task in run["tasks"].items():
                task_id, _, index = name.rstrip("]").partition("[")
                path = f"/goflow/v1/dags/{dag_id}/dagRuns/{run['run_id']}/taskInstances/{task_id}/logs"
                for number in range(1, task["try_number"] + 1):
                    answer = api.get(f"{path}/{number}", params={"map_index": index or -1})
                    if answer.is_success:
                        file = folder / dag_id / run["run_id"].replace("/", "_") / f"{name}.{number}.log"
                        file.parent.mkdir(parents=True, exist_ok=True)
                        file.write_text("".join(f"{line['text']}\n" for line in answer.json()["lines"]))


def _get(api: httpx.Client, path: str, **query: Any) -> Any:
    return api.get(path, params=query).raise_for_status().json()
