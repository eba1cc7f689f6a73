"""Whole runs on a real store: a fake executor ends what is launched, the scheduler does the rest."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import delete, update

from goflow.domain.runs import Outcome
from goflow.domain.spec import Dialect
from goflow.domain.state import LaunchState, RunState, TaskState
from goflow.store import events, runs
from goflow.store.cleaning import Old
from goflow.store.purge import look, purge
from goflow.store.tables import launches, task_instances
from tests.unit.scheduler.kit import FAILED, SKIPPED, T0, World, at, dag, empty, hourly, task


def test_a_chain_runs_in_order(world: World) -> None:
    world.put(dag(task("a"), task("b", "a"), task("c", "b")))
    world.trigger()
    assert world.queued() == ["a"]
    assert world.finish_all() == ["a", "b", "c"]
    assert world.run_state() == "success"
    assert set(world.states().values()) == {"success"}


def test_empty_tasks_need_no_launch(world: World) -> None:
    world.put(dag(empty("a"), empty("b", "a"), task("c", "b"), empty("d", "c")))
    world.trigger()
    assert world.queued() == ["c"]
    assert world.row("a").try_number == 1
    assert world.row("a").end_date == world.clock.now()
    world.finish("c")
    assert world.run_state() == "success"


def test_an_empty_task_with_a_callback_or_outlets_needs_its_container(world: World) -> None:
    callback = {"on_success_callback": [{"$callable": "m:f"}]}
    asset = ({"$asset": {"name": "a", "uri": "a"}},)
    world.put(dag(empty("calls", callbacks=callback), empty("tells", outlets=asset), empty("rests")))
    world.trigger()
    assert sorted(world.queued()) == ["calls", "tells"]


def test_a_class_derived_from_the_empty_operator_is_not_run_either(world: World) -> None:
    bases = ("airflow.providers.standard.operators.empty.EmptyOperator",)
    world.put(dag(task("a", operator="Marker", operator_path="mine.Marker", bases=bases)))
    world.trigger()
    assert world.run_state() == "success"


def test_a_dag_without_tasks_succeeds(world: World) -> None:
    world.put(dag())
    world.trigger()
    assert world.run_state() == "success"


def test_a_failure_spreads_downstream_and_fails_the_run(world: World) -> None:
    world.put(dag(task("a"), task("b", "a"), task("c", "b"), task("other")))
    world.trigger()
    world.finish("a", FAILED)
    assert world.run_state() == "running"
    world.finish("other")
    assert world.states() == {"a": "failed", "b": "upstream_failed", "c": "upstream_failed", "other": "success"}
    assert world.run_state() == "failed"


def test_only_leaves_decide_how_the_run_ends(world: World) -> None:
    world.put(dag(task("a"), task("b", "a", trigger_rule="all_done")))
    world.trigger()
    world.finish("a", FAILED)
    world.finish("b")
    assert world.run_state() == "success"


def test_a_skip_spreads_and_a_join_passes_over_it(world: World) -> None:
    world.put(dag(task("a"), task("b", "a"), task("join", "b", "c", trigger_rule="none_failed"), task("c")))
    world.trigger()
    world.finish("a", SKIPPED)
    world.finish("c")
    world.finish("join")
    assert world.states() == {"a": "skipped", "b": "skipped", "c": "success", "join": "success"}
    assert world.run_state() == "success"


def test_a_branch_skips_what_it_does_not_follow(world: World) -> None:
    branch = task("branch", operator="BranchPythonOperator", operator_path="x.BranchPythonOperator")
    world.put(dag(branch, task("left", "branch"), task("right", "branch"), task("below", "right")))
    world.trigger()
    world.finish("branch", Outcome(state=TaskState.SUCCESS, skip_downstream=("right",)))
    assert world.states() == {"branch": "success", "left": "queued", "right": "skipped", "below": "skipped"}


def test_a_task_that_a_branch_skipped_stays_skipped_when_it_alone_is_cleared(world: World) -> None:
    branch = task("branch", operator="BranchPythonOperator", operator_path="x.BranchPythonOperator")
    world.put(dag(branch, task("left", "branch"), task("right", "branch")))
    run = world.trigger()
    world.finish("branch", Outcome(state=TaskState.SUCCESS, skip_downstream=("right",)))
    world.finish("left")
    world.restart()
    world.clear(run.run_id, ["right"])
    assert world.states()["right"] == "skipped"
    assert world.run_state() == "success"


def test_events_tell_the_whole_story(world: World) -> None:
    world.put(dag(task("a")))
    world.trigger()
    world.finish("a")
    with world.store.reading() as tx:
        told = [(e.kind, e.data.get("to")) for e in events.after(tx, 0) if e.kind in {"task.state", "run.state"}]
    assert told == [
        ("run.state", "running"),
        ("task.state", "scheduled"),
        ("task.state", "queued"),
        ("task.state", "running"),
        ("task.state", "success"),
        ("run.state", "success"),
    ]


def test_a_run_that_nothing_can_go_on_with_is_deadlocked_and_fails(world: World) -> None:
    # The upstream task starts after this run, so it has no instance here, and the rule waits for it: as under Airflow.
    late = task("late", start_date=at(T0 + dt.timedelta(days=365)))
    world.put(dag(late, task("waits", "late", trigger_rule="none_skipped")))
    world.trigger()
    assert world.states() == {"waits": "none"}
    assert world.run_state() == "failed"


def test_a_run_that_takes_too_long_fails_and_what_runs_is_stopped(world: World) -> None:
    world.put(dag(task("a"), task("b", "a"), task("t", "b", teardown=True), dagrun_timeout=600.0))
    world.trigger()
    launch = world.start("a")
    world.settle()
    world.pass_time(599)
    assert world.run_state() == "running"
    world.pass_time(1)
    assert world.run_state() == "failed"
    assert set(world.states().values()) == {"skipped"}
    assert world.stop_requested(launch)
    world.end(launch)
    assert world.states()["a"] == "skipped"


def test_fail_fast_stops_everything_but_teardowns(world: World) -> None:
    members = [
        task("bad"),
        task("runs"),
        task("waits", "runs"),
        task("t", "runs", teardown=True, trigger_rule="all_done"),
    ]
    world.put(dag(*members, fail_fast=True))
    world.trigger()
    running = world.start("runs")
    world.finish("bad", FAILED)
    assert world.states() == {"bad": "failed", "runs": "failed", "waits": "skipped", "t": "queued"}
    assert world.stop_requested(running)
    world.finish("t")
    assert world.run_state() == "failed"


def test_fail_fast_is_not_forgotten_when_the_scheduler_dies_right_after_the_failure(world: World) -> None:
    world.put(dag(task("bad"), task("long"), task("waits", "long"), fail_fast=True))
    world.trigger()
    world.start("long")
    world.finish_unheard("bad", FAILED)
    world.restart()
    world.settle()
    assert world.states() == {"bad": "failed", "long": "failed", "waits": "skipped"}


def test_a_dag_is_paused_after_too_many_failures_in_a_row(world: World) -> None:
    world.put(dag(task("a"), max_consecutive_failed_dag_runs=2))
    for _ in range(2):
        world.clock.advance(60)
        world.trigger()
        world.finish("a", FAILED)
    assert world.dag_row().is_paused


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_run_that_goes_on_after_them_is_no_failure_in_a_row(world: World, dialect: Dialect) -> None:
    world.put(dag(task("a"), max_consecutive_failed_dag_runs=2, dialect=dialect))
    made = []
    for _ in range(3):
        world.clock.advance(60)
        made.append(world.trigger().run_id)
    world.finish("a", FAILED, run_id=made[0])
    world.finish("a", FAILED, run_id=made[1])
    assert not world.dag_row().is_paused, "the newest run has not ended"
    world.finish("a", FAILED, run_id=made[2])
    assert world.dag_row().is_paused


def test_depends_on_past_waits_for_the_same_task_of_the_run_before(world: World) -> None:
    spec = dag(
        task("a", depends_on_past=True),
        schedule=hourly(),
        start_date=at(T0 - dt.timedelta(hours=2)),
        catchup=True,
    )
    world.put(spec)
    world.settle()
    first, second = [run.run_id for run in world.all_runs()]
    assert world.states(first) == {"a": "queued"}
    assert world.states(second) == {"a": "none"}
    world.finish("a", FAILED, run_id=first)
    assert world.states(second) == {"a": "none"}
    assert world.run_state(run_id=second) is RunState.RUNNING
    world.mark("a", TaskState.SUCCESS, run_id=first)
    assert world.states(second) == {"a": "queued"}


@pytest.mark.parametrize(
    ("ignores", "late"),
    [
        pytest.param(True, "queued", id="the first one of its task waits for none"),
        pytest.param(False, "none", id="unless it has to"),
    ],
)
def test_a_task_that_begins_later_than_its_dag_has_no_past(world: World, ignores, late) -> None:
    hours = [T0 - dt.timedelta(hours=number) for number in (3, 2, 1)]
    new = task("new", depends_on_past=True, ignore_first_depends_on_past=ignores, start_date=at(hours[1]))
    world.put(dag(task("a"), new, schedule=hourly(), start_date=at(hours[0]), catchup=True))
    world.settle()
    first, second, third = [run.run_id for run in world.all_runs()]
    assert "new" not in world.states(first)
    assert world.states(second)["new"] == "queued", "the run before lies before the task's own start"
    with world.store.transaction() as tx:
        run = runs.by_run_id(tx, "d", second)
        tx.change(delete(task_instances).where(task_instances.c.dag_run_id == run.id))
    world.restart()
    world.settle()
    assert world.states(third)["new"] == late


def test_a_task_takes_part_only_between_its_own_dates(world: World) -> None:
    begins = task("begins", start_date=at(T0 - dt.timedelta(hours=2)))
    ends = task("ends", end_date=at(T0 - dt.timedelta(hours=2)))
    world.put(dag(begins, ends, schedule=hourly(), start_date=at(T0 - dt.timedelta(hours=3)), catchup=True))
    world.settle()
    assert [sorted(world.states(run.run_id)) for run in world.all_runs()] == [["ends"], ["begins", "ends"], ["begins"]]


def test_a_task_that_waits_for_a_run_that_is_purged_waits_no_longer(world: World) -> None:
    start = at(T0 - dt.timedelta(hours=3))
    world.put(dag(task("a", depends_on_past=True), schedule=hourly(), start_date=start, catchup=True))
    world.settle()
    first, second, third = [run.run_id for run in world.all_runs()]
    world.finish("a", FAILED, run_id=first)
    world.mark("a", TaskState.SUCCESS, run_id=third)
    world.clock.advance(1)
    with world.store.transaction() as tx:
        tx.change(update(launches).values(state=LaunchState.CLEANED.value))
    old = Old(before=world.clock.now(), keep=1)
    assert purge(world.store, old, look(world.store, old), None, who="test", pause=lambda seconds: None)[0] == 1
    world.settle()
    assert world.states(second) == {"a": "queued"}


def test_wait_for_downstream_waits_for_the_children_of_the_run_before(world: World) -> None:
    members = [task("a", depends_on_past=True, wait_for_downstream=True), task("b", "a")]
    world.put(dag(*members, schedule=hourly(), start_date=at(T0 - dt.timedelta(hours=2)), catchup=True))
    world.settle()
    first, second = [run.run_id for run in world.all_runs()]
    world.finish("a", run_id=first)
    assert world.states(second) == {"a": "none", "b": "none"}
    world.finish("b", run_id=first)
    assert world.states(second) == {"a": "queued", "b": "none"}


def test_a_chain_of_empty_tasks_over_runs_that_depend_on_the_past_is_decided_in_one_go(world: World) -> None:
    members = [empty("a", depends_on_past=True), empty("b", "a", depends_on_past=True)]
    world.put(dag(*members, schedule=hourly(), start_date=at(T0 - dt.timedelta(hours=5)), catchup=True))
    world.settle()
    assert [run.state.value for run in world.all_runs()] == ["success"] * 5
