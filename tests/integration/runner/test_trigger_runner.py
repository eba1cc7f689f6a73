"""A trigger runner and a real server: news that are refused, and triggers that are gone."""

from __future__ import annotations

import pytest
from goflow_runner import wire
from goflow_runner.client import RefusedError
from goflow_runner.trigger_runner import TriggerRunner

from goflow.domain.errors import NotFoundError
from goflow.domain.state import TaskState
from goflow.domain.triggers import Deferral, FiredKind
from goflow.store import tasks, transitions, triggers
from tests.runners import TaskServer, python


@pytest.fixture
def runner(server: TaskServer, tmp_path):
    """A runner in this process; its hosts are never begun."""
    token = tmp_path / "runner-token"
    token.write_text(server.mint.runner_token("r"))
    made = TriggerRunner(
        {
            wire.ENV_TRIGGER_RUNNER: "r",
            wire.ENV_API_URL: f"file:{server.address}",
            wire.ENV_TOKEN_FILE: str(token),
            wire.ENV_WORK_DIR: str(tmp_path / "runner"),
        }
    )
    yield made
    made.client.close()


@pytest.fixture
def waiting(server: TaskServer) -> list[int]:
    """The ids of two triggers that tasks wait for."""
    keys = []
    for number in range(2):
        started = server.launch(python("t"), dag_id=f"d{number}")
        with server.store.transaction() as tx:
            transitions.claim_launch(tx, started.id, "me")
            transitions.advance_task(tx, started.instance_id, TaskState.QUEUED, TaskState.RUNNING, who="test")
            wait = Deferral(classpath="a.B", next_method="m")
            transitions.defer_task(tx, tasks.get(tx, started.instance_id), started.id, wait, who="test")
            keys.append(triggers.of_task(tx, started.instance_id).id)
    return keys


def fired(server: TaskServer, key: int):
    with server.store.reading() as tx:
        trigger = triggers.find(tx, key)
        found = triggers.resumption(tx, trigger.task_instance_id, trigger.try_number)
    return None if found is None else found.fired


def test_an_event_that_the_server_does_not_take_fails_its_trigger_and_no_other(server, runner, waiting):
    good, bad = waiting
    runner._events = [{"id": good, "kind": "event", "payload": 1}, {"id": bad, "kind": "boom"}]
    runner._tell()
    assert runner._events == []
    assert (fired(server, good).kind, fired(server, good).payload) == (FiredKind.EVENT, 1)
    assert fired(server, bad).kind is FiredKind.FAILURE
    assert "the server refused the event (400: " in fired(server, bad).payload


def test_a_refusal_is_no_end_unless_the_token_is_not_good(server, runner, monkeypatch):
    monkeypatch.setattr("goflow_runner.trigger_runner.PROTOCOL", 99)
    assert runner._sync_or_pause() == 1.0
    runner.name = "other"
    with pytest.raises(RefusedError, match="401"):
        runner._sync_or_pause()


def test_what_is_gone_with_its_run_is_not_handed_out(server, runner, waiting, monkeypatch):
    begun = []
    monkeypatch.setattr(runner, "_start", begun.append)
    lookup = server.api.triggers._info
    gone = waiting[0]

    def vanishing(tx, trigger):
        if trigger.id == gone:
            raise NotFoundError("launch")
        return lookup(tx, trigger)

    monkeypatch.setattr(server.api.triggers, "_info", vanishing)
    runner._sync()
    assert [info["id"] for info in begun] == waiting[1:]
