"""What becomes of the container of a task that waits: it has done its work, and its Job has not failed."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from goflow_runner.airflow_task import seconds
from pydantic import TypeAdapter

from goflow.domain.spec import RuntimeSpec
from goflow.domain.state import TaskState
from tests.oracle.environments import AIRFLOW_3, environment
from tests.runners import python, server

__all__ = ["server"]

FILE = """
from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator


class Waits(BaseOperator):
    def execute(self, context):
        trigger = TimeDeltaTrigger(timedelta(days=400))
        self.defer(trigger=trigger, method_name="go_on", timeout=timedelta(days=400, hours=1))


with DAG("d", schedule=None):
    Waits(task_id="waits")
    ApprovalOperator(task_id="asks", subject="?", response_timeout=timedelta(hours=1))
"""


@pytest.mark.parametrize(
    ("task_id", "state", "goes_on", "timeout_s"),
    [
        ("waits", TaskState.DEFERRED, "go_on", 34_563_600.0),
        ("asks", TaskState.AWAITING_INPUT, "execute_complete", 3600.0),
    ],
)
def test_a_container_whose_task_waits_ends_well_and_says_so(server, task_id, state, goes_on, timeout_s):
    runtime = RuntimeSpec(runtime="airflow", python=str(environment(AIRFLOW_3).python))
    started = server.launch(python(task_id), file=FILE, runtime=runtime)
    code = started.run()
    word = json.loads((started.folder / "finish.json").read_text())["outcome"]
    assert (code, started.instance.state, word["state"]) == (0, state, "deferred"), started.said
    assert (word["deferral"]["next_method"], word["deferral"]["timeout_s"]) == (goes_on, timeout_s)


@pytest.mark.parametrize("days", [0, 1, 365, 400, -2])
def test_durations_are_read_as_the_client_writes_them(days):
    given = dt.timedelta(days=days, hours=5, seconds=1.25)
    assert seconds(TypeAdapter(dt.timedelta).dump_python(given, mode="json")) == given.total_seconds()
