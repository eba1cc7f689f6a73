"""Server-sent events of a running GoFlow: live, filtered, resumable, and without a thread for each listener."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.rest.conftest import Answers
from tests.running import Daemon

STREAM = "/goflow/v1/events/stream"


@pytest.fixture
def daemon(driven: tuple[Daemon, Answers]) -> Daemon:
    """A GoFlow whose DAGs are read."""
    return driven[0]


def told(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The events of a stream."""
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            event["id"] = int(value)
        elif name == "event":
            event["event"] = value
        elif name == "data":
            event["data"] = json.loads(value)
        elif not line and "data" in event:
            yield event
            event = {}


def test_events_are_told_as_they_happen_and_a_listener_goes_on_where_it_was(daemon: Daemon) -> None:
    with daemon.api() as api:
        with api.stream("GET", STREAM, params={"kind": "variable.set"}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            events = told(answer.iter_lines())
            for number in range(3):
                api.put("/goflow/v1/variables", json={"key": f"k{number}", "value": "v"}).raise_for_status()
            first = next(events)
            assert (first["event"], first["data"]["extra"]) == ("variable.set", {"name": "k0"})
        with api.stream(
            "GET", STREAM, headers={"Last-Event-ID": str(first["id"])}, params={"kind": "variable.set"}
        ) as answer:
            events = told(answer.iter_lines())
            assert [next(events)["data"]["extra"]["name"] for _ in range(2)] == ["k1", "k2"]


def test_a_listener_begins_some_seconds_ago_and_hears_its_place_at_once(daemon: Daemon) -> None:
    with daemon.api() as api:
        api.put("/goflow/v1/variables", json={"key": "before", "value": "v"}).raise_for_status()
        with api.stream("GET", STREAM, params={"kind": "variable.set", "back_s": 60}) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry: ")
            place = next(lines)
            assert place.startswith("id: ")
            assert next(told(lines))["event"] == "variable.set"
        with api.stream("GET", STREAM, headers={"Last-Event-ID": place.removeprefix("id: ")}) as answer:
            assert next(told(answer.iter_lines()))["id"] > int(place.removeprefix("id: "))


def test_a_listener_of_a_dag_hears_of_that_dag_alone(daemon: Daemon) -> None:
    with daemon.api() as api, api.stream("GET", STREAM, params={"dag_id": "mapped"}) as answer:
        events = told(answer.iter_lines())
        for dag_id in ("plain", "mapped"):
            api.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": True}).raise_for_status()
        heard = next(events)
        assert (heard["event"], heard["data"]["dag_id"]) == ("dag.paused", "mapped")


def test_many_listeners_cost_no_threads(daemon: Daemon) -> None:
    def threads() -> int:
        return len(list(Path(f"/proc/{daemon.endpoint()['pid']}/task").iterdir()))

    ready = threading.Semaphore(0)
    done = threading.Event()

    def listen() -> None:
        with daemon.api() as api, api.stream("GET", STREAM) as answer:
            next(answer.iter_lines())
            ready.release()
            done.wait(120)

    with daemon.api() as api:
        for _ in range(50):  # the pool for synchronous work is as large as it gets
            api.get("/api/v2/dags").raise_for_status()
    before = threads()
    listeners = [threading.Thread(target=listen) for _ in range(60)]
    try:
        for one in listeners:
            one.start()
        for _ in listeners:
            assert ready.acquire(timeout=120)
        assert threads() - before <= 45  # the bound of the pool that all requests share
    finally:
        done.set()
        for one in listeners:
            one.join()


def test_who_asks_for_nonsense_is_refused(daemon: Daemon) -> None:
    assert daemon.ask(f"{STREAM}?after=-1").status_code == 422
    assert daemon.ask(f"{STREAM}?back_s=601").status_code == 422
