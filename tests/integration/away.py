"""A run that is under way while something that the daemon needs is away, and what must be true meanwhile and afterwards.

The first half of its tasks begins before that and ends meanwhile; a second task follows each. Every process marks its
beginning and its end, so that one that is lost, and one that runs twice, is seen.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.running import Daemon

AWAY_S = float(os.environ.get("GOFLOW_TEST_AWAY_S", "6"))
"""Seconds for which it is away: six by themselves; 600 is what the issue asks for."""
COPIES = 12
DAG = """
import pathlib
import time

from airflow.sdk import DAG, task

MARKS = pathlib.Path({marks!r})


def mark(text):
    with (MARKS / "marks").open("a") as file:
        file.write(text + "\\n")


with DAG("under_way", schedule=None, max_active_tasks=64):

    @task
    def first(number):
        mark(f"begin first {{number}}")
        print(f"line 1 of {{number}}")
        while not (MARKS / "away").exists():
            time.sleep(0.05)
        print(f"line 2 of {{number}}")
        mark(f"end first {{number}}")
        return number

    @task
    def second(number):
        mark(f"begin second {{number}}")
        mark(f"end second {{number}}")
        return 100 + number

    @task
    def total(values):
        return sum(values)

    total(second.expand(number=first.expand(number=list(range({copies})))))
"""


def write(folder: Path, marks: Path) -> None:
    """The DAG file, whose tasks leave their marks in MARKS."""
    folder.mkdir(parents=True, exist_ok=True)
    marks.mkdir(parents=True, exist_ok=True)
    (folder / "under_way.py").write_text(DAG.format(marks=str(marks), copies=COPIES))


def marks(folder: Path) -> Counter[str]:
    """What the tasks have marked."""
    file = folder / "marks"
    return Counter(file.read_text().splitlines()) if file.exists() else Counter()


def ask(daemon: Daemon, path: str) -> tuple[int, str]:
    """Status and text of the daemon's answer, which comes at once whatever is away, where the machine has nothing else to do."""
    answer = daemon.ask(path)
    return answer.status_code, answer.text


def metric(daemon: Daemon, name: str, **labels: str) -> float:
    """The value of a metric; 0 where there is none with LABELS."""
    return next((value for found, value in daemon.series(name) if found == labels), 0.0)


def begin(daemon: Daemon, folder: Path) -> None:
    """Start the daemon and the run, until all that can begin has."""
    daemon.start(wait=False)
    daemon.wait_until_up(240)
    daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"), 120)
    daemon.run("dags", "trigger", "under_way", "--run-id", "one")
    daemon.wait_for("the first tasks", lambda: len(marks(folder)) == COPIES, 180)


def wait_while_away(daemon: Daemon, what: str, words: str, *, waits_s: float = 60.0) -> None:
    """It says that it waits for WHAT, in WORDS, and lives; for `AWAY_S` from then on."""

    def says() -> bool:
        status, text = ask(daemon, "/readyz")
        return status == 503 and f"{what}" in text and words in text

    daemon.wait_for(f"/readyz to say that {what} is away", says, waits_s)
    began = time.monotonic()
    retries = metric(daemon, "goflow_wait_retries_total", **{"for": what})

    def is_over() -> bool:
        assert ask(daemon, "/healthz")[0] == 200
        assert says(), ask(daemon, "/readyz")
        assert metric(daemon, "goflow_waiting", **{"for": what}) >= 1
        return time.monotonic() - began > AWAY_S

    daemon.wait_for("its time", is_over, AWAY_S + 60, 1)
    assert metric(daemon, "goflow_wait_retries_total", **{"for": what}) > retries
    assert metric(daemon, "goflow_waited_seconds_total", **{"for": what}) >= AWAY_S * 0.8


def check_end(daemon: Daemon, folder: Path, *, within_s: float = 180.0) -> None:
    """All is ready again, each task ran once, and its result and log are there."""
    daemon.wait_for("the daemon to be ready", lambda: ask(daemon, "/readyz")[0] == 200, 60)
    daemon.wait_for("the end", lambda: state(daemon) in {"success", "failed"}, within_s, 0.5)
    assert state(daemon) == "success", daemon.json("tasks", "list", "under_way", "one")
    found = marks(folder)
    assert set(found.values()) == {1}, found
    assert len(found) == 4 * COPIES
    shown = daemon.json("tasks", "show", "under_way", "one", "total")
    assert shown["xcoms"]["return_value"] == sum(100 + number for number in range(COPIES))
    rows = daemon.json("tasks", "list", "under_way", "one")
    assert {(row["state"], row["try_number"]) for row in rows} == {("success", 1)}
    for index in (0, COPIES - 1):
        log = daemon.run("tasks", "logs", "under_way", "one", "first", "--map-index", str(index))
        assert re.findall(r"line (\d) of", log) == ["1", "2"]
    for what in ("database", "disk", "kubernetes", "local"):
        assert metric(daemon, "goflow_waiting", **{"for": what}) == 0


def check(daemon: Daemon, folder: Path, gone: AbstractContextManager[None], what: str, words: str) -> None:
    """The whole of it: what the daemon needs is GONE while the tasks go on, and comes back. It waits for WHAT meanwhile."""
    try:
        begin(daemon, folder)
        with gone:
            (folder / "away").touch()
            wait_while_away(daemon, what, words)
        check_end(daemon, folder)
    finally:
        daemon.stop()


def state(daemon: Daemon) -> Any:
    """The run's."""
    return daemon.json("runs", "show", "under_way", "one")["state"]
