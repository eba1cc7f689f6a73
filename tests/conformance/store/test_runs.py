"""Every store case runs on SQLite and on PostgreSQL: DAGs and runs."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.domain.errors import AlreadyExistsError, ConflictError, NotFoundError, StateChangeRefusedError
from goflow.domain.state import RunState, RunType
from goflow.store import Store, dags, events, runs, tasks, transitions, versions
from tests.stores import START, bash_dag, make_run, record

DAY = dt.timedelta(days=1)


def test_a_run_comes_back_as_it_was_made(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(
            tx, logical_date=START - DAY, conf={"größe": [1, None, {"a": "ü"}]}, triggered_by="me", note="n"
        )
    with store.reading() as tx:
        run = runs.by_run_id(tx, "example", "manual__1")
    assert run == made.run
    assert (run.state, run.run_type, run.logical_date) == (RunState.RUNNING, RunType.MANUAL, START - DAY)
    assert run.conf == {"größe": [1, None, {"a": "ü"}]}
    assert run.logical_date is not None
    assert run.logical_date.utcoffset() == dt.timedelta(0)


def test_moments_keep_their_microseconds_and_come_back_in_utc(store: Store) -> None:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    moment = dt.datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=zone)
    with store.transaction() as tx:
        made = make_run(tx, logical_date=moment)
    assert made.run.logical_date == moment
    assert made.run.logical_date.tzinfo is not None
    assert made.run.logical_date.isoformat() == "2026-02-02T22:35:06.789012+00:00"


def test_a_naive_moment_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="no time zone"), store.transaction() as tx:
        make_run(tx, logical_date=dt.datetime(2026, 2, 3))  # noqa: DTZ001


def test_a_run_id_is_there_once(store: Store) -> None:
    with store.transaction() as tx:
        make_run(tx)
        with pytest.raises(AlreadyExistsError):
            make_run(tx, logical_date=START)
        make_run(tx, run_id="manual__2", logical_date=START)
    with store.reading() as tx:
        assert runs.count(tx, "example") == 2


def test_a_logical_date_is_there_once_and_none_any_number_of_times(store: Store) -> None:
    with store.transaction() as tx:
        make_run(tx, run_id="a", logical_date=START)
        with pytest.raises(AlreadyExistsError):
            make_run(tx, run_id="b", logical_date=START)
        make_run(tx, run_id="c")
        make_run(tx, run_id="d")
        make_run(tx, bash_dag("other"), run_id="a", logical_date=START)


def test_an_error_in_the_block_undoes_everything(store: Store) -> None:
    heard: list[object] = []
    store.subscribe(heard.append)

    def work() -> None:
        with store.transaction() as tx:
            make_run(tx)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with store.reading() as tx:
        assert runs.list_(tx) == []
        assert dags.list_(tx) == []
        assert events.last_seq(tx) == 0
    assert heard == []


def test_a_transaction_inside_a_transaction_is_refused(store: Store) -> None:
    with store.transaction(), pytest.raises(RuntimeError, match="inside"), store.transaction():
        pass
    with store.transaction() as tx:
        make_run(tx)


def test_lists_are_newest_first_and_can_be_narrowed(store: Store) -> None:
    with store.transaction() as tx:
        for day in range(4):
            state = RunState.SUCCESS if day % 2 else RunState.FAILED
            made = make_run(tx, run_id=f"r{day}", logical_date=START + day * DAY, state=RunState.RUNNING)
            transitions.advance_run(tx, made.run.id, RunState.RUNNING, state, who="test")
        make_run(tx, bash_dag("other"))
    with store.reading() as tx:
        assert [run.run_id for run in runs.list_(tx, "example")] == ["r3", "r2", "r1", "r0"]
        assert [run.run_id for run in runs.list_(tx, "example", limit=2, offset=1)] == ["r2", "r1"]
        assert [run.run_id for run in runs.list_(tx, states=[RunState.FAILED])] == ["r2", "r0"]
        gte = START + DAY
        assert [r.run_id for r in runs.list_(tx, "example", logical_date_gte=gte, logical_date_lte=gte)] == ["r1"]
        assert runs.count(tx, states=[RunState.RUNNING]) == 1
        states = [RunState.SUCCESS, RunState.FAILED, RunState.SUCCESS]
        assert runs.newest_states(tx, "example", 3) == states
        assert runs.newest_states(tx, "example", 3, by_logical_date=True) == states
        newest = runs.newest(tx, "example", [RunType.MANUAL])
        assert newest is not None
        assert newest.run_id == "r3"
        assert runs.newest(tx, "example", [RunType.SCHEDULED]) is None


def test_open_runs_are_counted_by_dag(store: Store) -> None:
    with store.transaction() as tx:
        make_run(tx, run_id="a", state=RunState.QUEUED)
        make_run(tx, run_id="b", state=RunState.QUEUED)
        make_run(tx, run_id="c")
        ended = make_run(tx, bash_dag("other"))
        transitions.advance_run(tx, ended.run.id, RunState.RUNNING, RunState.SUCCESS, who="test")
        assert runs.active_counts(tx) == {"example": (2, 1)}
        assert [run.run_id for run in runs.open_(tx)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("states", "scheduled_only", "expected"),
    [(None, False, "r2"), ([RunState.SUCCESS], False, "r1"), ([RunState.QUEUED], False, None), (None, True, None)],
)
def test_the_previous_run_is_the_nearest_by_logical_date(
    store: Store, states: list[RunState] | None, scheduled_only: bool, expected: str | None
) -> None:
    with store.transaction() as tx:
        for number, state in ((1, RunState.SUCCESS), (2, RunState.FAILED), (3, RunState.RUNNING)):
            made = make_run(tx, run_id=f"r{number}", logical_date=START + number * DAY)
            if state is not RunState.RUNNING:
                transitions.advance_run(tx, made.run.id, RunState.RUNNING, state, who="test")
        before = runs.previous(tx, made.run, states=states, scheduled_only=scheduled_only)
        assert (before.run_id if before else None) == expected
        undated = make_run(tx, run_id="undated").run
        assert runs.previous(tx, undated) is None


def test_a_run_changes_state_only_from_what_is_expected(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx, state=RunState.QUEUED)
        assert not transitions.advance_run(tx, made.run.id, RunState.RUNNING, RunState.SUCCESS, who="test")
        assert not transitions.advance_run(tx, 99_999, RunState.RUNNING, RunState.SUCCESS, who="test")
        assert transitions.advance_run(tx, made.run.id, RunState.QUEUED, RunState.RUNNING, who="test")
        store.clock.advance(60)  # type: ignore[attr-defined]
        assert transitions.advance_run(tx, made.run.id, {RunState.RUNNING}, RunState.FAILED, who="test", reason="why")
        with pytest.raises(StateChangeRefusedError):
            transitions.advance_run(tx, made.run.id, RunState.FAILED, RunState.FAILED, who="test")
    with store.reading() as tx:
        run = runs.get(tx, made.run.id)
        assert (run.start_date, run.end_date) == (START, START + dt.timedelta(seconds=60))
        [last] = events.after(tx, 0, kinds=[events.RUN_STATE])[1:]
        assert last.data == {"id": run.id, "from": "running", "to": "failed", "reason": "why"}


def test_a_cleared_run_has_no_end_any_more(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
        transitions.advance_run(tx, made.run.id, RunState.RUNNING, RunState.FAILED, who="test")
        assert transitions.advance_run(tx, made.run.id, RunState.FAILED, RunState.QUEUED, who="me")
        run = runs.get(tx, made.run.id)
        assert (run.state, run.start_date, run.end_date) == (RunState.QUEUED, None, None)


def test_deleting_a_run_takes_its_tasks_along(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
        with pytest.raises(ConflictError):
            runs.delete_(tx, made.run.id, who="test")
        transitions.advance_run(tx, made.run.id, RunState.RUNNING, RunState.SUCCESS, who="test")
        runs.delete_(tx, made.run.id, who="test")
        assert tasks.of_run(tx, made.run.id) == []
        with pytest.raises(NotFoundError):
            runs.get(tx, made.run.id)


def test_keys_of_deleted_rows_are_never_used_again(store: Store) -> None:
    with store.transaction() as tx:
        first = make_run(tx)
        transitions.advance_run(tx, first.run.id, RunState.RUNNING, RunState.SUCCESS, who="test")
        runs.delete_(tx, first.run.id, who="test")
        second = make_run(tx)
        assert second.run.id > first.run.id
        assert min(ti.id for ti in second.tasks.values()) > max(ti.id for ti in first.tasks.values())


def test_the_same_file_is_the_same_version_for_ever(store: Store) -> None:
    spec = bash_dag()
    with store.transaction() as tx:
        first = record(tx, spec, file_hash="1")
        second = record(tx, bash_dag("example", "only"), file_hash="2")
        again = record(tx, spec, file_hash="1")
    assert [item.version.number for item in (first, second, again)] == [1, 2, 1]
    assert (first.new_dag, second.new_dag, again.new_dag) == (True, False, False)
    assert again.reading_id == first.reading_id
    with store.reading() as tx:
        assert [version.number for version in versions.list_(tx, "example")] == [1, 2]
        assert dags.get(tx, "example").version == 1
        assert versions.spec(tx, first.reading_id) == spec
        assert versions.by_number(tx, "example", 2).file_hash == "2"
        with pytest.raises(NotFoundError):
            versions.by_number(tx, "example", 3)


def test_another_meaning_of_the_same_bytes_is_another_reading(store: Store) -> None:
    with store.transaction() as tx:
        first = record(tx, bash_dag(), inputs={"variables": {"a": "1"}})
        other_reader = record(tx, bash_dag("example", "only"), inputs={"variables": {"a": "1"}})
        other_inputs = record(tx, bash_dag(), inputs={"variables": {"a": "2"}})
        back = record(tx, bash_dag(), inputs={"variables": {"a": "1"}})
    assert len({item.version.id for item in (first, other_reader, other_inputs, back)}) == 1
    assert back.reading_id == first.reading_id
    assert len({item.reading_id for item in (first, other_reader, other_inputs)}) == 3
    with store.reading() as tx:
        assert [item.number for item in versions.readings(tx, first.version.id)] == [1, 2, 3]
        recorded = versions.inputs(tx, other_inputs.reading_id)
        assert recorded == {"variables": {"a": "2"}, "moment": START.isoformat()}


def test_recording_twice_writes_no_second_event(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, bash_dag())
    with store.transaction() as tx:
        record(tx, bash_dag())
    with store.reading() as tx:
        assert [event.kind for event in events.after(tx, 0)] == [events.DAG_ACTIVATED, events.DAG_VERSION]


def test_a_dag_that_was_gone_comes_back_with_its_history(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, bash_dag())
        make_run(tx)
        assert dags.deactivate(tx, ["example", "never"], who="importer") == ["example"]
        assert dags.deactivate(tx, ["example"], who="importer") == []
        assert dags.list_(tx) == []
        assert [dag.dag_id for dag in dags.list_(tx, active=None)] == ["example"]
        record(tx, bash_dag())
        assert dags.get(tx, "example").is_active
        assert runs.count(tx, "example") == 1


def test_pausing_says_whether_it_changed_anything(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, bash_dag())
        assert dags.set_paused(tx, "example", True, who="me")
        assert not dags.set_paused(tx, "example", True, who="me")
        record(tx, bash_dag("example", "other"), file_hash="b", paused=False)
        assert dags.get(tx, "example").is_paused, "a new version leaves the switch where it is"
        with pytest.raises(NotFoundError):
            dags.set_paused(tx, "nobody", True, who="me")


def test_the_file_decides_whether_a_new_dag_is_paused(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, bash_dag("a", is_paused_upon_creation=True), paused=False)
        record(tx, bash_dag("b", is_paused_upon_creation=False), paused=True)
        record(tx, bash_dag("c"), paused=True)
        assert [dag.is_paused for dag in dags.list_(tx)] == [True, False, True]


def test_due_dags_are_active_unpaused_and_not_held(store: Store) -> None:
    plan = {"logical_date": START, "interval_start": START, "interval_end": START + DAY}
    with store.transaction() as tx:
        for name, due in (
            ("a", START),
            ("b", START - DAY),
            ("c", START),
            ("d", START),
            ("e", START + DAY),
            ("f", None),
        ):
            record(tx, bash_dag(name))
            dags.set_next_run(tx, name, **plan, run_after=due)
        dags.set_paused(tx, "c", True, who="me")
        assert dags.hold(tx, "d", "11 runs to catch up", who="scheduler")
        assert not dags.hold(tx, "d", "again", who="scheduler")
        assert [dag.dag_id for dag in dags.due(tx, START)] == ["b", "a"]
        assert dags.next_due(tx) == START - DAY
        assert dags.release(tx, "d", who="me")
        assert [dag.dag_id for dag in dags.due(tx, START, limit=5)] == ["b", "a", "d"]
        dags.deactivate(tx, ["a", "b"], who="importer")
        assert [dag.dag_id for dag in dags.due(tx, START)] == ["d"]


def test_dags_are_found_by_tag_and_by_part_of_the_name(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, bash_dag("sales_daily", tags=("team a", "100%")))
        record(tx, bash_dag("sales_weekly", tags=("team ab",)))
        record(tx, bash_dag("billing"))
        assert [dag.dag_id for dag in dags.list_(tx, tag="team a")] == ["sales_daily"]
        assert [dag.dag_id for dag in dags.list_(tx, search="SALES_")] == ["sales_daily", "sales_weekly"]
        assert [dag.dag_id for dag in dags.list_(tx, search="_")] == ["sales_daily", "sales_weekly"]
        assert dags.count(tx, search="nothing%") == 0
        assert [dag.dag_id for dag in dags.list_(tx, limit=1, offset=1)] == ["sales_daily"]


def test_deleting_a_dag_needs_its_file_gone_and_its_runs_over(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
        with pytest.raises(ConflictError, match="active"):
            dags.delete_(tx, "example", who="me")
        dags.deactivate(tx, ["example"], who="importer")
        with pytest.raises(ConflictError, match="open runs"):
            dags.delete_(tx, "example", who="me")
        transitions.advance_run(tx, made.run.id, RunState.RUNNING, RunState.SUCCESS, who="test")
        dags.delete_(tx, "example", who="me")
        assert dags.find(tx, "example") is None
        assert versions.list_(tx, "example") == []
        assert runs.list_(tx, "example") == []
