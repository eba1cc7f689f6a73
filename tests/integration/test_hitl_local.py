"""Tasks that ask people, on the shim and through a real daemon; the same file runs under Airflow's own operators in
`tests.integration.airflow_runtime`."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from tests.integration.airflow_runtime.cases import answer_all
from tests.running import standalone

FILE = Path(__file__).parent / "airflow_runtime" / "dags" / "asks.py"


def test_people_are_asked_and_their_answers_are_the_results(tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    shutil.copy(FILE, dags)
    (dags / "goflow.yaml").write_text("dialect: airflow3\n")
    daemon = standalone(tmp_path / "home", dags)
    daemon.start()
    try:
        daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"), 60)
        daemon.run("dags", "trigger", "asks", "--run-id", "test")
        answer_all(daemon)

        def ended() -> Any:
            return daemon.json("runs", "list", "asks")[0]["state"] in {"success", "failed"}

        daemon.wait_for("the run's end", ended, 120)
        states = {row["task_id"]: row["state"] for row in daemon.json("tasks", "list", "asks", "test")}
        wanted = dict.fromkeys(("form", "late", "approve", "branch", "left"), "success")
        assert states == {**wanted, "never": "failed", "right": "skipped"}
        with sqlite3.connect(daemon.home / "goflow.db") as database:
            rows = database.execute("select task_id, value from xcoms where key = 'return_value'").fetchall()
        results = {task_id: json.loads(value) for task_id, value in rows}
        assert (results["form"]["chosen_options"], results["form"]["params_input"]) == (["OK"], {"name": "Ada"})
        assert results["form"]["responded_by_user"] == {"id": "cli", "name": "cli"}
        assert (results["late"]["chosen_options"], results["late"]["responded_by_user"]) == (["b"], None)
        assert "branch" not in results  # as under Airflow 3, whose tasks end where they skip others
        assert "HITLTimeoutError" in daemon.run("tasks", "logs", "asks", "test", "never")
    finally:
        daemon.stop()
