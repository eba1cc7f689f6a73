"""Which events are kept with launches that are over, who is asked for them, and what is stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event as hooks

from goflow.domain.kube_events import KubeEvent
from goflow.domain.runs import Launch, Outcome
from goflow.domain.state import LaunchState, TaskState
from goflow.executor.keeping import Keeping
from goflow.executor.launch_events import AT_ONCE_S, SHARE, LaunchEvents
from goflow.kube.errors import KubeError, UnavailableError
from goflow.store import launches
from tests.unit.domain.test_kube_events import event
from tests.unit.executor.kit import Backend, World
from tests.unit.executor.test_heard import NAME, WORK, warning
from tests.unit.executor.test_kube_events import launch
from tests.unit.executor.test_service import work_off

SCHEDULED, BACK_OFF, KILLED = (
    event("Scheduled", 1, kind="Normal"),
    event("BackOff", 2),
    event("Killing", 3, kind="Normal"),
)


class Source:
    """A cluster in which a launch has HEARD warnings, and whose API server has ALL events, or a PROBLEM."""

    def __init__(self, heard: list[KubeEvent], whole: list[KubeEvent], problem: KubeError | None = None) -> None:
        self.heard, self.whole, self.problem = heard, whole, problem
        self.asked: list[str] = []
        self.forgotten: list[str] = []

    def warnings(self, launch: Launch) -> list[KubeEvent]:
        return self.heard

    def in_time(self, launch: Launch) -> list[KubeEvent]:
        self.asked.append(launch.id)
        if self.problem is not None:
            raise self.problem
        return self.whole

    def forget(self, launch: Launch) -> None:
        self.forgotten.append(launch.id)


AWAY = UnavailableError(503, "ServiceUnavailable", "away")
KEPT: dict[str, tuple[str, Source, list[str], int]] = {
    "nothing, and nobody is asked, where it has ended well": ("", Source([], [SCHEDULED]), [], 0),
    "the warnings, and nobody is asked, where it has ended well all the same": (
        "", Source([BACK_OFF], [SCHEDULED, BACK_OFF]), ["BackOff"], 0,
    ),
    "nothing where it has skipped itself": ("BashExit", Source([], [SCHEDULED]), [], 0),
    "nothing where its sensor looks again later": ("Reschedule", Source([], [SCHEDULED]), [], 0),
    "nothing where it waits for its trigger": ("Deferred", Source([], [SCHEDULED]), [], 0),
    "nothing where it was to say what its pod is made of": ("Resolved", Source([], [SCHEDULED]), [], 0),
    "all where it has failed": ("Exit", Source([BACK_OFF], [SCHEDULED, BACK_OFF, KILLED]), ["Scheduled", "BackOff", "Killing"], 1),
    "nothing where it has failed and Kubernetes knows of nothing": ("Exit", Source([], []), [], 1),
    "the warnings where it has failed and nobody answers": ("Exit", Source([BACK_OFF], [], AWAY), ["BackOff"], 2),
}  # fmt: skip


@pytest.mark.parametrize(("reason", "source", "kept", "asked"), KEPT.values(), ids=KEPT)
def test_what_is_kept(reason: str, source: Source, kept: list[str], asked: int) -> None:
    keeping = Keeping(source)
    keeping.ended(launch().id, reason)
    for _ in range(2):  # what is left of it could not be taken away, so that it is cleaned up again
        assert [one.reason for one in keeping.of(launch())] == kept
    assert len(source.asked) == asked
    keeping.forget(launch())
    assert source.forgotten == [launch().id]


ROWS = {
    "one that has failed": ({"state": LaunchState.ENDED, "reason": "Exit"}, True),
    "one that is lost": ({"state": LaunchState.LOST, "reason": "Lost"}, True),
    "one that has ended well": ({"state": LaunchState.ENDED}, False),
    "one that goes on, and did not begin at once": ({"state": LaunchState.CREATED, "reason": "Unschedulable"}, False),
}


@pytest.mark.parametrize(("row", "asked"), ROWS.values(), ids=ROWS)
def test_after_a_restart_the_row_says_how_it_ended(row: dict[str, Any], asked: bool) -> None:
    source = Source([], [KILLED])
    assert bool(Keeping(source).of(dataclasses.replace(launch(), **row))) is asked is bool(source.asked)


def test_a_backend_that_has_no_events_keeps_none() -> None:
    keeping = Keeping.of_backend(Backend())
    keeping.ended(launch().id, "Exit")
    assert keeping.of(launch()) == []
    keeping.forget(launch())


class Slow:
    """An API server that takes a while to answer."""

    def __init__(self) -> None:
        self.now, self.takes_s, self.asked = 100.0, 1.5, 0

    def list_events(self, namespace: str, *, kind: str, reason: str = "", name: str = "") -> list[dict[str, Any]]:
        self.now += self.takes_s
        self.asked += 1
        return [warning("Job", name, "FromTheServer")]

    def list_pods(self, namespace: str, label_selector: str) -> list[dict[str, Any]]:
        return []


def test_asking_takes_no_more_than_its_share_of_the_time() -> None:
    api = Slow()
    events = LaunchEvents(api, [], now=lambda: api.now)  # type: ignore[arg-type]
    events.heard.take("seen", warning("Pod", f"{NAME}-ab12z", "Heard"))

    def told() -> list[str]:
        return sorted(one.reason for one in events.in_time(WORK))

    assert [told() for _ in range(2)] == [["FromTheServer", "Heard"]] * 2  # 3 s, of which 2 s were to be had
    assert told() == ["Heard"]
    api.now += (2 * api.takes_s - AT_ONCE_S) / SHARE
    assert told() == ["FromTheServer", "Heard"]
    assert (told(), api.asked) == (["Heard"], 3)
    assert len(events.now(WORK)) == 2, "a person is not kept waiting for that"


# In the executor -------------------------------------------------------------------------------------------------------


class WithEvents(Backend):
    """A backend whose launches have events."""

    def __init__(self, events: Source) -> None:
        super().__init__()
        self.events = events


@pytest.fixture
def world(sqlite_store: Any) -> Iterator[World]:
    made = World(sqlite_store)
    yield made
    made.stop()


FAILED = Outcome(state=TaskState.FAILED, exit_code=3, reason="Exit", message="the process ended with code 3")
ENDS: dict[str, tuple[Outcome, list[KubeEvent], list[str] | None]] = {
    "a task that succeeds keeps nothing": (Outcome(state=TaskState.SUCCESS, exit_code=0), [], None),
    "a task that succeeds keeps its warnings": (Outcome(state=TaskState.SUCCESS, exit_code=0), [BACK_OFF], ["BackOff"]),
    "a task that fails keeps all": (FAILED, [BACK_OFF], ["Scheduled", "BackOff", "Killing"]),
}


@pytest.mark.parametrize(("outcome", "heard", "kept"), ENDS.values(), ids=ENDS)
def test_it_is_stored_with_the_word_that_nothing_else_is_left(
    world: World, outcome: Outcome, heard: list[KubeEvent], kept: list[str] | None
) -> None:
    world.backend = WithEvents(Source(heard, [SCHEDULED, BACK_OFF, KILLED]))
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    planned = world.queue()
    work_off(executor)
    world.backend.end(planned.id, outcome)
    work_off(executor)
    assert world.launch(planned.id).state is LaunchState.CLEANED
    with world.store.reading() as tx:
        found = launches.kube_events(tx, [planned.id])
    assert (None if planned.id not in found else [one.reason for one in found[planned.id]]) == kept
    assert world.backend.events.forgotten == [planned.id]


@pytest.mark.parametrize("events", [[], [BACK_OFF]], ids=["without warnings", "with warnings"])
def test_it_takes_no_statement_of_its_own(world: World, events: list[KubeEvent]) -> None:
    world.backend = WithEvents(Source(events, []))
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    planned = world.queue()
    work_off(executor)
    world.backend.end(planned.id)
    said: list[str] = []

    def hear(connection: Any, cursor: Any, text: str, *rest: Any) -> None:
        said.append(text.partition("\n")[0])

    with world.store.database.writing() as connection:
        engine = connection.engine
    hooks.listen(engine, "before_cursor_execute", hear)
    work_off(executor)
    hooks.remove(engine, "before_cursor_execute", hear)
    assert world.launch(planned.id).state is LaunchState.CLEANED
    assert [text[:15] for text in said if "launches" in text] == ["SELECT launches", "UPDATE launches"]
