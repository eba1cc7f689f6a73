"""Real servers, a real daemon: every line is in the log store once and in order, whoever is stopped or killed meanwhile."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from goflow.logs.contract import Source
from goflow.logs.elasticsearch import ElasticsearchLogs, ElasticsearchSettings
from tests.elasticsearch import BUILDS, Server, for_tests
from tests.running import Daemon, standalone

FOUND_WITHIN_S = 5.0
DAG = """
import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("writers", schedule=None, start_date=datetime.datetime(2024, 1, 1), max_active_tasks=50):
    for number, (lines, width) in enumerate({sizes}):
        BashOperator(task_id=f"writer_{{number}}", bash_command=f"python3 {script} {{number}} {{lines}} {{width}} {seconds}")
with DAG("needle", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
    BashOperator(task_id="drop", bash_command="echo 'a needle in the haystack'; sleep 15")
"""
SCRIPT = """
import sys, time

number, lines, width, seconds = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
began = time.monotonic()
for line in range(1, lines + 1):
    print(f"writer {number} line {line} ".ljust(width, "."))
    if line % 100 == 0:
        sys.stdout.flush()
        time.sleep(max(0.0, began + seconds * line / lines - time.monotonic()))
"""
"""Writes so many lines of that width, evenly over that time."""


@dataclass(frozen=True)
class Size:
    """What each task writes (lines, their width), over how many seconds, and how often who is stopped meanwhile."""

    writers: tuple[tuple[int, int], ...]
    seconds: float
    server_stops: int
    daemon_kills: int


SHORT = Size(((3000, 80),) * 4, 6.0, 1, 1)
FULL = Size(((50_000, 1048), *((7895, 80),) * 19), 60.0, 2, 3)
"""200,005 lines, 50 MB of them from one task."""


@pytest.fixture(params=sorted(BUILDS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with for_tests(BUILDS[request.param]) as made:
        yield made


@pytest.fixture
def daemon(server: Server, tmp_path: Path) -> Iterator[Daemon]:
    made = standalone(tmp_path / "home", tmp_path / "dags")
    made.environment |= {
        "GOFLOW_LOGS_STORE": "elasticsearch",
        "GOFLOW_LOGS_ELASTICSEARCH_URL": server.url,
        "GOFLOW_LOGS_INDEX_REPLICAS": "0",
        "GOFLOW_LOGS_DATABASE_HOURS": "0",
    }
    yield made
    made.stop()


def write_dags(folder: Path, size: Size) -> None:
    folder.mkdir(parents=True)
    script = folder.parent / "write.py"
    script.write_text(SCRIPT)
    (folder / "writers.py").write_text(DAG.format(sizes=size.writers, script=script, seconds=size.seconds))


def disturb(server: Server, daemon: Daemon, size: Size, seed: int) -> None:
    """Stop the server and kill the daemon so often, spread over the time in which is written, both at their worst."""
    moments = random.Random(seed)
    trouble = ["server"] * size.server_stops + ["daemon"] * size.daemon_kills
    moments.shuffle(trouble)
    for what in trouble:
        time.sleep(moments.uniform(0.3, 0.8) * size.seconds / len(trouble))
        if what == "daemon":
            daemon.kill()
            time.sleep(moments.uniform(0, 1))
            daemon.start()
        else:
            server.wait_until_up()
            server.end()
            server.begin(wait=False)
    server.wait_until_up()


def ask(daemon: Daemon, statement: str) -> list[Any]:
    """What the daemon's database says."""
    with sqlite3.connect(f"file:{daemon.home / 'goflow.db'}?mode=ro", uri=True, timeout=30) as connection:
        return connection.execute(statement).fetchall()


def kept(target: ElasticsearchLogs, launch_id: str) -> list[str]:
    """Every line of a launch in the server, the task's own only, in order."""
    source = Source(launch_id=launch_id, dag_id="writers", run_id="r", task_id="t")
    found: list[str] = []
    after = 0
    while page := target.read(source, after=after, limit=5000):
        found += [row.text for row in page if row.stream == "out"]
        after = page[-1].seq
    return found


def check_all_lines(server: Server, daemon: Daemon, size: Size) -> None:
    target = ElasticsearchLogs(ElasticsearchSettings(url=server.url))
    launches = ask(
        daemon,
        "SELECT l.id, t.task_id FROM launches l JOIN task_instances t ON t.id = l.task_instance_id"
        " WHERE t.dag_id = 'writers'",
    )
    assert len(launches) == len(size.writers)
    for launch_id, task_id in launches:
        number = int(task_id.removeprefix("writer_"))
        lines, width = size.writers[number]
        expected = [f"writer {number} line {line} ".ljust(width, ".") for line in range(1, lines + 1)]
        found = [text for text in kept(target, launch_id) if text.startswith("writer")]
        assert found == expected, f"{task_id}: {len(found)} lines of {lines}"
    counted = server.ask("GET", "/goflow-logs-*/_count", params={"q": "message:writer"}).json()["count"]
    assert counted == sum(lines for lines, _ in size.writers)
    target.close()


def run_it(server: Server, daemon: Daemon, tmp_path: Path, size: Size, seed: int) -> dict[str, float]:
    write_dags(tmp_path / "dags", size)
    daemon.start()
    daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 2, 60)
    daemon.run("dags", "trigger", "writers", "--run-id", "r")
    began = time.monotonic()
    disturb(server, daemon, size, seed)
    timeout_s = 120 + 10 * size.seconds

    def ended() -> bool:
        [run] = daemon.json("runs", "list", "writers")
        assert run["state"] != "failed"
        return run["state"] == "success"

    daemon.wait_for("the end of the run", ended, timeout_s, 1.0)
    written_s = time.monotonic() - began
    daemon.wait_for(
        "everything to be sent",
        lambda: not ask(daemon, "SELECT 1 FROM log_batches WHERE shipped_at IS NULL"),
        timeout_s,
    )
    sent_s = time.monotonic() - began
    server.ask("POST", "/goflow-logs-*/_refresh")
    check_all_lines(server, daemon, size)
    daemon.wait_for("nothing in the database", lambda: not ask(daemon, "SELECT 1 FROM log_lines LIMIT 1"), 120, 1.0)
    for number, (lines, width) in enumerate(size.writers[:2]):
        shown = daemon.run("tasks", "logs", "writers", "r", f"writer_{number}").splitlines()
        own = [line for line in shown if line.startswith("writer")]
        assert own == [f"writer {number} line {line} ".ljust(width, ".") for line in range(1, lines + 1)]
        assert "lost" not in "".join(set(shown) - set(own))
    return {"written_s": written_s, "sent_s": sent_s}


@pytest.mark.timeout(900)
def test_few_lines_and_a_needle(server: Server, daemon: Daemon, tmp_path: Path):
    run_it(server, daemon, tmp_path, SHORT, seed=3)
    daemon.run("dags", "trigger", "needle", "--run-id", "n")
    with daemon.api() as api:

        def search() -> Any:
            return api.get("/goflow/v1/logs/search", params={"q": "needle in the HAYSTACK"}).raise_for_status().json()

        found = daemon.wait_for("the needle", lambda: search()["lines"], 60)
    assert time.time() - found[0]["at"] < FOUND_WITHIN_S
    assert (found[0]["dag_id"], found[0]["dag_run_id"], found[0]["task_id"]) == ("needle", "n", "drop")
    [line] = daemon.json("logs", "search", "a", "needle", "--dag", "needle", "--since", "1h")
    assert line["text"] == "a needle in the haystack"
    server.end()
    assert daemon.ask("/readyz").status_code == 200, "nothing waits for the server"


@pytest.mark.timeout(1800)
def test_two_hundred_thousand_lines(server: Server, daemon: Daemon, tmp_path: Path):
    times = run_it(server, daemon, tmp_path, FULL, seed=11)
    print(f"written after {times['written_s']:.0f} s, sent after {times['sent_s']:.0f} s")
