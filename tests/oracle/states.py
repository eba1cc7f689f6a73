"""The states to which the real Airflow brings its own example DAGs, recorded for GoFlow's tests to be held against."""

from __future__ import annotations

import json
import platform
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.oracle.environments import AIRFLOW_3, environment
from tests.oracle.examples import EXAMPLES, SEEDED, copy_examples, task_environment
from tests.oracle.live import ENDED, Airflow, airflow, wait_until
from tests.oracle.wheels import wheel_folder

RECORDED = Path(__file__).parent / f"states-{AIRFLOW_3.version}.json"
RUN_ID = "oracle"
RUN_LIMIT_S = 900.0  # some examples sleep, and make several virtual environments, on two busy cores


def recorded() -> dict[str, dict[str, Any]]:
    """{dag_id: {"run_state": str, "tasks": {task_id or "task_id[map_index]": state}}} as Airflow left them."""
    document = json.loads(RECORDED.read_text())
    dags: dict[str, dict[str, Any]] = document["dags"]
    return dags


def outcome(tasks: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """{task_id or "task_id[map_index]": state} of rows as Airflow's API and `goflow tasks list --json` give them."""
    return {
        task["task_id"] if task["map_index"] < 0 else f"{task['task_id']}[{task['map_index']}]": task["state"]
        for task in tasks
    }


def differences(dag_id: str, tasks: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str | None, str | None]]:
    """{task: (Airflow's state, the state in TASKS)} where they differ; None for a task that one of them has not."""
    expected, found = recorded()[dag_id]["tasks"], outcome(tasks)
    return {
        task: (expected.get(task), found.get(task))
        for task in sorted({*expected, *found})
        if expected.get(task) != found.get(task)
    }


def record() -> Path:
    """Run every example in a real Airflow, with a scheduler and the LocalExecutor, and write RECORDED."""
    with tempfile.TemporaryDirectory(prefix="goflow-oracle-") as place:
        work = Path(place)
        work.chmod(0o755)  # PostgreSQL's own user has its folder below
        dags, scratch = work / "dags", work / "tmp"
        scratch.mkdir()
        copy_examples(dags)
        settings = task_environment(str(SEEDED), str(wheel_folder())) | {
            "TMPDIR": str(scratch),  # where two of the examples keep their virtual environments
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # manual runs only
            "AIRFLOW__STANDARD__VENV_INSTALL_METHOD": "pip",
        }
        with airflow(environment(AIRFLOW_3), dags, work, settings) as running:
            found = _run_all(running)
    document = {
        "made_by": "python -m tests.oracle states",
        "airflow": AIRFLOW_3.version,
        "executor": "LocalExecutor",
        "python": platform.python_version(),
        "environment": "tests.oracle.examples.task_environment, seed 1",
        "dags": found,
    }
    RECORDED.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    return RECORDED


def _run_all(running: Airflow) -> dict[str, dict[str, Any]]:
    by_hand = [dag_id for example in EXAMPLES for dag_id in example.dag_ids]
    triggered = [dag_id for example in EXAMPLES for dag_id in example.triggered]
    wanted = {*by_hand, *triggered}
    wait_until(lambda: wanted <= running.dags(), RUN_LIMIT_S, "all example files to be read")
    for dag_id in wanted:
        running.unpause(dag_id)
    found = {}
    for dag_id in by_hand:
        began = time.monotonic()
        running.trigger(dag_id, RUN_ID)
        running.wait_for_run(dag_id, RUN_ID, RUN_LIMIT_S)
        found[dag_id] = _outcome(running, dag_id, RUN_ID)
        print(f"{dag_id:60} {found[dag_id]['run_state']:8} {time.monotonic() - began:6.1f} s", flush=True)
    for dag_id in triggered:
        run = _wait_for_any(running, dag_id)
        found[dag_id] = _outcome(running, dag_id, run["dag_run_id"])
        print(f"{dag_id:60} {found[dag_id]['run_state']:8} (triggered)", flush=True)
    return found


def _wait_for_any(running: Airflow, dag_id: str) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        return next((run for run in running.runs(dag_id) if run["state"] in ENDED), None)

    return wait_until(ended, RUN_LIMIT_S, f"the triggered run of {dag_id}")


def _outcome(running: Airflow, dag_id: str, run_id: str) -> dict[str, Any]:
    return {"run_state": running.run(dag_id, run_id)["state"], "tasks": outcome(running.tasks(dag_id, run_id))}
