"""The contract for scripts: names, shapes and exit codes that later work and people's scripts build on."""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import GOFLOW, Daemon, standalone

ETL = """
import datetime as dt

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param, task

with DAG("etl", schedule=None, params={"n": Param(3, type="integer", minimum=1)}, tags=["b", "a"]):

    @task
    def make(params=None):
        return list(range(params["n"]))

    @task
    def twice(x):
        return 2 * x

    @task
    def total(xs):
        return sum(xs)

    say = BashOperator(task_id="say", bash_command="echo run {{ run_id }}; echo {{ ti.xcom_pull('total') }}")
    total(twice.expand(x=make())) >> say

with DAG("bad", schedule=None):
    BashOperator(
        task_id="boom", bash_command="echo try {{ ti.try_number }}; exit 3", retries=1, retry_delay=dt.timedelta(seconds=0.1)
    )

with DAG("chosen", schedule=None):

    @task.branch
    def choose():
        return "left"

    choose() >> [BashOperator(task_id=side, bash_command="true") for side in ("left", "right")]
"""
NATIVE = """
Name: native
Tasks:
  - Name: one
    Command: [sh, -c, "echo native"]
"""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A standalone daemon with a few DAGs."""
    work = tmp_path_factory.mktemp("contract")
    (work / "dags").mkdir()
    (work / "dags" / "etl.py").write_text(ETL)
    (work / "dags" / "native.yaml").write_text(NATIVE)
    made = standalone(work / "home", work / "dags")
    made.start()
    made.wait_for("all DAGs", lambda: len(made.json("dags", "list")) == 4)
    made.run("dags", "trigger", "etl", "--run-id", "done", "--logical-date", "2024-05-01T10:00:00+02:00", "--wait")
    yield made
    made.stop()


def tried(daemon: Daemon, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GOFLOW, *words], env=daemon.environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_dags_list(daemon: Daemon) -> None:
    rows = daemon.json("dags", "list")
    assert [row["dag_id"] for row in rows] == ["bad", "chosen", "etl", "native"]
    assert {(row["file_path"], row["version"], row["is_paused"]) for row in rows if row["dag_id"] == "etl"} == {
        ("etl.py", 1, False)
    }


def test_dags_versions(daemon: Daemon) -> None:
    (row,) = daemon.json("dags", "versions", "etl")
    assert row["number"] == 1
    assert re.fullmatch("[0-9a-f]{64}", row["file_hash"])
    assert re.fullmatch("[0-9a-f]{64}", row["spec_digest"])
    assert MOMENT.fullmatch(row["created_date"])


TRIGGERS: dict[str, tuple[list[str], int]] = {
    "success": (["etl", "--wait"], 0),
    "failure": (["bad", "--wait"], 1),
    "a branch not taken": (["chosen", "--wait"], 0),
    "native YAML": (["native", "--wait"], 0),
    "without waiting": (["etl", "--conf", '{"n": 1}'], 0),
    "a date without a zone": (["etl", "--logical-date", "2024-06-01"], 0),
    "conf that is no JSON": (["etl", "--conf", "{n"], 2),
    "conf that is no object": (["etl", "--conf", "[1]"], 2),
    "a param out of bounds": (["etl", "--conf", '{"n": 0}'], 1),
    "a date that is none": (["etl", "--logical-date", "yesterday-ish"], 2),
    "a run id that is taken": (["etl", "--run-id", "done"], 1),
    "a logical date that is taken": (["etl", "--logical-date", "2024-05-01T08:00:00Z"], 1),
    "a DAG that is not there": (["etll"], 1),
    "no DAG": ([], 2),
}


@pytest.mark.parametrize(("words", "expected"), TRIGGERS.values(), ids=TRIGGERS)
def test_the_exit_code_of_a_trigger(daemon: Daemon, words: list[str], expected: int) -> None:
    done = tried(daemon, "dags", "trigger", *words)
    assert done.returncode == expected, done.stderr
    assert "Traceback" not in done.stderr


def test_runs_list(daemon: Daemon) -> None:
    (row,) = [row for row in daemon.json("runs", "list", "etl") if row["run_id"] == "done"]
    assert (row["dag_id"], row["state"]) == ("etl", "success")
    assert row["logical_date"] == "2024-05-01T08:00:00.000000+00:00"
    assert MOMENT.fullmatch(row["start_date"])
    assert MOMENT.fullmatch(row["end_date"])
    assert "done" in {row["run_id"] for row in daemon.json("runs", "list")}


def test_tasks_list(daemon: Daemon) -> None:
    rows = daemon.json("tasks", "list", "etl", "done")
    keys = {"task_id", "map_index", "try_number", "state", "start_date", "end_date"}
    assert all(keys <= set(row) for row in rows)
    assert {(row["task_id"], row["map_index"]) for row in rows} == {
        ("say", -1), ("make", -1), ("twice", 0), ("twice", 1), ("twice", 2), ("total", -1),
    }  # fmt: skip
    assert {row["state"] for row in rows} == {"success"}
    assert all(MOMENT.fullmatch(row["start_date"]) and MOMENT.fullmatch(row["end_date"]) for row in rows)
    begun = {row["task_id"]: dt.datetime.fromisoformat(row["start_date"]) for row in rows}
    assert begun["make"] < begun["total"] < begun["say"]


SHOWN: dict[str, tuple[list[str], str, Any]] = {
    "a rendered template": (["say"], "rendered_fields", "echo run done; echo 6"),
    "the last line as the result": (["say"], "xcoms", {"return_value": "6"}),
    "a list": (["make"], "xcoms", {"return_value": [0, 1, 2]}),
    "a mapped copy's result": (["twice", "--map-index", "2"], "xcoms", {"return_value": 4}),
    "a number": (["total"], "xcoms", {"return_value": 6}),
}


@pytest.mark.parametrize(("words", "key", "expected"), SHOWN.values(), ids=SHOWN)
def test_tasks_show(daemon: Daemon, words: list[str], key: str, expected: Any) -> None:
    found = daemon.json("tasks", "show", "etl", "done", *words)
    assert {"task_id", "map_index", "try_number", "state", "start_date", "end_date"} <= set(found)
    assert (found[key]["bash_command"] if key == "rendered_fields" else found[key]) == expected


def test_a_mapped_copys_argument_is_rendered(daemon: Daemon) -> None:
    found = daemon.json("tasks", "show", "etl", "done", "twice", "--map-index", "1")
    assert found["rendered_fields"]["op_kwargs"] == {"x": 1}


def test_tasks_logs(daemon: Daemon) -> None:
    assert "run done" in daemon.run("tasks", "logs", "etl", "done", "say").splitlines()
    daemon.run("dags", "trigger", "bad", "--run-id", "twice", "--wait", check=False)
    assert "try 1" in daemon.run("tasks", "logs", "bad", "twice", "boom", "--try-number", "1").splitlines()
    assert "try 2" in daemon.run("tasks", "logs", "bad", "twice", "boom").splitlines()
    (row,) = daemon.json("tasks", "list", "bad", "twice")
    assert (row["state"], row["try_number"]) == ("failed", 2)


HINTS = {
    "a DAG's id": (["dags", "show", "elt"], "did you mean 'etl'?"),
    "a run's id": (["tasks", "list", "etl", "doen"], "did you mean 'done'?"),
    "a task's id": (["tasks", "show", "etl", "done", "sya"], "did you mean 'say'?"),
    "a copy that is not named": (["tasks", "logs", "etl", "done", "twice"], "--map-index 0 to 2"),
    "a command": (["dag", "list"], "Did you mean 'dags'?"),
}


@pytest.mark.parametrize(("words", "hint"), HINTS.values(), ids=HINTS)
def test_what_is_mistyped_gets_a_hint(daemon: Daemon, words: list[str], hint: str) -> None:
    done = tried(daemon, *words)
    assert done.returncode in {1, 2}
    assert hint in done.stderr


def test_states_are_airflows_words(daemon: Daemon) -> None:
    daemon.run("dags", "trigger", "chosen", "--run-id", "one", "--wait")
    states = {row["task_id"]: row["state"] for row in daemon.json("tasks", "list", "chosen", "one")}
    assert states == {"choose": "success", "left": "success", "right": "skipped"}


def test_clear_runs_a_task_again(daemon: Daemon) -> None:
    daemon.run("dags", "trigger", "etl", "--run-id", "again", "--wait")
    daemon.run("runs", "clear", "etl", "again", "--yes")

    def ended() -> bool:
        rows = daemon.json("tasks", "list", "etl", "again")
        return all((row["state"], row["try_number"]) == ("success", 2) for row in rows)

    daemon.wait_for("the second try", ended)


def test_pause_holds_a_run_back(daemon: Daemon) -> None:
    daemon.run("dags", "pause", "native")
    assert {row["dag_id"]: row["is_paused"] for row in daemon.json("dags", "list")}["native"] is True
    daemon.run("dags", "trigger", "native", "--run-id", "held")
    assert [row["state"] for row in daemon.json("runs", "list", "native") if row["run_id"] == "held"] == ["queued"]
    daemon.run("dags", "unpause", "native")
    daemon.wait_for("its end", lambda: daemon.json("runs", "list", "native")[0]["state"] == "success")


def test_a_pipe_that_closes_early_is_no_error(daemon: Daemon) -> None:
    line = f"{GOFLOW} tasks list etl done --json | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env=daemon.environment, capture_output=True, text=True
    )
    assert done.stdout == "[\n"
    assert done.stderr == ""


def test_ctrl_c_on_a_wait_ends_the_wait_and_not_the_run(daemon: Daemon) -> None:
    process = subprocess.Popen(
        [GOFLOW, "dags", "trigger", "bad", "--run-id", "waited", "--wait"],
        env=daemon.environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert "waited" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=20)
    assert "Traceback" not in rest
    daemon.wait_for(
        "its end", lambda: {r["run_id"]: r["state"] for r in daemon.json("runs", "list", "bad")}["waited"] == "failed"
    )


CHECKS = {
    "a clean file": ({"a.py": "from airflow.sdk import DAG\nwith DAG('d', schedule=None):\n    pass\n"}, 0),
    "a broken file": ({"a.py": "from airflow.sdk import DAG\nwith DAG('d', schedule='often'):\n    pass\n"}, 1),
    "no valid Python": ({"a.py": "airflow dag ("}, 1),
    "a broken YAML": ({"a.yaml": "Name: d\nTasks: 3\n"}, 1),
    "no such path": ({}, 2),
}


@pytest.mark.parametrize(("files", "expected"), CHECKS.values(), ids=CHECKS)
def test_the_exit_code_of_check(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    path = tmp_path if files else tmp_path / "nowhere"
    done = subprocess.run([GOFLOW, "check", path], capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stdout + done.stderr


def test_export_takes_inputs_and_import_roots(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "names.py").write_text("PREFIX = 'x'\n")
    (tmp_path / "inputs.json").write_text('{"variables": {"v": "seven"}, "env": {"E": "eight"}}')
    (tmp_path / "dags" / "a.py").write_text(
        "import os\nfrom airflow import DAG\nfrom airflow.models import Variable\nfrom names import PREFIX\n"
        "dag = DAG(f\"{PREFIX}_{Variable.get('v')}_{os.environ['E']}\", schedule_interval=None, start_date=None)\n"
    )
    words = [GOFLOW, "export", tmp_path / "dags", "--airflow", "2", "--inputs", tmp_path / "inputs.json"]
    done = subprocess.run([*words, "--sys-path", tmp_path / "lib"], capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert list(document) == ["a.py"]
    assert document["a.py"]["error"] is None
    assert list(document["a.py"]["dags"]) == ["x_seven_eight"]
