"""A daemon whose tasks run in the real Airflow."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.environments import AIRFLOW_3, environment
from tests.running import Daemon, standalone

DAGS = Path(__file__).parent / "dags"
RUN_ID = "test"
LONGEST_S = 180.0


class Runs:
    """Runs of DAGs, started and looked at through DAEMON."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    def start(self, dag_id: str, **conf: Any) -> None:
        self.daemon.run("dags", "trigger", dag_id, "--run-id", RUN_ID, "--conf", json.dumps(conf))

    def end(self, dag_id: str, run_id: str = RUN_ID) -> tuple[str, dict[str, str]]:
        """The state of the run once it has ended, and those of its tasks."""

        def ended() -> str | None:
            runs = {row["run_id"]: row["state"] for row in self.daemon.json("runs", "list", dag_id)}
            return runs.get(run_id) if runs.get(run_id) in {"success", "failed"} else None

        state = self.daemon.wait_for(f"the run of {dag_id}", ended, LONGEST_S, 0.5)
        return state, {name: row["state"] for name, row in self.tasks(dag_id, run_id).items()}

    def tasks(self, dag_id: str, run_id: str = RUN_ID) -> dict[str, dict[str, Any]]:
        """Task, or ``task[index]``, to its row."""
        rows = self.daemon.json("tasks", "list", dag_id, run_id)
        return {
            row["task_id"] if row["map_index"] < 0 else f"{row['task_id']}[{row['map_index']}]": row for row in rows
        }

    def log(self, dag_id: str, task_id: str) -> str:
        return self.daemon.run("tasks", "logs", dag_id, RUN_ID, task_id)

    def xcom(self, dag_id: str, task_id: str, key: str = "return_value", run_id: str = RUN_ID) -> Any:
        """A result, as it is stored."""
        with sqlite3.connect(self.daemon.home / "goflow.db") as database:
            found = database.execute(
                "select value from xcoms join dag_runs on dag_runs.id = dag_run_id"
                " where dag_id = ? and run_id = ? and task_id = ? and key = ?",
                (dag_id, run_id, task_id, key),
            ).fetchone()
        return json.loads(found[0])


def wait_for_dags(daemon: Daemon, count: int = 8) -> None:
    """Until the daemon knows COUNT DAGs: those of `DAGS`, unless there are more."""
    daemon.wait_for("all DAGs", lambda: len(daemon.json("dags", "list")) == count, 60)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Iterator[Daemon]:
    """A daemon on a folder of the DAGs here, all of whose tasks run in Airflow."""
    place = tmp_path_factory.mktemp("airflow")
    shutil.copytree(DAGS, place / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    python = environment(AIRFLOW_3).python
    (place / "dags" / "goflow.yaml").write_text(f"dialect: airflow3\nruntime: airflow\npython: {python}\n")
    daemon = standalone(place / "home", place / "dags")
    daemon.start()
    wait_for_dags(daemon)
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def runs(made: Daemon) -> Runs:
    return Runs(made)


def asks(home: Path, url: str, secret: str, ti: str, part: str) -> dict[str, Any]:
    """What Airflow's own client is answered at URL (see `asks.py`)."""
    made = environment(AIRFLOW_3)
    given = {"RELAY": url, "SECRET": secret, "TI": ti, "PART": part, "TASK": "t"}
    done = subprocess.run(
        [made.python, str(Path(__file__).parent / "asks.py")],
        env={**os.environ, **given, "AIRFLOW_HOME": str(home), "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
