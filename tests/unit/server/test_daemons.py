"""Daemons over REST and the command line: who is there, who is gone, and giving up what one of those had begun."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from click.testing import CliRunner, Result

from goflow.cli import main
from goflow.domain.state import LaunchState, TaskState
from goflow.executor import lost_homes
from goflow.store import events, launches, members, tasks, transitions
from goflow.store.transitions import TaskChange
from tests.unit.executor.kit import World
from tests.unit.server.serving import serving

HERE, GONE = "here0000", "gone0000"


@pytest.fixture
def world(sqlite_store) -> Iterator[World]:
    """A daemon that is there with one task of its own, and one that is gone with two."""
    made = World(sqlite_store)
    with made.store.transaction() as tx:
        members.join(tx, daemon_id=HERE, name="a", backend="local", session="s1", version="1", ttl_s=3600)
        members.join(tx, daemon_id=GONE, name="b", backend="local", session="s2", version="1", ttl_s=-1)
    yield made
    made.stop()


def begun(world: World, home: str, count: int = 1) -> list[str]:
    """Launches that HOME's processes have begun."""
    found = [world.queue() for _ in range(count)]
    with world.store.transaction() as tx:
        for launch in found:
            transitions.advance_launch(tx, launch.id, LaunchState.PLANNED, LaunchState.CREATED, home=home)
            transitions.claim_launch(tx, launch.id, "1:2", home=home)
            change = TaskChange(launch.task_instance_id, TaskState.QUEUED, TaskState.RUNNING, tx.now(), "local")
            transitions.apply(tx, [change])
    return [launch.id for launch in found]


@pytest.fixture
def api(world: World) -> Iterator[httpx.Client]:
    with serving(world.store, open=True) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def goflow(api: httpx.Client, *words: str, typed: str = "") -> Result:
    env = {"GOFLOW_SERVER": str(api.base_url).rstrip("/")}
    return CliRunner().invoke(main, ["daemons", *words], env=env, input=typed, catch_exceptions=False)


def test_those_that_are_there_come_first_then_those_that_have_left_tasks(world, api):
    begun(world, HERE)
    begun(world, GONE, 2)
    begun(world, "long0000")
    rows = json.loads(goflow(api, "list", "--json").output)
    told = [(row["id"], row["name"], row["state"], row["tasks"]) for row in rows]
    assert told == [(HERE, "a", "running", 1), (GONE, "b", "gone", 2), ("long0000", None, "gone", 1)]
    assert GONE in goflow(api, "list").output


def test_one_that_is_gone_and_has_left_nothing_is_not_told(world, api):
    world.queue()  # what has not begun is taken by others anyhow
    assert [row["id"] for row in json.loads(goflow(api, "list", "--json").output)] == [HERE]


def test_what_it_had_begun_is_made_anew_and_costs_no_retry(world, api, monkeypatch):
    monkeypatch.setattr(lost_homes, "AT_ONCE", 2)
    lost, kept = begun(world, GONE, 3), begun(world, HERE)
    done = goflow(api, "forget", GONE, typed="y\n")
    assert done.exit_code == 0
    assert "3 tasks of daemon gone0000 are given up" in done.output
    with world.store.reading() as tx:
        for launch_id in lost:
            launch, task = launches.with_task(tx, launch_id)
            assert task.state is TaskState.RUNNING
            assert (launch.state, launch.reason) == (LaunchState.LOST, lost_homes.HOME_LOST)
            again = launches.latest(tx, task.id)
            assert (again.state, again.try_number, again.ordinal) == (LaunchState.PLANNED, 1, launch.ordinal + 1)
        assert launches.get(tx, kept[0]).state is LaunchState.CLAIMED
        assert tasks.get(tx, launches.get(tx, kept[0]).task_instance_id).state is TaskState.RUNNING
        [told] = [one for one in events.after(tx, 0) if one.kind == events.DAEMON_FORGOTTEN]
    assert told.data == {"daemon": GONE, "tasks": 3}
    assert goflow(api, "forget", GONE, "--yes").exit_code == 1, "nothing is left of it"


@pytest.mark.parametrize(
    ("daemon_id", "code", "word"),
    [(HERE, 409, "is there"), ("nobody00", 404, "nobody00")],
    ids=["one that is there", "one that nobody knows"],
)
def test_it_is_refused_for(world, api, daemon_id, code, word):
    begun(world, HERE)
    answer = api.post(f"/goflow/v1/daemons/{daemon_id}/forget")
    assert answer.status_code == code
    assert word in answer.text
    refused = goflow(api, "forget", daemon_id, "--yes")
    assert refused.exit_code == 1
    assert word in refused.output


def test_nothing_happens_without_a_yes(world, api):
    [launch_id] = begun(world, GONE)
    assert goflow(api, "forget", GONE, typed="n\n").exit_code == 1
    with world.store.reading() as tx:
        assert launches.get(tx, launch_id).state is LaunchState.CLAIMED
