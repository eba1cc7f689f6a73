"""Every store case runs on SQLite and on PostgreSQL: tasks that wait for a trigger, who holds it, and how they go on."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from goflow.domain.state import LaunchState, RunState, TaskState
from goflow.domain.triggers import Deferral, Fired, FiredKind, TriggerState
from goflow.store import Store, Tx, events, pools, runs, tasks, transitions, triggers, xcoms
from goflow.triggers import desk
from tests.conformance.store.claiming import shares_of
from tests.stores import START, Made, OpenStore, bash_dag, begin, make_run

S = TaskState
EVENT = Fired(kind=FiredKind.EVENT, payload={"n": 1})
WAIT = Deferral(classpath="mine.Trigger", next_method="resume", kwargs={"key": "secret-word"}, next_kwargs={"a": [1]})
DATE_TIME = "airflow.providers.standard.triggers.temporal.DateTimeTrigger"


def seconds(count: float) -> dt.datetime:
    return START + dt.timedelta(seconds=count)


def until(at: dt.datetime, **more: object) -> Deferral:
    packed = {
        "__classname__": "datetime.datetime",
        "__version__": 2,
        "__data__": {"timestamp": at.timestamp(), "tz": None},
    }
    return Deferral(classpath=DATE_TIME, next_method="resume", kwargs={"moment": packed, **more})


def deferred(
    tx: Tx, deferral: Deferral = WAIT, task_id: str = "first", made: Made | None = None, **more: object
) -> int:
    """A task that has begun and waits for a trigger; the trigger's key."""
    ti = (made or make_run(tx))[task_id]
    launch = begin(tx, ti)
    assert transitions.defer_task(tx, tasks.get(tx, ti.id), launch.id, deferral, who="test", **more)
    transitions.advance_launch(tx, launch.id, LaunchState.CLAIMED, LaunchState.ENDED)
    found = triggers.of_task(tx, ti.id)
    assert found is not None
    return found.id


def many(tx: Tx, count: int) -> list[int]:
    names = [f"t{number}" for number in range(count)]
    made = make_run(tx, bash_dag("many", *names))
    return [deferred(tx, task_id=name, made=made) for name in names]


def task_of(tx: Tx, key: int):
    found = triggers.find(tx, key)
    assert found is not None
    return tasks.get(tx, found.task_instance_id)


def test_a_task_that_defers_waits_without_a_slot_and_its_arguments_are_sealed(store: Store) -> None:
    with store.transaction() as tx:
        key = deferred(tx)
    with store.reading() as tx:
        found, ti = triggers.find(tx, key), task_of(tx, key)
        assert (found.state, found.epoch, found.runner_id, found.due_at, found.timeout_at) == (
            *(TriggerState.WAITING, 0, None, None, None),
        )
        assert (ti.state, ti.try_number, ti.next_at) == (S.DEFERRED, 1, None)
        assert tasks.occupancy(tx, [ti.pool], [ti.dag_id]).pools == {}
        assert triggers.kwargs(tx, key) == {"key": "secret-word"}
        assert "secret-word" not in tx.value(text("SELECT kwargs FROM triggers"))
        [event] = events.after(tx, 0, kinds=[events.TRIGGER_WAITING])
        assert event.data == {"trigger": key, "class": "mine.Trigger", "ti": ti.id}


def test_a_pool_that_counts_deferred_ones_keeps_the_slot(store: Store) -> None:
    with store.transaction() as tx:
        pools.set_(tx, "default_pool", 1, include_deferred=True, who="test")
        made = make_run(tx, bash_dag("two", "a", "b"))
        deferred(tx, task_id="a", made=made)
        assert pools.get(tx, "default_pool").occupied == 1
        transitions.advance_task(tx, made["b"].id, S.NONE, S.SCHEDULED, who="test")
        answer = transitions.plan_launch(tx, tasks.get(tx, made["b"].id), backend="local", new_attempt=True)
        assert answer.why == "pool_full"
        pools.set_(tx, "default_pool", 1, include_deferred=False, who="test")
        answer = transitions.plan_launch(tx, tasks.get(tx, made["b"].id), backend="local", new_attempt=True)
        assert answer.launch is not None


def test_whoever_fires_first_is_believed_and_the_task_goes_on_once(store: Store) -> None:
    with store.transaction() as tx:
        key = deferred(tx)
        assert transitions.fire_trigger(tx, key, EVENT, who="a")
        assert not transitions.fire_trigger(tx, key, Fired(kind=FiredKind.TIMEOUT), who="b")
        assert not transitions.fire_trigger(tx, 99_999, EVENT, who="b")
        ti = task_of(tx, key)
        assert (ti.state, ti.try_number) == (S.SCHEDULED, 1)
        going_on = triggers.resumption(tx, ti.id, 1)
        assert going_on is not None
        assert (going_on.next_method, going_on.next_kwargs, going_on.fired) == ("resume", {"a": [1]}, EVENT)
        assert triggers.resumption(tx, ti.id, 2) is None
    with store.reading() as tx:
        assert [e.data["kind"] for e in events.after(tx, 0, kinds=[events.TRIGGER_FIRED])] == ["event"]


def test_two_who_fire_at_once_on_two_connections_are_told_apart(open_store: OpenStore) -> None:
    stores = [open_store(), open_store()]
    with stores[0].transaction() as tx:
        keys = many(tx, 8)

    def fire(number: int) -> list[bool]:
        done = []
        for key in keys:
            with stores[number].transaction() as tx:
                done.append(
                    transitions.fire_trigger(tx, key, Fired(kind=FiredKind.EVENT, payload=number), who=str(number))
                )
        return done

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(fire, [0, 1])
    assert [a ^ b for a, b in zip(first, second, strict=True)] == [True] * 8
    with stores[0].reading() as tx:
        for key, won in zip(keys, first, strict=True):
            ti = task_of(tx, key)
            assert triggers.resumption(tx, ti.id, 1).fired.payload == (0 if won else 1)


def test_the_next_launch_goes_on_with_the_attempt_and_so_does_the_one_that_replaces_it(store: Store) -> None:
    with store.transaction() as tx:
        key = deferred(tx)
        transitions.fire_trigger(tx, key, EVENT, who="test")
        planned = transitions.plan_launch(tx, task_of(tx, key), backend="local", new_attempt=False)
        assert planned.launch is not None
        assert (planned.launch.try_number, planned.launch.ordinal) == (1, 2)
        transitions.advance_launch(tx, planned.launch.id, planned.launch.state, LaunchState.LOST)
        again = transitions.replace_launch(tx, planned.launch.id)
        assert again is not None
        assert triggers.resumption(tx, again.task_instance_id, again.try_number) is not None


@pytest.mark.parametrize(
    ("how", "after"),
    [
        pytest.param("clear", S.NONE, id="cleared"),
        pytest.param("success", S.SUCCESS, id="marked as a success"),
        pytest.param("failed", S.FAILED, id="marked as failed"),
        pytest.param("skipped", S.SKIPPED, id="skipped, since its run is over"),
    ],
)
def test_a_task_that_leaves_otherwise_takes_its_trigger_with_it(store: Store, how: str, after: S) -> None:
    with store.transaction() as tx:
        key = deferred(tx)
        ti = task_of(tx, key)
        if how == "clear":
            assert transitions.clear_tasks(tx, {ti.id: 1}, who="test") == [ti.id]
        elif how == "skipped":
            assert transitions.advance_task(tx, ti.id, S.DEFERRED, S.SKIPPED, who="test")
        else:
            assert transitions.mark_task(tx, ti.id, S(how), who="test")
        assert triggers.find(tx, key) is None
        assert not transitions.fire_trigger(tx, key, EVENT, who="late")
        assert tasks.get(tx, ti.id).state is after


def test_a_run_that_is_deleted_takes_its_triggers_with_it(store: Store) -> None:
    with store.transaction() as tx:
        key = deferred(tx)
        run_id = task_of(tx, key).dag_run_id
        transitions.advance_run(tx, run_id, RunState.RUNNING, RunState.FAILED, who="test")
        runs.delete_(tx, run_id, who="test")
        assert triggers.find(tx, key) is None


def test_deferring_again_waits_for_another_trigger(store: Store) -> None:
    with store.transaction() as tx:
        first = deferred(tx)
        transitions.fire_trigger(tx, first, EVENT, who="test")
        planned = transitions.plan_launch(tx, task_of(tx, first), backend="local", new_attempt=False)
        assert planned.launch is not None
        instance = tasks.get(tx, planned.launch.task_instance_id)
        assert transitions.defer_task(tx, instance, planned.launch.id, WAIT, who="test")
        second = triggers.of_task(tx, instance.id)
        assert second is not None
        assert second.id != first
        assert triggers.find(tx, first) is None
        assert triggers.resumption(tx, instance.id, 1) is None
        assert not transitions.fire_trigger(tx, first, EVENT, who="late")
        assert not transitions.defer_task(tx, instance, planned.launch.id, WAIT, who="test"), "it is deferred already"


def test_a_trigger_that_ends_its_task_leaves_results_and_no_row(store: Store) -> None:
    with store.transaction() as tx:
        key = deferred(tx)
        ti = task_of(tx, key)
        fired = Fired(kind=FiredKind.SUCCESS, xcoms={"k": [1, 2]})
        assert transitions.fire_trigger(tx, key, fired, who="test", end=S.SUCCESS)
        assert tasks.get(tx, ti.id).state is S.SUCCESS
        assert xcoms.of_task(tx, ti.dag_run_id, ti.task_id) == {"k": [1, 2]}
        assert xcoms.lengths(tx, ti.dag_run_id, [ti.task_id], key="k") == {ti.task_id: {-1: 2}}
        assert triggers.find(tx, key) is None


@pytest.mark.parametrize(
    ("deferral", "latest", "next_at", "at", "kind"),
    [
        pytest.param(until(seconds(60)), None, 60, 60, FiredKind.EVENT, id="the moment it waits for"),
        pytest.param(until(seconds(60), end_from_trigger=True), None, 60, 61, FiredKind.SUCCESS, id="and ends with it"),
        pytest.param(until(seconds(-5)), None, -5, 0, FiredKind.EVENT, id="a moment that is over"),
        pytest.param(
            Deferral(classpath="a.B", next_method="m", timeout_s=30), None, 30, 30, FiredKind.TIMEOUT, id="its time-out"
        ),
        pytest.param(
            Deferral(classpath="a.B", next_method="m", timeout_s=1e18), 9, 9, 9, FiredKind.TIMEOUT, id="at the latest"
        ),
        pytest.param(until(seconds(60)), 20, 20, 25, FiredKind.TIMEOUT, id="the time-out before the moment"),
        pytest.param(until(seconds(60)), 60, 60, 99, FiredKind.EVENT, id="the moment where both are due"),
    ],
)
def test_what_the_clock_decides_the_scheduler_fires(
    store: Store, deferral: Deferral, latest: float | None, next_at: float, at: float, kind: FiredKind
) -> None:
    with store.transaction() as tx:
        key = deferred(tx, deferral, latest=None if latest is None else seconds(latest))
        ti = task_of(tx, key)
        assert ti.next_at == seconds(next_at)
        assert transitions.due_event(tx, ti.id, seconds(next_at - 1)) is None
        due = transitions.due_event(tx, ti.id, seconds(at))
        assert due is not None
        assert (due[0], due[1].kind) == (key, kind)
        if kind is FiredKind.EVENT:
            assert due[1].payload["__classname__"] == "pendulum.datetime.DateTime"
        assert transitions.fire_trigger(tx, *due, who="scheduler")
        assert transitions.due_event(tx, ti.id, seconds(at)) is None


def test_no_runner_is_asked_for_what_the_clock_decides(store: Store) -> None:
    with store.transaction() as tx:
        deferred(tx, until(seconds(60)))
        assert (triggers.count_waiting(tx), triggers.count_for_runners(tx)) == (1, 0)
        triggers.add_runner(tx, "r", capacity=10, ttl_s=5)
        assert transitions.claim_triggers(tx, "r", 10) == []


def test_a_claim_is_exclusive_and_the_epoch_grows(store: Store) -> None:
    with store.transaction() as tx:
        keys = many(tx, 5)
        for name in ("r1", "r2"):
            triggers.add_runner(tx, name, capacity=10, ttl_s=5)
        assert transitions.claim_triggers(tx, "r1", 0) == []
        assert transitions.claim_triggers(tx, "r1", 2) == keys[:2]
        assert transitions.claim_triggers(tx, "r2", 9) == keys[2:]
        assert transitions.claim_triggers(tx, "r1", 9) == []
        assert [row.id for row in triggers.held_by(tx, "r2")] == keys[2:]
        assert {row.epoch for row in triggers.held_by(tx, "r2")} == {1}
        assert [(row.id, row.held) for row in triggers.runners(tx)] == [("r1", 2), ("r2", 3)]
        triggers.drop_runner(tx, "r1")
        assert triggers.count_for_runners(tx, unheld=True) == 2
        assert transitions.claim_triggers(tx, "r2", 9) == keys[:2]
        assert [row.epoch for row in triggers.held_by(tx, "r2")] == [2, 2, 1, 1, 1]


def test_two_runners_that_claim_at_once_share(open_store: OpenStore) -> None:
    stores = [open_store(), open_store()]
    with stores[0].transaction() as tx:
        keys = many(tx, 20)
        for name in ("r0", "r1"):
            triggers.add_runner(tx, name, capacity=100, ttl_s=5)
    shares = shares_of(stores, transitions.claim_triggers, 3)
    assert sorted(shares[0] + shares[1]) == keys
    with stores[0].reading() as tx:
        for number, share in enumerate(shares):
            assert [row.id for row in triggers.held_by(tx, f"r{number}")] == sorted(share)


def test_a_runner_that_is_not_heard_of_loses_what_it_holds_and_is_still_believed(store: Store, clock) -> None:
    with store.transaction() as tx:
        keys = many(tx, 2)
        triggers.runner_seen(tx, "r1", capacity=7, ttl_s=10, process="1:1")
        triggers.runner_seen(tx, "r2", capacity=7, ttl_s=30)
        transitions.claim_triggers(tx, "r1", 2)
        assert triggers.drop_expired(tx) == []
    clock.advance(9)
    with store.transaction() as tx:
        triggers.runner_seen(tx, "r1", capacity=8, ttl_s=10)
        [first, _] = triggers.runners(tx)
        assert (first.process, first.capacity, first.expires_at) == ("1:1", 8, seconds(19))
    clock.advance(10)
    with store.transaction() as tx:
        assert triggers.drop_expired(tx) == ["r1"]
        assert triggers.drop_expired(tx) == []
        assert transitions.claim_triggers(tx, "r2", 1) == keys[:1]
        assert transitions.fire_trigger(tx, keys[0], EVENT, who="r1"), "what it saw has happened"
        assert triggers.held_by(tx, "r2") == []
        triggers.runner_seen(tx, "r1", capacity=7, ttl_s=10)
        assert triggers.held_by(tx, "r1") == []


def test_a_runner_that_comes_back_gets_its_share_again_and_each_task_goes_on_once(store: Store, clock) -> None:
    held: dict[str, set[int]] = {"r1": set(), "r2": set()}

    def ask(name: str) -> None:
        orders = desk.sync(store, name, process=f"{name}:1", capacity=100, held=held[name])
        held[name] -= {key for key, why in orders.leave if why == "moved"}
        held[name] |= {trigger.id for trigger in orders.start}

    with store.transaction() as tx:
        keys = many(tx, 10)
    for name in ("r1", "r2", "r1"):
        ask(name)
    assert [len(held["r1"]), len(held["r2"])] == [10, 0], "r2 came when all were held"
    clock.advance(6)
    ask("r1")
    ask("r2")
    assert [sorted(held["r1"]), sorted(held["r2"])] == [keys[:5], keys[5:]]
    moved = keys[5]
    assert desk.take(store, [(moved, EVENT)], who="r1") == 1, "what it saw before it left it counts"
    assert desk.take(store, [(moved, EVENT)], who="r2") == 0
    with store.transaction() as tx:
        triggers.drop_runner(tx, "r1")
    held["r1"] = set()
    ask("r2")
    ask("r1")
    clock.advance(6)
    ask("r2")
    ask("r1")
    assert sorted([len(held["r1"]), len(held["r2"])]) == [4, 6], "moving two of nine is worth it, moving a third is not"
    assert held["r1"] | held["r2"] | {moved} == set(keys)


def test_a_deferral_that_is_rolled_back_leaves_nothing(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        launch = begin(tx, ti)

    def killed_between_two_statements() -> None:
        with store.transaction() as tx:
            transitions.defer_task(tx, tasks.get(tx, ti.id), launch.id, WAIT, who="test")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed_between_two_statements()
    with store.reading() as tx:
        assert tasks.get(tx, ti.id).state is S.RUNNING
        assert triggers.of_task(tx, ti.id) is None
