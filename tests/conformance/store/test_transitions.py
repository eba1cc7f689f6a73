"""Every store case runs on SQLite and on PostgreSQL: what may follow what, what follows from it, and who wins."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from goflow.domain.errors import StateChangeRefusedError
from goflow.domain.state import TASK_TRANSITIONS, TaskState
from goflow.store import Store, Tx, events, launches, tasks, transitions, xcoms
from goflow.store.rows import NewTask
from goflow.store.tables import task_instances
from goflow.store.transitions import TaskChange, advance_task
from tests.stores import START, bash_dag, begin, make_run, queue

S = TaskState
LATER = START + dt.timedelta(seconds=90)


def put_in(tx: Tx, ti_id: int, state: TaskState) -> None:
    """Set a state without asking anybody."""
    tx.change(task_instances.update().where(task_instances.c.id == ti_id).values(state=state.value))


@pytest.mark.parametrize("before", list(TaskState))
def test_the_state_table_is_the_law(store: Store, before: TaskState) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        for after in TaskState:
            put_in(tx, ti.id, before)
            if after in TASK_TRANSITIONS[before]:
                assert advance_task(tx, ti.id, before, after, who="test"), after
                assert tasks.get(tx, ti.id).state is after
            else:
                with pytest.raises(StateChangeRefusedError):
                    advance_task(tx, ti.id, before, after, who="test")
                assert tasks.get(tx, ti.id).state is before


def test_a_change_from_another_state_does_nothing_and_says_so(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        assert not advance_task(tx, ti.id, S.SCHEDULED, S.QUEUED, who="test")
        assert not advance_task(tx, ti.id, {S.RUNNING, S.QUEUED}, S.SUCCESS, who="test")
        assert not advance_task(tx, ti.id, S.NONE, S.SCHEDULED, who="test", try_number=1)
        assert not advance_task(tx, 99_999, S.NONE, S.SCHEDULED, who="test")
        assert tasks.get(tx, ti.id) == ti
        assert advance_task(tx, ti.id, S.NONE, S.SCHEDULED, who="test", try_number=0)
    with store.reading() as tx:
        [event] = events.after(tx, 0, kinds=[events.TASK_STATE])
        assert event.data == {"ti": ti.id, "from": "none", "to": "scheduled", "reason": ""}
        assert (event.dag_id, event.run_id, event.task_id, event.who) == ("example", "manual__1", "first", "test")


def test_moments_follow_the_states(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        begin(tx, ti)
        running = tasks.get(tx, ti.id)
        assert (running.queued_at, running.start_date, running.end_date) == (START, START, None)
        advance_task(tx, ti.id, S.RUNNING, S.UP_FOR_RETRY, who="test", at=LATER, next_at=LATER)
        waiting = tasks.get(tx, ti.id)
        assert (waiting.end_date, waiting.next_at, waiting.try_number) == (LATER, LATER, 1)
        advance_task(tx, ti.id, S.UP_FOR_RETRY, S.SCHEDULED, who="test", at=LATER)
        again = tasks.get(tx, ti.id)
        assert (again.start_date, again.end_date, again.next_at) == (None, None, None)
        advance_task(tx, ti.id, S.SCHEDULED, S.UPSTREAM_FAILED, who="test", at=LATER)
        over = tasks.get(tx, ti.id)
        assert (over.start_date, over.end_date) == (LATER, LATER)
        advance_task(tx, ti.id, S.UPSTREAM_FAILED, S.NONE, who="test", max_tries=7)
        cleared = tasks.get(tx, ti.id)
        assert (cleared.queued_at, cleared.start_date, cleared.end_date, cleared.max_tries) == (None, None, None, 7)


def test_a_rescheduled_sensor_keeps_its_first_start_and_its_attempt(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        begin(tx, ti)
        advance_task(tx, ti.id, S.RUNNING, S.UP_FOR_RESCHEDULE, who="test", at=LATER, next_at=LATER)
        advance_task(tx, ti.id, S.UP_FOR_RESCHEDULE, S.SCHEDULED, who="test", at=LATER)
        planned = transitions.plan_launch(tx, tasks.get(tx, ti.id), backend="local", new_attempt=False, at=LATER)
        assert planned.launch is not None
        assert (planned.launch.try_number, planned.launch.ordinal) == (1, 2)
        advance_task(tx, ti.id, S.QUEUED, S.RUNNING, who="test", at=LATER)
        assert tasks.get(tx, ti.id).start_date == START
        [attempt] = tasks.attempts(tx, ti.id)
        assert (attempt.state, attempt.start_date, attempt.end_date) == (S.RUNNING, START, None)


def test_attempts_tell_how_each_one_ended(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        begin(tx, ti)
        failed = {"exit_code": 3, "reason": "BashExit", "message": "exit 3", "usage": {"cpu_seconds": 0.5}}
        advance_task(tx, ti.id, S.RUNNING, S.UP_FOR_RETRY, who="test", at=LATER, attempt=failed)
        advance_task(tx, ti.id, S.UP_FOR_RETRY, S.SCHEDULED, who="test")
        transitions.plan_launch(tx, tasks.get(tx, ti.id), backend="local", new_attempt=True)
        advance_task(tx, ti.id, S.QUEUED, S.RUNNING, who="test")
        advance_task(tx, ti.id, S.RUNNING, S.SUCCESS, who="test", attempt={"exit_code": 0})
        first, second = tasks.attempts(tx, ti.id)
        assert (first.try_number, first.state, first.exit_code, first.message) == (1, S.UP_FOR_RETRY, 3, "exit 3")
        assert (first.start_date, first.end_date, first.usage) == (START, LATER, {"cpu_seconds": 0.5})
        assert (second.try_number, second.state, second.exit_code) == (2, S.SUCCESS, 0)
        advance_task(tx, ti.id, S.SUCCESS, S.FAILED, who="me", reason="marked")
        assert tasks.attempts(tx, ti.id)[1] == second, "a mark does not rewrite what happened"


def test_a_task_without_a_container_has_its_attempt_too(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        advance_task(tx, ti.id, S.NONE, S.SUCCESS, who="scheduler", set_try_number=1)
        assert tasks.get(tx, ti.id).try_number == 1
        [attempt] = tasks.attempts(tx, ti.id)
        assert (attempt.state, attempt.start_date, attempt.end_date) == (S.SUCCESS, START, START)


def test_unknown_columns_are_refused(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        with pytest.raises(TypeError, match="task_id"):
            advance_task(tx, ti.id, S.NONE, S.SCHEDULED, who="test", task_id="other")


def test_a_batch_makes_those_changes_that_hold(store: Store) -> None:
    names = [f"t{number}" for number in range(50)]
    with store.transaction() as tx:
        made = make_run(tx, bash_dag("many", *names))
        ids = [made[name].id for name in names]
        put_in(tx, ids[7], S.SKIPPED)
        changes = [TaskChange(ti_id, S.NONE, S.SCHEDULED) for ti_id in ids]
        changes.append(TaskChange(99_999, S.NONE, S.SCHEDULED))
        done = transitions.apply(tx, changes)
        assert done == [ti_id != ids[7] for ti_id in ids] + [False]
        assert len(tasks.scheduled(tx)) == 49
    with store.reading() as tx:
        assert len(events.after(tx, 0, kinds=[events.TASK_STATE])) == 49


def test_a_batch_may_change_the_same_task_twice(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
        first, second = made["first"].id, made["second"].id
        done = transitions.apply(
            tx,
            [
                TaskChange(first, S.NONE, S.SCHEDULED),
                TaskChange(second, S.NONE, S.UPSTREAM_FAILED),
                TaskChange(first, S.SCHEDULED, S.SUCCESS, columns={"set_try_number": 1}),
                TaskChange(first, S.SCHEDULED, S.SKIPPED),
                TaskChange(first, S.SUCCESS, S.NONE, try_number=1),
            ],
        )
        assert done == [True, True, True, False, True]
        assert tasks.get(tx, first).state is S.NONE


def test_a_refused_change_in_a_batch_undoes_the_transaction(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
    batch = [TaskChange(made["first"].id, S.NONE, S.SCHEDULED), TaskChange(made["second"].id, S.NONE, S.RUNNING)]
    with pytest.raises(StateChangeRefusedError), store.transaction() as tx:
        transitions.apply(tx, batch)
    with store.reading() as tx:
        assert {ti.state for ti in tasks.of_run(tx, made.run.id)} == {S.NONE}


def test_a_batch_larger_than_a_statement_takes(store: Store) -> None:
    wanted = [NewTask(task_id="mapped", map_index=index) for index in range(12_000)]
    with store.transaction() as tx:
        made = make_run(tx, instances=wanted)
        ids = [ti.id for ti in tasks.of_run(tx, made.run.id)]
        assert len(ids) == 12_000
        assert all(transitions.apply(tx, [TaskChange(ti_id, S.NONE, S.SCHEDULED) for ti_id in ids]))


def test_clearing_starts_ended_tasks_anew_and_stops_running_ones(store: Store) -> None:
    states = [S.SUCCESS, S.FAILED, S.SKIPPED, S.UPSTREAM_FAILED, S.REMOVED, S.UP_FOR_RETRY, S.DEFERRED, S.SCHEDULED]
    names = [state.value for state in states]
    with store.transaction() as tx:
        made = make_run(tx, bash_dag("example", *names, "running", "queued", "none"))
        for state in states:
            put_in(tx, made[state.value].id, state)
        running, queued = begin(tx, made["running"]), queue(tx, made["queued"])
        everything = {ti.id: 5 for ti in made.tasks.values()}
        changed = transitions.clear_tasks(tx, everything, who="me")
        assert sorted(changed) == sorted(ti_id for ti_id in everything if ti_id != made["none"].id)
        for name in names:
            assert tasks.get(tx, made[name].id).state is S.NONE
        for name, launch in (("running", running), ("queued", queued)):
            assert tasks.get(tx, made[name].id).state is S.RESTARTING
            assert launches.get(tx, launch.id).stop_requested_at == START
        assert {tasks.get(tx, ti_id).max_tries for ti_id in changed} == {5}
        assert transitions.clear_tasks(tx, everything, who="me") == [], "clearing twice changes nothing"
        advance_task(tx, made["running"].id, S.RESTARTING, S.NONE, who="executor")
        [attempt] = tasks.attempts(tx, made["running"].id)
        assert (attempt.state, attempt.end_date) == (S.RESTARTING, START)


@pytest.mark.parametrize("word", [S.SUCCESS, S.FAILED, S.SKIPPED])
def test_a_persons_word_ends_a_running_task_and_stops_its_launch(store: Store, word: TaskState) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
        launch = begin(tx, made["first"])
        assert transitions.mark_task(tx, made["first"].id, word, who="me")
        assert not transitions.mark_task(tx, made["first"].id, word, who="me")
        assert tasks.get(tx, made["first"].id).state is word
        assert launches.get(tx, launch.id).stop_requested_at == START
        assert not advance_task(tx, made["first"].id, S.RUNNING, S.SUCCESS, who="executor"), "the launch comes too late"


def test_a_new_attempt_forgets_the_results_of_the_one_before(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
        for name in ("first", "second"):
            begin(tx, made[name])
            xcoms.push(tx, made.run.id, name, -1, "return_value", name)
        advance_task(tx, made["first"].id, S.RUNNING, S.UP_FOR_RETRY, who="test")
        advance_task(tx, made["first"].id, S.UP_FOR_RETRY, S.SCHEDULED, who="test")
        assert xcoms.of_task(tx, made.run.id, "first") == {"return_value": "first"}
        transitions.plan_launch(tx, tasks.get(tx, made["first"].id), backend="local", new_attempt=True)
        assert xcoms.of_task(tx, made.run.id, "first") == {}
        assert xcoms.of_task(tx, made.run.id, "second") == {"return_value": "second"}


def test_task_instances_are_made_once(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
        advance_task(tx, made["first"].id, S.NONE, S.SCHEDULED, who="test")
        again = tasks.create_many(tx, made.run, [NewTask(task_id="first"), NewTask(task_id="third")])
        assert [ti.task_id for ti in again] == ["first", "third"]
        assert [ti.state for ti in again] == [S.SCHEDULED, S.NONE]
        assert len(tasks.of_run(tx, made.run.id)) == 3


def test_a_mapped_tasks_placeholder_becomes_its_first_copy(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
        tasks.renumber(tx, made["second"].id, 0)
        tasks.create_many(tx, made.run, [NewTask(task_id="second", map_index=index) for index in (0, 1, 2)])
        indices = [ti.map_index for ti in tasks.of_run(tx, made.run.id) if ti.task_id == "second"]
        assert indices == [0, 1, 2]
        assert tasks.find(tx, made.run.id, "second") is None
        found = tasks.find(tx, made.run.id, "second", 0)
        assert found is not None
        assert found.id == made["second"].id


def test_what_waits_comes_in_order(store: Store) -> None:
    weights = {"low": 1, "high": 9, "middle": 5, "second high": 9}
    with store.transaction() as tx:
        wanted = [NewTask(task_id=name, priority_weight=weight) for name, weight in weights.items()]
        made = make_run(tx, instances=wanted)
        transitions.apply(tx, [TaskChange(ti.id, S.NONE, S.SCHEDULED) for ti in made.tasks.values()])
        assert [ti.task_id for ti in tasks.scheduled(tx)] == ["high", "second high", "middle", "low"]
        assert [ti.task_id for ti in tasks.scheduled(tx, limit=2)] == ["high", "second high"]


def test_retries_reschedules_and_deferrals_come_due(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx, bash_dag("example", "retry", "sensor", "deferred", "later", "none"))
        after = {
            "retry": S.UP_FOR_RETRY,
            "sensor": S.UP_FOR_RESCHEDULE,
            "deferred": S.DEFERRED,
            "later": S.UP_FOR_RETRY,
        }
        for number, (name, state) in enumerate(after.items()):
            begin(tx, made[name])
            due = LATER if name == "later" else START - dt.timedelta(seconds=number)
            advance_task(tx, made[name].id, S.RUNNING, state, who="test", next_at=due)
        assert [ti.task_id for ti in tasks.waiting_due(tx, START)] == ["deferred", "sensor", "retry"]
        assert tasks.next_due(tx) == START - dt.timedelta(seconds=2)
        assert [ti.task_id for ti in tasks.waiting_due(tx, LATER, limit=1)] == ["deferred"]
        assert {ti.task_id for ti in tasks.in_states(tx, [S.DEFERRED, S.NONE])} == {"deferred", "none"}


def test_states_for_sensors_of_other_dags(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx, logical_date=START)
        advance_task(tx, made["first"].id, S.NONE, S.FAILED, who="test")
        found = tasks.external_states(tx, "example", logical_date=START, task_ids=["first", "second", "third"])
        assert found == {"first": {-1: S.FAILED}, "second": {-1: S.NONE}}
        assert tasks.external_states(tx, "example", logical_date=LATER, task_ids=["first"]) == {}
        assert tasks.external_states(tx, "example", run_id="manual__1", task_ids=["first"]) == {"first": {-1: S.FAILED}}
        assert tasks.states_of(tx, made.run.id) == {("first", -1): S.FAILED, ("second", -1): S.NONE}


def test_rendered_fields_are_kept_with_task_and_attempt(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        assert tasks.rendered(tx, ti.id) is None
        begin(tx, ti)
        tasks.set_rendered(tx, ti.id, {"bash_command": "echo ü"}, try_number=1)
        tasks.set_rendered(tx, ti.id, None, map_index_label="copy one")
        assert tasks.rendered(tx, ti.id) == {"bash_command": "echo ü"}
        assert tasks.map_index_label(tx, ti.id) == "copy one"
        attempt = tasks.attempt(tx, ti.id, 1)
        assert attempt is not None
        assert attempt.rendered_fields == {"bash_command": "echo ü"}


def test_every_change_has_one_event_in_order(store: Store) -> None:
    walk = [S.NONE, S.SCHEDULED, S.QUEUED, S.RUNNING, S.UP_FOR_RETRY, S.SCHEDULED, S.QUEUED, S.RUNNING, S.SUCCESS]
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
    for before, after in itertools.pairwise(walk):
        with store.transaction() as tx:
            assert advance_task(tx, ti.id, before, after, who="test")
    with store.reading() as tx:
        told = [event.data for event in events.after(tx, 0, kinds=[events.TASK_STATE])]
    assert [(data["from"], data["to"]) for data in told] == [(str(a), str(b)) for a, b in itertools.pairwise(walk)]
