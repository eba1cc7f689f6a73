"""The daemon is killed while 50 tasks run, and is away for a while: each runs once, and every result is there.

Some tasks end while it is away, some ask for a Variable and a result meanwhile, some go on until it is back. How long it
is away is ``GOFLOW_TEST_OUTAGE_S`` (seconds, 5 without it): a minute is what the tasks of a real upgrade see.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.running import Daemon, standalone

AWAY_S = float(os.environ.get("GOFLOW_TEST_OUTAGE_S", "5"))
TASKS = 50
DAG = """
import pathlib
import time

from airflow.sdk import DAG, Variable, task

MARKS = pathlib.Path({marks!r})


def mark(text):
    with (MARKS / "marks").open("a") as file:
        file.write(text + "\\n")


def wait_for(name):
    while not (MARKS / name).exists():
        time.sleep(0.05)


with DAG("outage", schedule=None, max_active_tasks=64, default_args={{"retries": 2}}):

    @task
    def before():
        return 1000

    @task
    def work(number, ti=None):
        mark(f"begin {{number}}")
        print(f"line 1 of {{number}}")
        wait_for("away")
        print(f"line 2 of {{number}}")
        found = 1000
        if number % 3 == 1:
            found = ti.xcom_pull(task_ids="before") + int(Variable.get("add"))
        elif number % 3 == 2:
            wait_for("back")
        print(f"line 3 of {{number}}")
        mark(f"end {{number}}")
        return found + number

    @task
    def all_of(values):
        return list(values)

    first = before()
    copies = work.expand(number=list(range({tasks})))
    first >> copies
    all_of(copies)
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "outage.py").write_text(DAG.format(marks=str(tmp_path), tasks=TASKS))
    return standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_PARALLELISM=str(TASKS + 4))


def marks(folder: Path) -> Counter[str]:
    file = folder / "marks"
    return Counter(file.read_text().splitlines()) if file.exists() else Counter()


@pytest.mark.timeout(180 + AWAY_S)
def test_a_server_that_is_away_costs_no_task_and_no_result(daemon: Daemon, tmp_path: Path) -> None:
    try:
        daemon.start()
        daemon.run("variables", "set", "add", "7")
        daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"), 60)
        daemon.run("dags", "trigger", "outage", "--run-id", "one")
        daemon.wait_for("all to begin", lambda: len(marks(tmp_path)) == TASKS, 120)
        daemon.kill()
        (tmp_path / "away").touch()
        ends_alone = {f"end {number}" for number in range(0, TASKS, 3)}
        daemon.wait_for("those that need nobody", lambda: ends_alone <= set(marks(tmp_path)), 60)
        time.sleep(AWAY_S)
        assert not any(f"end {number}" in marks(tmp_path) for number in range(1, TASKS, 3)), "they wait for the server"
        daemon.start()
        (tmp_path / "back").touch()
        ended = daemon.wait_for("the end", lambda: ended_run(daemon), 120, 0.5)
        assert ended == "success"
        check(daemon, marks(tmp_path))
    finally:
        daemon.stop()


def ended_run(daemon: Daemon) -> str:
    state = str(daemon.json("runs", "list", "outage")[0]["state"])
    return state if state in {"success", "failed"} else ""


def check(daemon: Daemon, found: Counter[str]) -> None:
    """Each ran once, with its result and its whole log."""
    assert set(found.values()) == {1}
    assert len(found) == 2 * TASKS
    expected = [1000 + number + (7 if number % 3 == 1 else 0) for number in range(TASKS)]
    assert daemon.json("tasks", "show", "outage", "one", "all_of")["xcoms"]["return_value"] == expected
    copies = [row for row in daemon.json("tasks", "list", "outage", "one") if row["task_id"] == "work"]
    assert [(row["state"], row["try_number"]) for row in copies] == [("success", 1)] * TASKS
    for number in (0, 1, 2):
        log = daemon.run("tasks", "logs", "outage", "one", "work", "--map-index", str(number))
        lines = [line for line in log.splitlines() if line.endswith(f" of {number}")]
        assert [line.split("line ")[1][0] for line in lines] == ["1", "2", "3"]
