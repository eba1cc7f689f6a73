"""What a trigger runner is told to begin and to leave, and what becomes of what it tells."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import TaskState
from goflow.domain.triggers import Deferral, Fired, FiredKind
from goflow.store import logs, tasks, transitions, triggers, xcoms
from goflow.store.rows import TriggerRunner
from goflow.triggers import desk
from goflow.triggers.shares import LEASE_S
from tests.stores import START, begin, make_run

WAIT = Deferral(classpath="a.B", next_method="go_on")
EVENT = Fired(kind=FiredKind.EVENT, payload=1)


def runner(held: int = 0, capacity: int = 100) -> TriggerRunner:
    return TriggerRunner(
        id="r", process="p", capacity=capacity, created_at=START, seen_at=START, expires_at=START, held=held
    )


@pytest.mark.parametrize(
    ("me", "others", "waiting", "room"),
    [
        pytest.param(runner(), 0, 40, 40, id="alone it takes all"),
        pytest.param(runner(), 1, 40, 20, id="two share"),
        pytest.param(runner(), 2, 40, 14, id="three share, the rest of a division included"),
        pytest.param(runner(held=15), 1, 40, 5, id="what it has counts"),
        pytest.param(runner(held=30), 1, 40, 0, id="nothing is taken from it"),
        pytest.param(runner(capacity=10), 0, 40, 10, id="no more than it can hold"),
        pytest.param(runner(), 0, 0, 0, id="nothing waits"),
    ],
)
def test_runners_share_evenly(me: TriggerRunner, others: int, waiting: int, room: int) -> None:
    assert desk.room_for(me, [me, *[runner(held=99)] * others], waiting) == room


@pytest.fixture
def waiting(sqlite_store):
    """Three tasks that wait for triggers: the ids of their triggers, of their instances and of their launches."""
    specs = [
        TaskSpec(task_id=f"t{n}", operator="X", callbacks={"on_success_callback": True} if n else {}) for n in range(3)
    ]
    with sqlite_store.transaction() as tx:
        made = make_run(tx, DagSpec(dag_id="d", tasks=tuple(specs)))
        keys, instances, launches = [], [], []
        for task in made.tasks.values():
            launch = begin(tx, task)
            transitions.defer_task(tx, tasks.get(tx, task.id), launch.id, WAIT, who="test")
            keys.append(triggers.of_task(tx, task.id).id)
            instances.append(task.id)
            launches.append(launch.id)
    return keys, instances, launches


def ask(store, name: str = "r", held=(), capacity: int = 100) -> tuple[list[int], dict[int, str]]:
    orders = desk.sync(store, name, process="1:1", capacity=capacity, held=frozenset(held))
    return [trigger.id for trigger in orders.start], dict(orders.leave)


def test_a_runner_is_told_what_it_claims_until_it_says_that_it_holds_it(sqlite_store, waiting):
    keys, _, _ = waiting
    assert ask(sqlite_store) == (keys, {})
    assert ask(sqlite_store) == (keys, {}), "its first answer was lost"
    assert ask(sqlite_store, held=keys[:1]) == (keys[1:], {})
    assert ask(sqlite_store, held=keys) == ([], {})


def test_it_is_told_why_it_is_to_leave_something(sqlite_store, waiting):
    keys, instances, _ = waiting
    ask(sqlite_store)
    desk.take(sqlite_store, [(keys[0], EVENT)], who="r")
    with sqlite_store.transaction() as tx:
        transitions.mark_task(tx, instances[1], TaskState.SUCCESS, who="somebody")
        triggers.drop_runner(tx, "r")
        triggers.runner_seen(tx, "other", capacity=9, ttl_s=60)
        transitions.claim_triggers(tx, "other", 9)
    assert ask(sqlite_store, held=keys) == ([], {keys[0]: "fired", keys[1]: "killed", keys[2]: "moved"})


def test_asking_again_writes_nothing_until_its_lease_is_a_third_over(sqlite_store, waiting, clock):
    keys, _, _ = waiting
    ask(sqlite_store)

    def expires() -> dt.datetime:
        with sqlite_store.reading() as tx:
            return triggers.runners(tx)[0].expires_at

    first = expires()
    clock.advance(1)
    ask(sqlite_store, held=keys)
    assert expires() == first
    clock.advance(LEASE_S / 3)
    ask(sqlite_store, held=keys)
    assert expires() == clock.now() + dt.timedelta(seconds=LEASE_S)


def test_who_leaves_holds_nothing(sqlite_store, waiting):
    keys, _, _ = waiting
    ask(sqlite_store)
    desk.leave(sqlite_store, "r")
    assert ask(sqlite_store, "other") == (keys, {})


@pytest.mark.parametrize(
    ("number", "kind", "state"),
    [
        pytest.param(0, FiredKind.SUCCESS, TaskState.SUCCESS, id="a success ends it at once"),
        pytest.param(1, FiredKind.SUCCESS, TaskState.SCHEDULED, id="but for a callback, which takes a container"),
        pytest.param(1, FiredKind.SKIPPED, TaskState.SKIPPED, id="a skip ends it, callbacks or not"),
        pytest.param(0, FiredKind.FAILED, TaskState.SCHEDULED, id="a failure may be retried"),
        pytest.param(0, FiredKind.EVENT, TaskState.SCHEDULED, id="an event lets it go on"),
    ],
)
def test_a_trigger_may_end_its_task(sqlite_store, waiting, number, kind, state):
    keys, instances, _ = waiting
    told = Fired(kind=kind, xcoms={"k": "v"} if kind is not FiredKind.EVENT else {})
    assert desk.take(sqlite_store, [(keys[number], told), (keys[number], EVENT)], who="r") == 1
    with sqlite_store.reading() as tx:
        instance = tasks.get(tx, instances[number])
        left = xcoms.of_task(tx, instance.dag_run_id, instance.task_id)
    assert instance.state is state
    assert left == ({"k": "v"} if state in {TaskState.SUCCESS, TaskState.SKIPPED} else {})


def test_lines_follow_those_of_the_launch_and_none_is_kept_twice(sqlite_store, waiting):
    _, _, [launch, *_] = waiting
    told = [(launch, 1.0, "a"), (launch, 2.0, "b")]
    with sqlite_store.transaction() as tx:
        logs.append(tx, launch, [logs.LogRow(seq=7, at=0.5, stream="out", text="before")])
    desk.keep_lines(sqlite_store, told)
    desk.keep_lines(sqlite_store, [*told, (launch, 3.0, "c")])
    desk.keep_lines(sqlite_store, [("0" * 32, 1.0, "of a launch that is gone with its run")])
    with sqlite_store.reading() as tx:
        assert [(line.seq, line.text) for line in logs.read(tx, launch)] == [
            *((7, "before"), (8, "a"), (9, "b"), (10, "c")),
        ]
