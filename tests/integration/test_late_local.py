"""Deadlines and SLAs on a real daemon: the author's functions are called by a trigger runner, once, and it is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.running import Daemon, standalone

NOTE = """
import os
from datetime import datetime, timedelta, timezone

HERE = {here!r}

def note(text):
    with open(os.path.join(HERE, "notes"), "a") as file:
        file.write(text + "\\n")
"""
DEADLINES = (
    NOTE
    + """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, AsyncCallback, BaseDeadlineReference, DeadlineAlert, DeadlineReference, SyncCallback
from airflow.sdk import deadline_reference


@deadline_reference
class Own(BaseDeadlineReference):
    required_kwargs = {{"run_id"}}

    def _evaluate_with(self, *, session, run_id):
        note(f"asked {{run_id}}")
        return datetime(2026, 1, 1, tzinfo=timezone.utc)


def by_own(context):
    note("by its own")


async def late(context, word):
    note(f"async {{word}} {{context['dag_run']['dag_run_id']}} {{context['dag_run']['state']}}")


def later(context):
    note(f"sync {{type(context['deadline']['deadline_time']).__name__}}")


def in_time(context):
    note("never")


QUEUED = DeadlineReference.DAGRUN_QUEUED_AT
with DAG(
    "deadlines",
    schedule=None,
    deadline=[
        DeadlineAlert(QUEUED, timedelta(seconds=1), AsyncCallback(late, {{"word": "w"}}), name="one second"),
        DeadlineAlert(QUEUED, timedelta(seconds=2), SyncCallback(later)),
        DeadlineAlert(QUEUED, timedelta(hours=1), SyncCallback(in_time)),
        DeadlineAlert(DeadlineReference.Own, timedelta(hours=1), SyncCallback(by_own), name="own"),
    ],
):
    BashOperator(task_id="waits", bash_command="until [ -e {here}/go ]; do sleep 0.1; done")
"""
)
SLAS = (
    NOTE
    + """
from airflow import DAG
from airflow.operators.bash import BashOperator


def late(dag, task_list, blocking_task_list, slas, blocking_tis):
    note(f"sla {{dag.dag_id}} {{len(slas)}} {{sorted(dict.fromkeys(sla.task_id for sla in slas))}}")



with DAG("slas", schedule=timedelta(seconds=10), start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1,
         is_paused_upon_creation=False, sla_miss_callback=late):
    first = BashOperator(task_id="first", bash_command="true", sla=timedelta(seconds=1))
    first >> BashOperator(task_id="waits", bash_command="until [ -e {here}/go ]; do sleep 0.1; done")
"""
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "deadlines.py").write_text(DEADLINES.format(here=str(tmp_path)))
    (tmp_path / "dags" / "slas.py").write_text(SLAS.format(here=str(tmp_path)))
    rule = {"path": "slas.py", "dialect": "airflow2"}
    (tmp_path / "dags" / "goflow.yaml").write_text(json.dumps({"rules": [rule]}))
    return tmp_path


@pytest.fixture
def daemon(here: Path):
    made = standalone(here / "home", here / "dags", GOFLOW_TRIGGER_RUNNERS="1", GOFLOW_TRIGGER_POLL_S="0.2")
    made.start()
    yield made
    (here / "go").touch()
    made.stop()


def test_who_is_late_is_told_once_by_the_authors_own_functions(here: Path, daemon: Daemon) -> None:
    daemon.wait_for("the DAG", lambda: any(row["dag_id"] == "deadlines" for row in daemon.json("dags", "list")))
    daemon.run("dags", "unpause", "deadlines")
    daemon.run("dags", "trigger", "deadlines", "--run-id", "r")
    wanted = ("async w", "sync datetime", "sla slas", "by its own")
    notes = daemon.wait_for(
        "four callbacks",
        lambda: (path := here / "notes").exists() and all(word in path.read_text() for word in wanted) and path,
        timeout_s=120,
    ).read_text()
    (here / "go").touch()
    assert "async w r running\n" in notes
    assert "sync datetime\n" in notes
    assert "asked r\n" in notes
    assert re.search(r"^sla slas \d+ \['first'\]$", notes, re.MULTILINE)
    daemon.wait_for("the end", lambda: daemon.json("runs", "show", "deadlines", "r")["state"] == "success")
    told = daemon.json("runs", "show", "deadlines", "r")["deadlines"]
    assert [(row["alert_name"], row["missed"]) for row in told] == [("own", True), ("one second", True), (None, True)]
    late = daemon.json("dags", "show", "slas")["sla_misses"]
    assert {row["task_id"] for row in late} == {"first"}
    found = (here / "notes").read_text()
    assert (found.count("async w"), found.count("sync datetime"), found.count("never")) == (1, 1, 0)
