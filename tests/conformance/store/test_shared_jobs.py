"""Every store case runs on SQLite and on PostgreSQL: copies of a mapped task that share one Job."""

from __future__ import annotations

import pytest

from goflow.domain.runs import MOST_IN_JOB, SHARED_NAME, Launch
from goflow.domain.state import LaunchState, TaskState
from goflow.store import Store, events, launches, pools, tasks, transitions
from goflow.store.rows import NewTask
from goflow.store.transitions import LaunchRequest, TaskChange, advance_launch
from tests.stores import make_run

S, L = TaskState, LaunchState


def mapped(store: Store, copies: int, *, slots: int = 128, shares_from: int = 3, others: int = 0) -> list[Launch]:
    """Queue COPIES of a mapped task, and OTHERS of another; the launches that came of it."""
    instances = [NewTask(task_id="first", map_index=index) for index in range(copies)]
    instances += [NewTask(task_id="second", map_index=index) for index in range(others)]
    with store.transaction() as tx:
        made = make_run(tx, instances=instances)
        pools.set_(tx, "default_pool", slots=slots, who="test")
        transitions.apply(tx, [TaskChange(ti.id, S.NONE, S.SCHEDULED) for ti in tasks.of_run(tx, made.run.id)])
        requests = [
            LaunchRequest(ti=ti, backend="kubernetes", namespace="jobs", new_attempt=True, shares_from=shares_from)
            for ti in tasks.of_run(tx, made.run.id)
        ]
        return [planned.launch for planned in transitions.plan_launches(tx, requests) if planned.launch is not None]


def test_copies_that_are_queued_together_share_a_job(store: Store) -> None:
    found = mapped(store, 4)
    (name,) = {launch.job_name for launch in found}
    assert [launch.job_index for launch in found] == [0, 1, 2, 3]
    assert len({launch.shared_job for launch in found}) == 1
    assert sorted(launch.id for launch in found) == [launch.id for launch in found]
    assert all(len(launch.id) == 32 for launch in found)
    assert len(name) <= SHARED_NAME
    with store.reading() as tx:
        assert launches.of_shared_job(tx, found[2]) == found
        indexes = [tasks.get(tx, launch.task_instance_id).map_index for launch in found]
        told = [event.data.get("job_name") for event in events.after(tx, 0) if event.kind == events.LAUNCH_STATE]
    assert indexes == [0, 1, 2, 3]
    assert told == [name] * 4


ALONE = {"too few of them": {"copies": 2}, "sharing is off": {"copies": 5, "shares_from": 0},
         "too few found a slot": {"copies": 5, "slots": 2}}  # fmt: skip


@pytest.mark.parametrize("given", ALONE.values(), ids=ALONE)
def test_else_each_has_a_job_of_its_own(store: Store, given: dict[str, int]) -> None:
    found = mapped(store, **given)  # type: ignore[arg-type]
    assert {launch.job_index for launch in found} == {None}
    assert len({launch.job_name for launch in found}) == len(found)
    with store.reading() as tx:
        assert launches.of_shared_job(tx, found[0]) == [found[0]]
        assert not launches.is_shared_job_open(tx, found[0])


def test_only_those_that_found_a_slot_are_in_the_job(store: Store) -> None:
    found = mapped(store, 9, slots=4)
    assert [launch.job_index for launch in found] == [0, 1, 2, 3]


def test_copies_of_different_tasks_share_none(store: Store) -> None:
    found = mapped(store, 4, others=3)
    assert len({launch.job_name for launch in found}) == 2
    assert [launch.job_index for launch in found] == [0, 1, 2, 3, 0, 1, 2]


def test_a_job_holds_no_more_than_kubernetes_is_asked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_IN_JOB == 10_000
    monkeypatch.setattr("goflow.store.transitions.planning.MOST_IN_JOB", 4)
    found = mapped(store, 9)
    assert [launch.job_index for launch in found] == [0, 1, 2, 3, 0, 1, 2, 3, None]
    assert len({launch.job_name for launch in found}) == 3


def test_the_job_is_open_until_the_last_of_them_has_ended(store: Store) -> None:
    found = mapped(store, 3)
    for launch, is_open in zip(found, (True, True, False), strict=True):
        with store.transaction() as tx:
            assert advance_launch(tx, launch.id, L.PLANNED, L.ENDED)
            assert launches.is_shared_job_open(tx, launch) is is_open


def test_what_follows_a_disrupted_copy_has_a_job_of_its_own(store: Store) -> None:
    _, launch, _ = mapped(store, 3)
    with store.transaction() as tx:
        assert advance_launch(tx, launch.id, L.PLANNED, L.LOST)
        after = transitions.replace_launch(tx, launch.id)
    assert after is not None
    assert (after.job_index, after.ordinal, after.try_number) == (None, 2, 1)
    assert after.job_name != launch.job_name
