"""What was seen of launches: taken together, and of each in its order."""

import threading

import pytest

from goflow.domain.state import LaunchState, TaskState
from goflow.executor.backend import Observation, Phase
from goflow.executor.lanes import LANES, Lanes
from goflow.store.errors import DatabaseBusyError
from tests.unit.executor.kit import WAIT_S


def seen(words: str) -> list[Observation]:
    """``a1 b1 a2``: of which launch, and the how manieth it is."""
    return [Observation(launch_id=word[0], phase=Phase.PENDING, reason=word[1:]) for word in words.split()]


def test_what_comes_while_somebody_takes_is_taken_together_and_of_each_launch_in_order():
    taken, busy, go_on, done = [], threading.Event(), threading.Event(), threading.Event()

    def take(found):
        taken.extend(found)
        busy.set()
        assert go_on.wait(WAIT_S)
        if len(taken) == 9:
            done.set()

    lanes = Lanes(take)
    a, b, c, d = [name for name in map(chr, range(97, 1000)) if hash(name) % LANES == hash("a") % LANES][:4]
    for word in (f"{a}1", f"{a}2", f"{b}1", f"{c}1", f"{b}2", f"{a}3", f"{d}1", f"{d}2", f"{c}2"):
        lanes.put(*seen(word))
    lanes.threads[hash("a") % LANES].start()
    assert busy.wait(WAIT_S)
    go_on.set()
    assert done.wait(WAIT_S)
    for name, order in ((a, "123"), (b, "12"), (c, "12"), (d, "12")):
        assert "".join(one.reason for one in taken if one.launch_id == name) == order
    lanes.close()
    lanes.threads[hash("a") % LANES].join(WAIT_S)


def test_ends_that_are_seen_together_are_stored_in_one_transaction(world):
    executor = world.executor()
    launches = [world.queue() for _ in range(6)]
    for launch in launches:
        executor._launching.launch(launch.id)
        world.claim(launch)
        world.backend.end(launch.id, tell=False)
    ends = [found for found in world.backend.present() if found.phase is Phase.ENDED]
    commits = []
    world.store.subscribe(lambda events: commits.append({event.data.get("launch_id") for event in events}))
    executor._observe_all(ends)
    assert [world.instance(launch).state for launch in launches] == [TaskState.SUCCESS] * 6
    assert len([ids for ids in commits if ids >= {launch.id for launch in launches}]) == 1
    assert {world.launch(launch.id).state for launch in launches} == {LaunchState.ENDED}


@pytest.fixture
def foreign(world, monkeypatch):
    """An executor to which all containers are foreign: that they have begun is seen, they do not say so themselves."""
    executor = world.executor()
    monkeypatch.setattr(executor.planner, "claims_itself", lambda launch_id: False)
    return executor


def begun(world, executor) -> tuple[str, Observation]:
    launch = world.queue()
    executor._launching.launch(launch.id)
    return launch, Observation(launch_id=launch.id, phase=Phase.RUNNING, claimant="pod")


def test_that_a_container_has_begun_is_stored_a_moment_later(world, foreign):
    launch, runs = begun(world, foreign)
    foreign._observe_all([runs])
    foreign._observe_all([runs])
    assert world.instance(launch).state is TaskState.QUEUED
    foreign._tick()
    assert world.instance(launch).state is TaskState.RUNNING
    assert world.launch(launch.id).claimed_by == "pod"


def test_beginning_and_end_of_a_short_container_are_stored_in_one_transaction(world, foreign):
    launch, runs = begun(world, foreign)
    commits = []
    world.store.subscribe(lambda events: commits.append([event.data.get("to") for event in events]))
    world.backend.end(launch.id, tell=False)
    foreign._observe_all([runs])
    foreign._observe_all([world.backend.phases[launch.id]])
    assert world.instance(launch).state is TaskState.SUCCESS
    [states] = commits
    assert [state for state in states if state in {"running", "success"}] == ["running", "success"]


def test_what_many_short_containers_tell_is_stored_in_one_transaction_however_often_each_is_told_of(world, foreign):
    found = [begun(world, foreign) for _ in range(4)]
    for launch, _ in found:
        world.backend.end(launch.id, tell=False)
    seen = [one for launch, runs in found for one in (runs, *[world.backend.phases[launch.id]] * 2)]
    commits = []
    world.store.subscribe(lambda events: commits.append([event.data.get("to") for event in events]))
    foreign._observe_all(seen)
    assert [world.instance(launch).state for launch, _ in found] == [TaskState.SUCCESS] * 4
    [states] = commits
    assert (states.count("running"), states.count("success")) == (4, 4)


def test_an_end_that_could_not_be_stored_is_seen_again(world, foreign, monkeypatch):
    launch, _runs = begun(world, foreign)
    foreign._known.flush()
    world.backend.end(launch.id, tell=False)
    ends = world.backend.phases[launch.id]
    with monkeypatch.context() as patch:
        patch.setattr(foreign._known._notes, "_write", lambda notes: (_ for _ in ()).throw(DatabaseBusyError("busy")))
        foreign._observe_all([ends, ends])
    assert world.launch(launch.id).state is LaunchState.CREATED
    [again] = foreign._later.works()
    foreign._do(again)
    assert world.launch(launch.id).state is LaunchState.ENDED


def test_what_the_database_was_too_busy_for_is_seen_again(world, foreign, monkeypatch):
    launch, runs = begun(world, foreign)
    foreign._known.flush()
    foreign._observe_all([runs])
    with monkeypatch.context() as patch:
        patch.setattr(foreign._known._notes, "_write", lambda notes: (_ for _ in ()).throw(DatabaseBusyError("busy")))
        foreign._known.flush()
    assert world.instance(launch).state is TaskState.QUEUED
    [again] = foreign._later.works()
    assert again == ("observe", runs)
    foreign._do(again)
    foreign._known.flush()
    assert world.instance(launch).state is TaskState.RUNNING
