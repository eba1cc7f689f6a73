"""The executor and launches that share a Job: made once, whatever dies; each stopped and ended by itself."""

from __future__ import annotations

import pytest

from goflow.domain.runs import Outcome
from goflow.domain.state import LaunchState, TaskState
from goflow.executor.backend import BackendAwayError, LaunchRefusedError, Observation, Phase
from goflow.store import events
from tests.unit.executor.kit import World
from tests.unit.executor.test_service import work_off

L = LaunchState


def states(world: World, found) -> list[LaunchState]:
    return [world.launch(launch.id).state for launch in found]


def reconciled(world: World):
    executor = world.executor()
    executor._reconcile()
    work_off(executor)
    return executor


def test_their_job_is_made_once_for_all(world):
    found = world.queue_copies(3)
    reconciled(world)
    assert world.backend.calls == [("launch", found[0].id)]
    plan = world.backend.plans[found[0].id]
    assert (plan.shared_job, plan.copies, plan.job_name) == (found[0].shared_job, 3, found[0].job_name)
    assert states(world, found) == [L.CREATED] * 3


def test_news_of_many_that_share_one_is_taken_once(world):
    executor = reconciled(world)
    found = world.queue_copies(3)
    with world.store.reading() as tx:
        executor._on_events(events.after(tx, 0))
    assert executor._queue.qsize() == 1
    work_off(executor)
    assert states(world, found) == [L.CREATED] * 3


KILLED = {"before there is a Job": 0, "before any row is noted": 1, "after one": 2, "after two": 3}


@pytest.mark.parametrize("killed_after", KILLED.values(), ids=KILLED)
def test_a_daemon_that_dies_between_the_job_and_its_rows_goes_on(world, killed_after, monkeypatch):
    """Its first transaction notes where they will be, then comes the Job, then one for each row."""
    monkeypatch.setattr("goflow.executor.known.AT_ONCE", 1)
    found = world.queue_copies(3)
    executor = world.executor()
    real, left = world.store.transaction, [killed_after]

    def dying():
        if left[0] == 0:
            raise SystemExit("killed")
        left[0] -= 1
        return real()

    monkeypatch.setattr(world.store, "transaction", dying)
    executor._reconcile()
    with pytest.raises(SystemExit):
        work_off(executor)
    monkeypatch.setattr(world.store, "transaction", real)
    assert states(world, found).count(L.CREATED) == max(0, killed_after - 1)
    shared = found[0]
    world.backend.phases.update(
        {launch.id: Observation(launch_id=launch.id, phase=Phase.PENDING) for launch in found}
    )  # the Job is there
    reconciled(world)
    assert states(world, found) == [L.CREATED] * 3
    assert {plan.job_name for plan in world.backend.plans.values()} == {shared.job_name}
    assert {plan.copies for plan in world.backend.plans.values()} == {3}


def test_a_backend_that_is_away_is_asked_again_for_all(world):
    found = world.queue_copies(2)
    away = [True]

    def before(what: str, launch_id: str) -> None:
        if what == "launch" and away.pop():
            away.append(False)
            raise BackendAwayError("no answer")

    world.backend.before = before
    executor = reconciled(world)
    assert states(world, found) == [L.PLANNED] * 2
    world.store.clock.advance(2)
    work_off(executor)
    assert states(world, found) == [L.CREATED] * 2


def test_a_job_that_is_refused_fails_every_copy(world):
    found = world.queue_copies(2)

    def before(what: str, launch_id: str) -> None:
        if what == "launch":
            raise LaunchRefusedError("Invalid", "no such field")

    world.backend.before = before
    reconciled(world)
    assert {world.instance(launch).state for launch in found} == {TaskState.FAILED}
    assert {world.launch(launch.id).message for launch in found} == {"no such field"}


def test_one_that_is_stopped_before_there_is_a_job_leaves_the_others(world):
    found = world.queue_copies(3)
    world.request_stop(found[0])
    reconciled(world)
    assert states(world, found) == [L.CLEANED, L.CREATED, L.CREATED] or states(world, found)[0] is L.LOST
    assert next(iter(world.backend.plans.values())).copies == 3, "an index that nobody wants any more is turned away"


def test_one_that_is_stopped_before_it_has_begun_is_over_at_once(world):
    found = world.queue_copies(2)
    executor = reconciled(world)
    world.request_stop(found[1])
    executor._do(("stop", found[1].id))
    assert ("terminate", found[1].id) in world.backend.calls
    assert states(world, found) == [L.CREATED, L.LOST]
    assert world.launch(found[1].id).reason == "Terminated"


def test_one_that_runs_is_over_when_its_pod_is(world):
    found = world.queue_copies(2)
    executor = reconciled(world)
    world.claim(found[1])
    world.request_stop(found[1])
    executor._do(("stop", found[1].id))
    assert states(world, found) == [L.CREATED, L.CLAIMED]
    deleted = Outcome(state=TaskState.FAILED, reason="PodDeleted", disrupted=True)
    executor.observe(Observation(launch_id=found[1].id, phase=Phase.ENDED, outcome=deleted, claimant="1:1"))
    assert states(world, found) == [L.CREATED, L.ENDED]
    assert len(world.launches_of(found[1])) == 1, "it is not replaced"


def test_the_job_goes_with_the_last_of_them(world):
    found = world.queue_copies(3)
    executor = reconciled(world)
    for number, launch in enumerate(found):
        world.claim(launch)
        executor.observe(
            Observation(
                launch_id=launch.id, phase=Phase.ENDED, outcome=Outcome(state=TaskState.SUCCESS), claimant="1:1"
            )
        )
        executor._do(("clean", launch.id))
        assert world.launch(launch.id).state is L.CLEANED
        assert [call for call in world.backend.calls if call[0] == "cleanup"] == (
            [("cleanup", launch.id)] if number == 2 else []
        )


def test_a_disrupted_one_is_replaced_by_a_job_of_its_own(world):
    found = world.queue_copies(2)
    executor = reconciled(world)
    world.claim(found[0])
    evicted = Outcome(state=TaskState.FAILED, reason="Disrupted", disrupted=True)
    executor.observe(Observation(launch_id=found[0].id, phase=Phase.ENDED, outcome=evicted, claimant="1:1"))
    _, after = world.launches_of(found[0])
    assert (after.job_index, after.state) == (None, L.PLANNED)
    executor._do(("launch", after.id))
    assert world.backend.plans[after.id].shared_job == ""
    assert world.launch(found[1].id).state is L.CREATED
