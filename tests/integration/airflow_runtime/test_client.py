"""Airflow's own client speaks to our server through an attempt's relay, call by call."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from goflow_runner.client import TaskClient
from goflow_runner.relay import Relay

from goflow.domain.spec import GroupSpec
from goflow.domain.state import TaskState
from goflow.store import connections, tasks
from goflow.store.rows import Connection
from tests.integration.airflow_runtime.conftest import asks
from tests.runners import Started, bash, server

__all__ = ["server"]


def answered(started: Started, part: str) -> dict[str, Any]:
    relay = Relay(TaskClient.from_environment(started.id, started.environment()))
    relay.client.patience_s = 1.0
    relay.start()
    try:
        return asks(started.folder, relay.url, relay.secret, str(uuid.UUID(started.id)), part)
    finally:
        relay.stop()


@pytest.fixture
def started(server) -> Started:
    group = GroupSpec(group_id="g")
    made = server.launch(bash("t", "true", retries=2), bash("not_chosen", "true", group="g"), groups=(group,))
    with server.store.transaction() as tx:
        connections.set_(tx, Connection(conn_id="db", conn_type="postgres", password="secret"), who="test")
    TaskClient.from_environment(made.id, made.environment()).claim("me")
    return made


EXPECTED = {
    "context": [2, True, 0, None],
    "start again": 2,
    "first start": None,
    "heartbeat": "fine",
    "xcoms": {
        "get": {"a": [1, None]},
        "absent": None,
        "copy": 10,
        "head": 3,
        "item": 20,
        "beyond": "XCOM_NOT_FOUND",
        "slice": [20, 0],
        "of another DAG": 403,
    },
    "variables": {
        "get": "1",
        "absent": "VARIABLE_NOT_FOUND",
        "keys": ["team/a"],
        "deleted": "VARIABLE_NOT_FOUND",
    },
    "connection": "secret",
    "no connection": "CONNECTION_NOT_FOUND",
    "runs": {
        "state": "running",
        "detail": "r",
        "for an old client": [
            "note", "partition_date", "partition_key", "state", "team_name", "triggering_user_name",
        ],
        "count": 1,
        "none": 0,
        "previous": "r",
        "trigger": 404,
        "tasks": 2,
        "in group": 1,
        "no group": 404,
        "states": {"r": {"t": "running", "not_chosen": None}},
        "previous task": "running",
        "no previous task": None,
        "dag": False,
        "no dag": 404,
        "breadcrumbs": [],
    },
    "stores": {"task": {"n": 1}, "asset": 2, "cleared": "TASK_STORE_NOT_FOUND", "deleted": "ASSET_STORE_NOT_FOUND"},
    "last success": None,
    "inactive": [],
    "no asset": "ASSET_NOT_FOUND",
    "no events": [],
    "keys to clear": ["return_value"],
    "no such state": 400,
    "twice": "fine",
    "afterwards": "2",
}  # fmt: skip


def test_every_call_of_airflows_client_is_answered(started):
    assert answered(started, "all") == EXPECTED
    assert (started.state, started.xcoms) == (TaskState.UP_FOR_RETRY, {"return_value": {"a": [1, None]}})
    with started.server.store.reading() as tx:
        states = tasks.states_of(tx, started.instance.dag_run_id)
        rendered = tasks.rendered(tx, started.instance_id), tasks.map_index_label(tx, started.instance_id)
    assert states[("not_chosen", -1)] is TaskState.SKIPPED
    assert rendered == ({"bash_command": "echo 1"}, "the first")
    assert started.launch.message == "as the policy says"
    waits = started.instance.next_at - started.launch.ended_at
    assert waits.total_seconds() == 0.5


def test_an_attempt_that_another_has_followed_hears_so_and_changes_nothing(started):
    client = TaskClient.from_environment(started.id, started.environment())
    client.finish({"outcome": {"state": "failed", "reason": "Lost", "message": "", "retry": True}})
    started.server.queue(started.instance)
    assert answered(started, "late") == {
        "start": 409, "heartbeat": 410, "rtif": 410, "xcom": 410, "success": 409, "reschedule": 409,
    }  # fmt: skip
    assert (started.state, started.xcoms) == (TaskState.QUEUED, {})
