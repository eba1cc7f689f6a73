"""What is written for many rows by one statement is what one statement for each would have written."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import bindparam, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import psycopg

from goflow.domain.state import RunState, TaskState
from goflow.store import Store, bulk, dags, recording, tasks, transitions
from goflow.store.rows import NewTask
from goflow.store.tables import task_instances
from goflow.store.transitions import LaunchRequest, RunChange, TaskChange
from tests.stores import START, bash_dag, make_run, reading_of

MANY = bulk.FEWEST + 3
LATER = START + dt.timedelta(hours=1, microseconds=7)


@pytest.mark.parametrize("number", [1, bulk.FEWEST - 1, MANY])
def test_changes_of_tasks_write_the_same_for_few_and_for_many(store: Store, number: int) -> None:
    new = [NewTask(task_id=f'übung "{place}" \\', max_tries=place) for place in range(number)]
    with store.transaction() as tx:
        run = make_run(tx, bash_dag("d"), instances=new).run
        found = tasks.of_run(tx, run.id)
        none = TaskState.NONE
        changes = [TaskChange(one.id, none, TaskState.SCHEDULED, START, "me") for one in found]
        assert transitions.apply(tx, changes) == [True] * number
        requests = [LaunchRequest(ti=one, backend="b", new_attempt=True, plan='{"a": null}') for one in found]
        planned = transitions.plan_launches(tx, requests, at=START)
        assert all(answer.launch is not None for answer in planned)
        begun = [
            TaskChange(one.id, TaskState.QUEUED, TaskState.RUNNING, LATER, "me", columns={"start_date": START})
            for one in found[:1]
        ] + [TaskChange(one.id, TaskState.QUEUED, TaskState.RUNNING, LATER, "me") for one in found[1:]]
        assert transitions.apply(tx, begun) == [True] * number
    with store.reading() as tx:
        rows = tx.rows(select(task_instances).order_by(task_instances.c.id))
        assert [row.state for row in rows] == ["running"] * number
        assert [row.queued_at for row in rows] == [START] * number
        assert [row.start_date for row in rows] == [START, *[LATER] * (number - 1)]
        assert [row.next_at for row in rows] == [None] * number
        assert [row.task_id for row in rows] == [one.task_id for one in new]
        attempts = [tasks.attempt(tx, row.id, 1) for row in rows]
        assert all(one is not None and one.state is TaskState.RUNNING for one in attempts)


def test_runs_many_at_once(store: Store) -> None:
    with store.transaction() as tx:
        made = [make_run(tx, run_id=f"manual__{number}", state=RunState.QUEUED).run for number in range(MANY)]
        changes = [RunChange(run.id, RunState.QUEUED, RunState.RUNNING) for run in made]
        wrong = [RunChange(run.id, RunState.QUEUED, RunState.FAILED) for run in made]
        assert transitions.advance_runs(tx, changes, who="me", at=START) == [True] * MANY
        assert transitions.advance_runs(tx, wrong, who="me", at=START) == [False] * MANY


@pytest.mark.parametrize("number", [1, bulk.FEWEST - 1, MANY])
def test_rendered_fields_of_few_and_of_many_are_kept(store: Store, number: int) -> None:
    new = [NewTask(task_id=f"t{place}") for place in range(number)]
    with store.transaction() as tx:
        run = make_run(tx, bash_dag("d"), instances=new).run
        keys = [one.id for one in tasks.of_run(tx, run.id)]
        tasks.set_rendered_all(tx, [(key, {"bash_command": f'echo "ü\\{key}"'}, None) for key in keys])
        tasks.set_rendered_all(tx, [(key, None, f"copy {key}") for key in keys])
        assert [tasks.rendered(tx, key) for key in keys] == [{"bash_command": f'echo "ü\\{key}"'} for key in keys]
        assert [tasks.map_index_label(tx, key) for key in keys] == [f"copy {key}" for key in keys]


def test_new_versions_of_many_dags_are_put_in_force_at_once(store: Store) -> None:
    specs = [bash_dag(f"d{place}") for place in range(MANY)]
    with store.transaction() as tx:
        recording.record_all(tx, [reading_of(tx, spec) for spec in specs])
        found = recording.record_all(tx, [reading_of(tx, spec, file_hash="b" * 64) for spec in specs])
        in_force = {dag.dag_id: dag.version for dag in dags.list_(tx)}
    assert in_force == {spec.dag_id: 2 for spec in specs}
    assert [one.version.number for one in found] == [2] * MANY


def test_an_update_whose_parameters_have_no_type_is_refused_and_not_written_row_by_row() -> None:
    untyped = update(task_instances).where(task_instances.c.id == bindparam("key")).values(note=bindparam("words"))
    with pytest.raises(TypeError, match="words"):
        bulk.for_many(untyped, ("key", "words"))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        bulk.as_json([{"at": START.replace(tzinfo=None)}])
    with pytest.raises(TypeError, match="bytes among the values"):
        bulk.as_json([{"at": b"x"}])


_T = task_instances.c
_AMONG = select(_T.id).where(_T.id.in_(bindparam("keys", expanding=True))).order_by(_T.id)
_NOT_AMONG = select(_T.id).where(_T.id.not_in(bindparam("keys", expanding=True))).order_by(_T.id)
_AMONG_TEXTS = select(_T.id).where(_T.task_id.in_(bindparam("keys", expanding=True))).order_by(_T.id)
_AMONG_MOMENTS = select(_T.id).where(_T.queued_at.in_(bindparam("keys", expanding=True, type_=_T.queued_at.type)))
_AMONG_PAIRS = select(_T.id).where(tuple_(_T.id, _T.task_id).in_(bindparam("keys", expanding=True))).order_by(_T.id)


@pytest.mark.parametrize("kind", [list, tuple])
def test_what_is_looked_for_among_keys_is_found_however_many_they_are(store: Store, kind: type) -> None:
    names = ["a", 'ü"{}, \\', "NULL", "1"]
    with store.transaction() as tx:
        run = make_run(tx, bash_dag("d"), instances=[NewTask(task_id=name) for name in names]).run
        keys = {one.task_id: one.id for one in tasks.of_run(tx, run.id)}
        ids = [keys[name] for name in names]
        for count in (0, 1, 2, 4):
            expected = sorted(ids[:count])
            assert [row.id for row in tx.rows(_AMONG, {"keys": kind(ids[:count])})] == expected
            assert [row.id for row in tx.rows(_AMONG_TEXTS, {"keys": kind(names[:count])})] == expected
            assert [row.id for row in tx.rows(_NOT_AMONG, {"keys": kind(ids[:count])})] == sorted(ids[count:])
            if count:
                pairs = kind(zip(ids[:count], names[:count], strict=True))
                assert [row.id for row in tx.rows(_AMONG_PAIRS, {"keys": pairs})] == expected
        assert tx.rows(_AMONG_MOMENTS, {"keys": kind([START])}) == []
        assert tx.change(delete(task_instances).where(_T.id.in_(bindparam("keys", expanding=True))), {"keys": ids}) == 4


def test_keys_travel_as_one_array() -> None:
    made = str(bulk.with_arrays(_AMONG_TEXTS).compile(dialect=psycopg.dialect()))
    assert "task_instances.task_id = ANY (%(keys)s::" in made
    assert " IN " not in made
