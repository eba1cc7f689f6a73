"""What must be so of tasks that Airflow's own supervisor and SDK run, whose Execution API GoFlow's server answers: on any
backend."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.airflow_runtime.conftest import Runs
from tests.running import Daemon

OUTAGE_S = float(os.environ.get("GOFLOW_TEST_OUTAGE_S") or 6.0)
"""How long the server is away: longer than Airflow's supervisor bears by itself when its heartbeat is as fast as here."""


def start_all(runs: Runs) -> None:
    """All at once: an Airflow takes seconds to start, and most of a task's time is that."""
    runs.daemon.run("variables", "set", "greeting", "hello")
    runs.daemon.run("connections", "set", "db", "--uri", "postgres://me:secret@db.example.com/orders")
    for dag_id, conf in (("results", {"word": "given"}), ("ends", {}), ("deferred", {}), ("assets", {}), ("asks", {})):
        runs.start(dag_id, **conf)


class AirflowCases:
    """Subclasses come with the fixtures `runs`, on which `start_all` was called, and `shared`: an empty folder that the
    tasks see at the same path."""

    @pytest.mark.timeout(600)
    def test_results_variables_connections_copies_and_templates_come_through(self, runs: Runs) -> None:
        state, tasks = runs.end("results")
        assert (state, set(tasks.values())) == ("success", {"success"})
        assert {name for name in tasks if name.startswith("square")} == {"square[0]", "square[1]", "square[2]"}
        assert runs.xcom("results", "say") == "db.example.com hello 14 given"
        assert "these words are the task's own" in runs.log("results", "give").splitlines()

    def test_a_task_ends_as_it_says(self, runs: Runs) -> None:
        state, tasks = runs.end("ends")
        assert (state, tasks) == (
            "failed",
            {
                "fails_first": "success",
                "gives_up": "failed",
                "passes": "skipped",
                "dies_first": "success",
                "is_patient": "success",
                "chooses": "success",
                "left": "success",
                "right": "skipped",
            },
        )
        with sqlite3.connect(runs.daemon.home / "goflow.db") as database:
            why = dict(
                database.execute(
                    "select task_id, message from launches join task_instances on task_instances.id = task_instance_id"
                    " where dag_id = 'ends' and message is not null and launches.try_number = 1"
                ).fetchall()
            )
        assert why["gives_up"] == "AirflowFailException: it would be so again"
        assert why["dies_first"] == "the task's process was ended by SIGKILL"
        tries = {name: row["try_number"] for name, row in runs.tasks("ends").items()}
        assert (tries["fails_first"], tries["gives_up"], tries["dies_first"], tries["is_patient"]) == (2, 1, 2, 1)
        assert "ValueError: not yet" in runs.daemon.run("tasks", "logs", "ends", "test", "fails_first", "--try", "1")

    def test_deferred_tasks_go_on_with_their_events_and_fail_when_their_time_is_up(self, runs: Runs) -> None:
        state, tasks = runs.end("deferred")
        assert (state, tasks) == ("failed", {"goes_on": "success", "waits_too_long": "failed"})
        assert runs.xcom("deferred", "goes_on") == {"fired": True, "kept": [1, 2]}
        assert "TaskDeferralTimeout" in runs.log("deferred", "waits_too_long")

    def test_events_of_assets_are_kept_and_other_dags_are_started(self, runs: Runs) -> None:
        state, tasks = runs.end("assets")
        assert (state, set(tasks.values())) == ("success", {"success"})
        assert runs.xcom("assets", "reads") == [3, 4]
        told = runs.daemon.json("assets", "events")
        assert {(event["name"], event["extra"]["rows"], event["source_task_id"]) for event in told} == {
            ("orders", 3, "writes"),
            ("more", 4, "writes"),
        }
        (run_id,) = {run["run_id"] for event in told for run in event["created_dagruns"]}
        state, _ = runs.end("follows", run_id)
        assert (state, runs.xcom("follows", "tells", run_id=run_id)) == (
            "success",
            [[name, rows, "test", "writes"] for name, rows in (("called", 4), ("more", 4), ("orders", 3))],
        )
        (started,) = runs.daemon.json("runs", "list", "started")
        assert (started["run_id"], started["state"], started["conf"]) == ("by_hand", "success", {"a": 1})

    def test_people_are_asked_and_their_answers_are_the_results(self, runs: Runs) -> None:
        answer_all(runs.daemon)
        state, tasks = runs.end("asks")
        assert (state, tasks) == (
            "failed",
            {
                "form": "success",
                "late": "success",
                "never": "failed",
                "approve": "success",
                "branch": "success",
                "left": "success",
                "right": "skipped",
            },
        )
        answered = runs.xcom("asks", "form")
        assert (answered["chosen_options"], answered["params_input"]) == (["OK"], {"name": "Ada"})
        assert answered["responded_by_user"] == {"id": "cli", "name": "cli"}
        assert runs.xcom("asks", "late")["chosen_options"] == ["b"]

    @pytest.mark.timeout(OUTAGE_S + 600)
    def test_tasks_outlive_a_server_that_is_away(self, runs: Runs, shared: Path) -> None:
        runs.start("outage", folder=str(shared))
        for name in ("meanwhile", "afterwards"):
            runs.daemon.wait_for(f"the start of {name}", (shared / f"{name}.ran").exists, 120)
        runs.daemon.kill()
        (shared / "meanwhile.go").touch()
        runs.daemon.wait_for("the end of the first", (shared / "meanwhile.done").exists)
        time.sleep(OUTAGE_S)  # what is tested is that this passes
        runs.daemon.start()
        (shared / "afterwards.go").touch()
        state, tasks = runs.end("outage")
        assert (state, set(tasks.values())) == ("success", {"success"})
        assert {row["try_number"] for row in runs.tasks("outage").values()} == {1}
        assert runs.xcom("outage", "collects") == ["afterwards", "meanwhile"]
        assert [(shared / f"{name}.ran").read_text() for name in ("meanwhile", "afterwards")] == ["once\n", "once\n"]


def answer_all(daemon: Daemon) -> None:
    """As a person does it: each question when it is asked."""
    for task_id, subject, words in (
        ("form", "Who are you?", ("--option", "OK", "--param", "name=Ada")),
        ("approve", "Is Ada right?", ("--option", "Approve")),
        ("branch", "Where?", ("--option", "L")),
    ):
        asked = daemon.wait_for(f"the question of {task_id}", lambda task_id=task_id: question(daemon, task_id), 180)
        assert asked["subject"] == subject
        daemon.run("tasks", "respond", "asks", "test", task_id, *words)


def question(daemon: Daemon, task_id: str) -> Any:
    found = {row["task_instance"]["task_id"]: row for row in daemon.json("tasks", "questions", "--dag", "asks")}
    return found.get(task_id)
