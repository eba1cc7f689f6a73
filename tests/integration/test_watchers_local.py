"""Watchers of assets on real trigger runners: a trigger of the standard provider and one of the file's own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import Daemon, standalone

DAGS = """
from airflow.providers.standard.triggers.file import FileDeleteTrigger
from airflow.sdk import DAG, Asset, AssetWatcher, Variable, task
from their_triggers import Lines

HERE = {here!r}
flag = FileDeleteTrigger(filepath=HERE + "/flag", poke_interval=0.05)
arrived = Asset("arrived", watchers=[AssetWatcher(name="flag", trigger=flag)])
also = Asset("also", watchers=[AssetWatcher(name="same flag", trigger=flag)])
lines = Asset("lines", watchers=[AssetWatcher(name="lines", trigger=Lines(path=HERE + "/lines"))])


def seen(*, triggering_asset_events):
    return [[key.name, event.extra] for key, events in triggering_asset_events.items() for event in events]


with DAG("by_flag", schedule=[arrived]):
    task(seen)()
with DAG("by_the_same_flag", schedule=[also]):
    task(seen)()
with DAG("by_lines", schedule=[lines]):
    task(seen)()
"""
TRIGGERS = """
import asyncio
import os

from airflow.sdk import Variable
from airflow.triggers.base import BaseEventTrigger, TriggerEvent


class Lines(BaseEventTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def serialize(self):
        return "their_triggers.Lines", {"path": self.path}

    async def run(self):
        told = 0
        while True:
            if os.path.exists(self.path):
                with open(self.path) as file:
                    lines = file.read().splitlines()
                for line in lines[told:]:
                    yield TriggerEvent({"line": line, "by": Variable.get("who")})
                told = len(lines)
            await asyncio.sleep(0.05)
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    place = tmp_path_factory.mktemp("watchers")
    dags = place / "dags"
    dags.mkdir()
    (dags / "watched.py").write_text(DAGS.format(here=str(place)))
    (dags / "their_triggers.py").write_text(TRIGGERS)
    (dags / "goflow.yaml").write_text("dialect: airflow3\n")
    made = standalone(place / "home", dags, GOFLOW_TRIGGER_POLL_S="0.2", GOFLOW_TRIGGER_RUNNERS="2")
    made.start()
    made.wait_for("the DAGs", lambda: len(made.json("dags", "list")) == 3, 60)
    made.run("variables", "set", "who", "me")
    yield made
    made.stop()


def place(daemon: Daemon) -> Path:
    return daemon.home.parent


def runs(daemon: Daemon, dag_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.json("runs", "list", dag_id)
    return found


def begun(daemon: Daemon, dag_id: str, count: int) -> None:
    daemon.wait_for(f"{count} runs of {dag_id}", lambda: len(runs(daemon, dag_id)) >= count, 60)
    daemon.wait_for("their end", lambda: all(run["state"] == "success" for run in runs(daemon, dag_id)), 60)
    assert len(runs(daemon, dag_id)) == count


def told(daemon: Daemon, asset: str) -> list[Any]:
    """The payloads of an asset's events, the oldest first."""
    return [event["extra"]["payload"] for event in reversed(daemon.json("assets", "events", asset))]


def test_a_file_that_arrives_begins_every_dag_whose_asset_it_is_and_again_when_it_comes_again(daemon: Daemon) -> None:
    flag = place(daemon) / "flag"
    for count in (1, 2):
        flag.touch()
        daemon.wait_for("the file's end", lambda: not flag.exists(), 60)
        for dag_id in ("by_flag", "by_the_same_flag"):
            begun(daemon, dag_id, count)
    assert (told(daemon, "arrived"), told(daemon, "also")) == ([True, True], [True, True])
    (event, _) = daemon.json("assets", "events", "arrived")
    assert event["extra"] == {"from_trigger": True, "payload": True}
    assert (event["source_dag_id"], event["source_map_index"]) == (None, -1)


def test_a_trigger_of_the_folders_own_tells_one_after_the_other_and_may_read_variables(daemon: Daemon) -> None:
    with (place(daemon) / "lines").open("a") as file:
        for number in (1, 2):
            file.write(f"{number}\n")
            file.flush()
            daemon.wait_for("an event", lambda number=number: len(told(daemon, "lines")) == number, 60)
    assert told(daemon, "lines") == [{"line": "1", "by": "me"}, {"line": "2", "by": "me"}]
    begun(daemon, "by_lines", 2)


def test_a_runner_that_is_killed_is_followed_by_another(daemon: Daemon) -> None:
    for process in (daemon.home / "run").rglob("process"):
        pid = int(process.read_text().partition(":")[0])
        os.kill(pid, signal.SIGKILL)
    before = len(told(daemon, "arrived"))
    (place(daemon) / "flag").touch()
    daemon.wait_for("an event", lambda: len(told(daemon, "arrived")) == before + 1, 90)


def test_a_paused_dag_is_watched_no_more_until_it_is_unpaused(daemon: Daemon) -> None:
    for dag_id in ("by_flag", "by_the_same_flag"):
        daemon.run("dags", "pause", dag_id)
    watched = lambda: {one["asset"] for one in watches(daemon)}  # noqa: E731
    daemon.wait_for("the watches' end", lambda: watched() == {"lines"}, 60)
    daemon.run("dags", "unpause", "by_flag")
    daemon.wait_for("the watch", lambda: watched() == {"lines", "arrived"}, 60)
    before = len(told(daemon, "arrived"))
    (place(daemon) / "flag").touch()
    daemon.wait_for("an event", lambda: len(told(daemon, "arrived")) == before + 1, 90)


def watches(daemon: Daemon) -> list[dict[str, Any]]:
    """What the daemon says is watched."""
    with daemon.api() as api:
        return _find(api.get("/goflow/v1/status").raise_for_status().json())


def _find(told: Any) -> list[dict[str, Any]]:
    if isinstance(told, dict):
        if "watches" in told:
            return list(told["watches"])
        return next((found for value in told.values() if (found := _find(value)) is not None), None)  # type: ignore[return-value]
    return None  # type: ignore[return-value]
