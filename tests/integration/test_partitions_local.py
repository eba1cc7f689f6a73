"""Partitions from one DAG to the next on a real daemon: what tasks tell of them, and what tasks see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.running import Daemon, standalone

FILE = """
from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, PartitionedAtRuntime, StartOfDayMapper, task
from airflow.providers.standard.operators.bash import BashOperator

hours, regions = Asset("hours"), Asset("regions")


@task
def sees(*, partition_key=None, partition_date=None, dag_run=None, triggering_asset_events=None):
    told = [event.partition_key for events in triggering_asset_events.values() for event in events]
    return [partition_key, str(partition_date), dag_run.partition_key, str(dag_run.partition_date), told]


@task(outlets=[regions])
def tells_of_two(*, outlet_events):
    outlet_events[regions].add_partitions(["eu", "us"])


with DAG("makes", schedule=PartitionedAtRuntime()) as makes:
    BashOperator(task_id="hour", bash_command="echo {{ partition_key }}", outlets=[hours], do_xcom_push=True)
    tells_of_two()
    sees()

with DAG("days", schedule=PartitionedAssetTimetable(hours, default_partition_mapper=StartOfDayMapper())) as days:
    sees()

with DAG("each", schedule=PartitionedAssetTimetable(regions)) as each:
    sees()
"""
HOUR = "2026-01-05T03:00:00"


def test_keys_go_from_runs_to_events_to_runs_and_tasks_see_them(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "partitions.py").write_text(FILE)
    daemon: Daemon = standalone(tmp_path / "home", tmp_path / "dags")
    daemon.start()
    try:
        daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 3, 60)
        with daemon.api() as api:
            for dag_id in ("makes", "days", "each"):
                api.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False}).raise_for_status()
            made = api.post("/api/v2/dags/makes/dagRuns", json={"partition_key": HOUR}).raise_for_status().json()

            def over() -> list[dict[str, Any]] | None:
                runs: list[dict[str, Any]] = api.get("/api/v2/dags/~/dagRuns").json()["dag_runs"]
                ended = len(runs) == 4 and all(run["state"] in {"success", "failed"} for run in runs)
                return runs if ended else None

            runs = daemon.wait_for("all runs", over, 120, 0.3)
            assert {run["state"] for run in runs} == {"success"}

            def result(run: dict[str, Any], task_id: str) -> Any:
                path = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances/{task_id}"
                return api.get(path).raise_for_status().json()["xcoms"]["return_value"]

            assert result(made, "hour") == HOUR
            assert result(made, "sees") == [HOUR, "None", HOUR, "None", []]
            day = "2026-01-05 00:00:00+00:00"
            seen = sorted(result(run, "sees") for run in runs if run["dag_id"] != "makes")
            assert seen == [
                ["2026-01-05", day, "2026-01-05", day, [HOUR]],
                ["eu", "None", "eu", "None", ["eu"]],
                ["us", "None", "us", "None", ["us"]],
            ]
    finally:
        daemon.stop()
