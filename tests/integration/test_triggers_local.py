"""Deferred tasks on real trigger runners, which are killed, as is the daemon; and every way in which a trigger ends."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.running import Daemon, standalone

COUNT = 200

TRIGGERS = """
import asyncio
import os

from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

HERE = {here!r}


def note(text):
    with open(os.path.join(HERE, "notes"), "a") as file:
        file.write(text + "\\n")


class FileThere(BaseTrigger):
    def __init__(self, name, payload=None, then="event"):
        super().__init__()
        self.name, self.payload, self.then = name, payload, then

    def serialize(self):
        return "their_triggers.FileThere", dict(name=self.name, payload=self.payload, then=self.then)

    async def run(self):
        while not os.path.exists(os.path.join(HERE, self.name)):
            await asyncio.sleep(0.05)
        if self.then == "crash":
            os._exit(3)
        if self.then == "raise":
            import only_on_path
            raise ValueError(only_on_path.WORDS)
        if self.then == "nothing":
            return
        if self.then == "success":
            yield TaskSuccessEvent(xcoms=dict(k="v"))
        elif self.then == "skip":
            yield TaskSkippedEvent()
        else:
            yield TriggerEvent(self.payload)
        note(f"after {{self.then}}")

    async def on_kill(self):
        note("on_kill")

    async def cleanup(self):
        note(f"cleanup {{self.then}}")
"""

OPERATOR = """
import datetime

from airflow.sdk import DAG, BaseOperator
from their_triggers import FileThere, note


class Waits(BaseOperator):
    def __init__(self, number, name=None, then="event", seconds=None, **kwargs):
        super().__init__(**kwargs)
        self.number, self.name, self.then, self.seconds = number, name, then, seconds

    def execute(self, context):
        name = self.name or ("go_a" if self.number % 2 else "go_b")
        timeout = datetime.timedelta(seconds=self.seconds) if self.seconds else None
        trigger = FileThere(name, dict(number=self.number), self.then)
        self.defer(trigger=trigger, method_name="go_on", kwargs=dict(given=(1, 2)), timeout=timeout)

    def go_on(self, context, event=None, given=None):
        assert given == (1, 2)
        note(f"resumed {event['number']}")
        return event["number"]
"""

MANY = """
import datetime

from airflow.sdk import DAG
from their_operators import Waits

with DAG("many", schedule=None, start_date=datetime.datetime(2024, 1, 1), max_active_tasks=1000):
    Waits.partial(task_id="w").expand(number=list(range({count})))
"""

WAYS = """
import datetime

from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from their_operators import Waits
from their_triggers import note


def over(context):
    import only_on_path

    note(f"over {context['reason']} {context['ti'].task_id} {context['run_id']}")


with DAG(
    "ways", schedule=None, start_date=datetime.datetime(2024, 1, 1), on_failure_callback=over, on_success_callback=over
):
    for then in ("event", "raise", "crash", "nothing", "success", "skip"):
        Waits(task_id=then, number=7, name="go", then=then)
    Waits(task_id="late", number=8, name="never", seconds=0.5)
    Waits(task_id="marked", number=9, name="never")
    DateTimeSensorAsync(task_id="moment", target_time="{{ dag_run.run_after + macros.timedelta(seconds=1) }}")
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder in which the DAGs' triggers look and note."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "their_triggers.py").write_text(TRIGGERS.format(here=str(tmp_path)))
    (tmp_path / "dags" / "their_operators.py").write_text(OPERATOR)
    (tmp_path / "dags" / "many.py").write_text(MANY.format(count=COUNT))
    (tmp_path / "dags" / "ways.py").write_text(WAYS)
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "only_on_path.py").write_text("WORDS = 'what it looked for is broken'\n")
    rule = {"dag": "ways", "environment": {"PYTHONPATH": str(tmp_path / "path")}}
    (tmp_path / "dags" / "goflow.yaml").write_text(json.dumps({"rules": [rule]}))
    return tmp_path


@pytest.fixture
def daemon(here: Path):
    """A daemon with two trigger runners, with nothing of it left at the end."""
    made = standalone(here / "home", here / "dags", GOFLOW_TRIGGER_RUNNERS="2", GOFLOW_TRIGGER_POLL_S="0.2")
    made.start()
    yield made
    made.stop()
    assert not list((here / "home" / "triggers").glob("*/process")), "a runner outlives a daemon that is stopped"


def status(daemon: Daemon) -> dict[str, Any]:
    """What the daemon says of triggers."""
    with daemon.api() as api:
        return api.get("/goflow/v1/status").raise_for_status().json()["triggers"]


def held_by_two(daemon: Daemon) -> dict[str, int] | None:
    """How many triggers each of two runners holds, once all are held and shared.

    A runner that has just begun holds none until the other has given back what is beyond its share.
    """
    found = status(daemon)
    held = found["runners"]
    return held if found["unheld"] == 0 and sorted(held.values()) == [COUNT // 2] * 2 else None


def states(daemon: Daemon, dag_id: str) -> Counter[str]:
    return Counter(task["state"] for task in daemon.json("tasks", "list", dag_id, "r"))


def kill_runner(daemon: Daemon, runner_id: str) -> None:
    identity = (daemon.home / "triggers" / runner_id / "process").read_text()
    os.kill(int(identity.partition(":")[0]), signal.SIGKILL)


@pytest.mark.timeout(900)
def test_all_resume_once_though_a_runner_and_the_daemon_are_killed(here: Path, daemon: Daemon) -> None:
    daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 2)
    daemon.run("dags", "trigger", "many", "--run-id", "r")
    held = daemon.wait_for("two runners that hold all", lambda: held_by_two(daemon), 300, 0.5)
    victim = min(held)
    kill_runner(daemon, victim)
    daemon.wait_for("others that hold all", lambda: (now := held_by_two(daemon)) and victim not in now, 120)
    (here / "go_a").touch()
    daemon.wait_for("the first that go on", lambda: (here / "notes").exists(), 120)
    daemon.kill()
    (here / "go_b").touch()
    daemon.start()
    daemon.wait_for("the end of all", lambda: states(daemon, "many") == {"success": COUNT}, 300, 1.0)
    resumed = Counter(line for line in (here / "notes").read_text().splitlines() if line.startswith("resumed"))
    assert resumed == {f"resumed {number}": 1 for number in range(COUNT)}
    assert {task["try_number"] for task in daemon.json("tasks", "list", "many", "r")} == {1}
    assert status(daemon)["waiting"] == 0


@pytest.mark.timeout(300)
def test_every_way_in_which_a_trigger_ends(here: Path, daemon: Daemon) -> None:
    daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 2)
    daemon.run("dags", "trigger", "ways", "--run-id", "r")
    daemon.wait_for("six that wait, and one", lambda: states(daemon, "ways")["deferred"] == 7, 60)
    daemon.wait_for("runners that hold them", lambda: status(daemon)["unheld"] == 0, 60)
    daemon.run("tasks", "mark", "ways", "r", "marked", "success")
    (here / "notes").touch()
    last_words = "the last words of the trigger whose task was marked"
    daemon.wait_for(last_words, lambda: "on_kill" in (here / "notes").read_text().splitlines())
    (here / "go").touch()  # not before: the process that one of them ends may have those words still to say
    daemon.wait_for("the end", lambda: not {"deferred", "running", "queued", "scheduled"} & set(states(daemon, "ways")))
    found = {task["task_id"]: task["state"] for task in daemon.json("tasks", "list", "ways", "r")}
    failed = {"raise", "crash", "nothing", "late"}
    assert found == {
        **dict.fromkeys(("event", "success", "marked", "moment"), "success"),
        **dict.fromkeys(failed, "failed"),
        "skip": "skipped",
    }
    words = {task_id: daemon.run("tasks", "logs", "ways", "r", task_id) for task_id in failed}
    assert "ValueError: what it looked for is broken" in words["raise"]
    assert "its process has ended (exit code 3)" in words["crash"]
    assert "TaskDeferralError: Trigger failure" in words["nothing"]
    assert "TaskDeferralTimeout: Trigger timeout" in words["late"]
    daemon.wait_for("the DAG's callback", lambda: "over " in (here / "notes").read_text())
    notes = Counter((here / "notes").read_text().splitlines())
    assert notes["on_kill"] == 1
    assert notes["after event"] >= 1
    assert notes["resumed 7"] == 1
    [over] = [line for line in notes if line.startswith("over")]
    _, reason, task_id, run_id = over.split()
    assert (reason, task_id in failed, run_id, notes[over]) == ("task_failure", True, "r", 1)
