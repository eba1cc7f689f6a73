"""The relay between Airflow's supervisor and the server."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from goflow_runner import relay as relays
from goflow_runner.client import TaskClient
from goflow_runner.relay import Relay
from goflow_runner.wire import EXECUTION_PREFIX

from tests.runners import bash

BEAT = ("PUT", "task-instances/{}/heartbeat", {"hostname": "here", "pid": 1})


class Speaker:
    """A supervisor: one connection to RELAY."""

    def __init__(self, relay: Relay, launch_id: str) -> None:
        self.relay = relay
        self.launch_id = launch_id
        self.connection = http.client.HTTPConnection(relay.url.split("/")[2], timeout=30)

    def say(self, method: str, path: str, body: Any = None, secret: str | None = None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.relay.secret if secret is None else secret}"}
        target = path if path.startswith("/") else EXECUTION_PREFIX + path.format(self.launch_id)
        self.connection.request(method, target, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None


@pytest.fixture
def speaker(server) -> Iterator[Speaker]:
    """What is said of a launch that is claimed; whoever waits for the server here waits no longer than it must."""
    started = server.launch(bash("t", "true"))
    client = TaskClient.from_environment(started.id, started.environment())
    client.claim("me")
    client.patience_s = 0.3
    relay = Relay(client)
    relay.start()
    yield Speaker(relay, started.id)
    relay.stop()


@pytest.mark.parametrize(
    ("path", "secret", "expected"),
    [("dag-runs/d/r", None, 200), ("dag-runs/d/r", "wrong", 401), ("/task/v1/dag_runs?dag_id=d", None, 404)],
    ids=["the attempt's secret", "another secret", "what is not Airflow's API"],
)
def test_it_is_open_for_its_own_supervisor_and_airflows_api_alone(speaker, path, secret, expected):
    assert speaker.say("GET", path, secret=secret)[0] == expected


def test_a_heartbeat_that_nobody_hears_harms_nobody(speaker, server):
    server.stop()
    assert speaker.say(*BEAT) == (204, None)


def test_a_heartbeat_reaches_the_server_only_now_and_then(speaker, server, monkeypatch):
    assert speaker.say(*BEAT) == (204, None)
    heard = []
    monkeypatch.setattr(TaskClient, "forward", lambda *_: heard.append(1) or (410, {}, b"{}"))
    assert (speaker.say(*BEAT), heard) == ((204, None), [])
    speaker.relay.heard_at -= relays.HEARTBEAT_EVERY_S
    assert (speaker.say(*BEAT)[0], heard) == (410, [1])


def test_a_call_waits_for_a_server_that_is_away(speaker, server):
    speaker.relay.client.patience_s = 30.0
    server.stop()
    back = threading.Timer(0.2, server.come_back)
    back.start()
    assert speaker.say("GET", "dag-runs/d/r/state") == (200, {"state": "running"})
    back.join()


def test_a_call_is_given_up_in_the_end_and_is_a_repetition_when_it_is_made_again(speaker, server, monkeypatch):
    server.stop()
    status, answer = speaker.say("POST", "dag-runs/d/x", {})
    assert (status, "no answer from" in answer["detail"]) == (503, True)
    handed = []
    monkeypatch.setattr(TaskClient, "forward", lambda _self, *given: handed.append(given[3]) or (204, {}, b""))
    speaker.say("POST", "dag-runs/d/x", {})
    speaker.say("POST", "dag-runs/d/y", {})
    assert ["X-GoFlow-Repeat" in headers for headers in handed] == [True, False]


def test_it_remembers_how_the_task_has_ended_whether_the_server_hears_it_or_not(speaker, server):
    server.stop()
    body = {"state": "skipped", "end_date": "2026-01-01T00:00:00Z"}
    assert speaker.say("PATCH", "task-instances/{}/state", body)[0] == 503
    assert speaker.relay.word == body


def test_more_than_the_server_takes_is_refused_at_once(speaker, monkeypatch):
    monkeypatch.setattr(relays, "LARGEST_BODY", 10)
    assert speaker.say("PUT", "task-instances/{}/rtif", {"field": "x" * 20})[0] == 413
