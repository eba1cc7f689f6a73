"""Runs that events of assets begin, on a real daemon, held against what the real Airflows made of the same files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.oracle import asset_runs
from tests.running import Daemon, standalone

LONGEST_S = 120.0


def outcome(api: httpx.Client, run: dict[str, Any]) -> dict[str, Any]:
    """A run as `tests.oracle.asset_runs.told` has it."""
    base = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['run_id']}/taskInstances"
    tasks = {}
    for row in api.get(base).raise_for_status().json()["task_instances"]:
        name = row["task_id"] if row["map_index"] < 0 else f"{row['task_id']}[{row['map_index']}]"
        shown = api.get(f"{base}/{row['task_id']}", params={"map_index": row["map_index"]}).raise_for_status().json()
        tasks[name] = {"state": row["state"], "xcoms": shown["xcoms"]}
    told = asset_runs.told({**run, "tasks": tasks})
    for task in told["tasks"].values():
        task["saw"] = asset_runs.in_any_order(task["saw"])
    return told


def all_runs(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/api/v2/dags/~/dagRuns", params={"limit": 100}).json()["dag_runs"]
    return found


@pytest.mark.parametrize("dialect", [3, 2])
def test_runs_by_assets_and_what_their_tasks_see_are_airflows(tmp_path: Path, dialect: int) -> None:
    shutil.copytree(asset_runs.folder(dialect), tmp_path / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "dags" / "goflow.yaml").write_text(f"dialect: airflow{dialect}\n")
    truth = asset_runs.recorded(dialect)
    daemon: Daemon = standalone(tmp_path / "home", tmp_path / "dags")
    daemon.start()
    try:
        daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == len(truth), 60)
        with daemon.api() as api:
            for dag_id in truth:
                api.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False}).raise_for_status()
            body = {"dag_run_id": asset_runs.RUN_ID, "logical_date": asset_runs.LOGICAL_DATE}
            api.post(f"/api/v2/dags/{asset_runs.MADE_BY}/dagRuns", json=body).raise_for_status()

            def over() -> list[dict[str, Any]] | None:
                runs = all_runs(api)
                ended = all(run["state"] in {"success", "failed"} for run in runs)
                return runs if ended and {run["dag_id"] for run in runs} == set(truth) else None

            runs = daemon.wait_for("all runs", over, LONGEST_S, 0.3)
            assert sorted(run["dag_id"] for run in runs) == sorted(truth)
            assert {run["dag_id"]: outcome(api, run) for run in runs} == truth
    finally:
        daemon.stop()
