"""What trigger runners' pods do besides holding deferred tasks: they watch for events, and ask timetables of authors' own;
and people answer what tasks ask them. Locally more of each is tested."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.daemon import TRIGGER_ACCOUNT, daemon_on, start_trigger_runner
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster
from tests.integration import test_authors_local, test_hitl_local
from tests.integration.airflow_runtime.cases import answer_all
from tests.running import Daemon

WATCHED = """
from airflow.sdk import DAG, Asset, AssetWatcher, task
from their_triggers import Words

words = Asset("words", watchers=[AssetWatcher(name="words", trigger=Words(variable="said"))])

with DAG("by_words", schedule=[words]):

    @task
    def seen(*, triggering_asset_events):
        return [event.extra["payload"] for events in triggering_asset_events.values() for event in events]

    seen()
"""
TRIGGERS = """
import asyncio
import socket

from airflow.sdk import Variable
from airflow.triggers.base import BaseEventTrigger, TriggerEvent


class Words(BaseEventTrigger):
    def __init__(self, variable):
        super().__init__()
        self.variable = variable

    def serialize(self):
        return "their_triggers.Words", {"variable": self.variable}

    async def run(self):
        told = None
        while True:
            word = Variable.get(self.variable)
            if word != told:
                told = word
                yield TriggerEvent([word, socket.gethostname()])
            await asyncio.sleep(0.5)
"""


@pytest.fixture(scope="module")
def daemon(
    cluster: Cluster, kube: client.ApiClient, runner_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    """A daemon with a trigger runner's pod, whose name is the pod's."""
    place: Path = tmp_path_factory.mktemp("authors")
    folder = place / "dags"
    folder.mkdir()
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=9)
    files = {
        "watched": WATCHED,
        "their_triggers": TRIGGERS,
        "timetables": test_authors_local.TIMETABLES,
        "theirs": test_authors_local.DAGS.replace("*NINE", f"{day.year}, {day.month}, {day.day}"),
        "only_on_path": "PREFIX = 'mine'",
    }
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    shutil.copy(test_hitl_local.FILE, folder)
    (folder / "goflow.yaml").write_text("dialect: airflow3\n")
    core: Any = client.CoreV1Api(kube)
    with namespace_on(kube) as namespace:
        made = daemon_on(cluster, namespace, place / "home", folder, GOFLOW_TRIGGER_SERVICE_ACCOUNT=TRIGGER_ACCOUNT)
        start_trigger_runner(core, made.environment)
        made.start()
        try:
            made.wait_for("the DAGs", lambda: len(made.json("dags", "list")) == 5, 60)
            yield made
        finally:
            made.stop()


def runs(daemon: Daemon, dag_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.json("runs", "list", dag_id)
    return sorted(found, key=lambda run: run["run_after"])


def ended(daemon: Daemon, dag_id: str, count: int, state: str = "success") -> list[dict[str, Any]]:
    """The DAG's runs, once COUNT of them have ended in STATE."""

    def found() -> list[dict[str, Any]]:
        rows = runs(daemon, dag_id)
        return rows if [row["state"] for row in rows] == [state] * count else []

    rows: list[dict[str, Any]] = daemon.wait_for(f"{count} runs of {dag_id}", found, 180, 0.5)
    return rows


def test_runs_are_made_as_the_timetable_tells_and_one_that_fails_is_told_of(daemon: Daemon) -> None:
    for dag_id in ("days", "broken"):
        daemon.run("dags", "unpause", dag_id)
    first, second = ended(daemon, "days", 2)
    assert first["run_id"] == f"mine-scheduled-{first['data_interval_start'][:10]}"
    assert first["data_interval_end"] == second["data_interval_start"]

    def told() -> bool:
        return "LookupError: no such calendar" in test_authors_local.problems(daemon, "broken")

    daemon.wait_for("a failure", told)


def test_what_is_watched_for_begins_a_run_each_time(daemon: Daemon) -> None:
    daemon.run("variables", "set", "said", "one")
    daemon.run("dags", "unpause", "by_words")
    ended(daemon, "by_words", 1)
    daemon.run("variables", "set", "said", "two")
    found = ended(daemon, "by_words", 2)
    results = [
        daemon.json("tasks", "show", "by_words", run["run_id"], "seen")["xcoms"]["return_value"] for run in found
    ]
    assert results == [[["one", "triggers"]], [["two", "triggers"]]]


def test_people_are_asked_and_their_answers_are_the_results(daemon: Daemon) -> None:
    daemon.run("dags", "trigger", "asks", "--run-id", "test")
    answer_all(daemon)
    ended(daemon, "asks", 1, "failed")
    states = {row["task_id"]: row["state"] for row in daemon.json("tasks", "list", "asks", "test")}
    wanted = dict.fromkeys(("form", "late", "approve", "branch", "left"), "success")
    assert states == {**wanted, "never": "failed", "right": "skipped"}
