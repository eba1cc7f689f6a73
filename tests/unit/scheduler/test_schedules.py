"""Runs by time: made when they are due, no more than allowed, and none that nobody asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.domain.moments import Moment
from goflow.domain.spec import DagSpec, Dialect, Schedule
from goflow.domain.state import RunState, RunType
from goflow.scheduler import operations
from goflow.store import events
from tests.unit.scheduler.kit import T0, World, at, dag, empty, hourly, task


def scheduled(*, hours_ago: float = 3, **more: Any) -> DagSpec:
    more.setdefault("schedule", hourly())
    return dag(empty("a"), start_date=at(T0 - dt.timedelta(hours=hours_ago)), **more)


def dates(world: World) -> list[str]:
    return [run.logical_date.strftime("%H:%M") for run in world.all_runs() if run.logical_date]


def test_catch_up_makes_every_run_since_the_start_date(world: World) -> None:
    world.put(scheduled(catchup=True))
    world.settle()
    assert dates(world) == ["09:00", "10:00", "11:00"]
    assert all(run.run_type is RunType.SCHEDULED and run.state == "success" for run in world.all_runs())
    assert world.all_runs()[0].run_id == "scheduled__2026-01-05T10:00:00+00:00"


def test_without_catch_up_only_the_newest_interval_has_its_run(world: World) -> None:
    world.put(scheduled())
    world.settle()
    assert dates(world) == ["11:00"]
    world.pass_time(2 * 3600)
    assert dates(world) == ["11:00", "12:00", "13:00"]


def test_airflow_2_names_a_run_after_its_logical_date(world: World) -> None:
    world.put(scheduled(dialect=Dialect.AIRFLOW2, dialect_source="folder"))
    world.settle()
    assert world.all_runs()[0].run_id == "scheduled__2026-01-05T11:00:00+00:00"


def test_the_next_run_is_written_down_for_people_to_see(world: World) -> None:
    world.put(scheduled())
    world.settle()
    row = world.dag_row()
    assert (row.next_logical_date, row.next_run_after) == (T0, T0 + dt.timedelta(hours=1))


def test_a_run_begins_at_its_moment_and_not_before(world: World) -> None:
    world.put(scheduled(hours_ago=-1))
    world.pass_time(2 * 3600 - 1)
    assert world.all_runs() == []
    world.pass_time(1)
    assert dates(world) == ["13:00"]


def test_a_paused_dag_makes_no_runs_and_unpaused_only_the_newest(world: World) -> None:
    world.put(scheduled(), paused=True)
    world.pass_time(5 * 3600)
    assert world.all_runs() == []
    operations.unpause(world.store, "d", who="test")
    world.settle()
    assert dates(world) == ["16:00"]


def test_a_symbolic_start_date_is_seen_as_of_now(world: World) -> None:
    start = Moment(truncate="day", offset_s=-86400.0)
    world.put(dag(empty("a"), schedule=hourly(crons=("0 0 * * *",)), start_date=start, catchup=True), paused=True)
    world.pass_time(40 * 86400)
    operations.unpause(world.store, "d", who="test")
    world.settle()
    assert [run.logical_date for run in world.all_runs()] == [dt.datetime(2026, 2, 13, tzinfo=dt.UTC)]


def test_no_more_runs_are_active_than_allowed_and_the_rest_follow(world: World) -> None:
    world.put(
        dag(task("a"), schedule=hourly(), start_date=at(T0 - dt.timedelta(hours=5)), catchup=True, max_active_runs=2)
    )
    world.settle()
    assert dates(world) == ["07:00", "08:00"]
    world.finish("a", run_id=world.all_runs()[0].run_id)
    assert dates(world) == ["07:00", "08:00", "09:00"]
    while world.queued():
        world.finish("a")
    assert dates(world) == ["07:00", "08:00", "09:00", "10:00", "11:00"]


def test_runs_by_hand_wait_in_line_with_the_others(world: World) -> None:
    world.put(dag(task("a"), max_active_runs=1))
    for name in ("one", "two"):
        operations.trigger(world.store, "d", run_id=name, who="test")
        world.clock.advance(1)
    world.settle()
    assert [run.state.value for run in world.all_runs()] == ["running", "queued"]
    world.finish("a")
    assert [run.state.value for run in world.all_runs()] == ["success", "running"]


def test_once_is_once(world: World) -> None:
    world.put(scheduled(schedule=Schedule(kind="once", timetable="OnceTimetable")))
    world.settle()
    world.pass_time(86400)
    world.put(scheduled(schedule=Schedule(kind="once", timetable="OnceTimetable")), version="2")
    world.settle()
    assert len(world.all_runs()) == 1


def test_continuous_runs_follow_each_other_one_at_a_time(world: World) -> None:
    schedule = Schedule(kind="continuous", timetable="ContinuousTimetable")
    world.put(dag(task("a"), schedule=schedule, start_date=at(T0 - dt.timedelta(hours=1))))
    world.settle()
    assert len(world.all_runs()) == 1
    world.clock.advance(10)
    world.finish("a")
    assert [run.state.value for run in world.all_runs()] == ["success", "running"]


def test_after_the_end_date_there_are_no_runs(world: World) -> None:
    world.put(scheduled(catchup=True, end_date=at(T0 - dt.timedelta(hours=2))))
    world.settle()
    world.pass_time(86400)
    assert dates(world) == ["09:00", "10:00"]


def test_a_date_for_which_somebody_has_made_a_run_is_not_run_twice(world: World) -> None:
    world.put(scheduled(catchup=True), paused=True)
    operations.trigger(world.store, "d", logical_date=T0 - dt.timedelta(hours=2), who="test")
    operations.unpause(world.store, "d", who="test")
    world.settle()
    assert sorted(dates(world)) == ["09:00", "10:00", "11:00"]


def test_a_new_schedule_counts_from_the_last_run(world: World) -> None:
    world.put(scheduled())
    world.settle()
    world.put(scheduled(schedule=hourly(crons=("*/30 * * * *",))), version="2")
    world.settle()
    assert world.dag_row().next_run_after == T0 + dt.timedelta(minutes=30)


def test_a_schedule_that_cannot_be_followed_harms_no_other_dag(world: World) -> None:
    world.put(scheduled(schedule=hourly(crons=("0 0 31 2 *",))))
    world.put(scheduled(dag_id="good"))
    world.settle()
    assert world.all_runs() == []
    assert len(world.all_runs("good")) == 1


def test_a_removed_dag_makes_no_runs(world: World) -> None:
    world.put(scheduled())
    world.settle()
    world.deactivate("d")
    world.pass_time(5 * 3600)
    assert len(world.all_runs()) == 1


class TestLongCatchUp:
    """A long catch-up that may be no more than a default waits for a person's word (decision 5)."""

    def held(self, world: World, *, hours_ago: int = 24, **more: Any) -> bool:
        more = {"dialect": Dialect.AIRFLOW2, "dialect_source": "default", "catchup": True, **more}
        world.put(scheduled(hours_ago=hours_ago, **more))
        world.settle()
        return bool(world.dag_row().hold_reason)

    def test_it_is_held_and_told(self, world: World) -> None:
        assert self.held(world)
        assert world.all_runs() == []
        with world.store.reading() as tx:
            (told,) = events.after(tx, 0, kinds=[events.DAG_HELD])
        assert "more than 10 runs" in str(told.data["reason"])

    @pytest.mark.parametrize(
        ("why", "more"),
        [
            ("the folder names its dialect", {"dialect_source": "folder"}),
            ("the file itself shows its dialect", {"dialect_source": "file"}),
            ("Airflow 3 does not catch up by default, so the author asked for it", {"dialect": Dialect.AIRFLOW3}),
            ("ten runs are no long catch-up", {"hours_ago": 10}),
        ],
    )
    def test_it_is_not_held_when(self, world: World, why: str, more: dict[str, Any]) -> None:
        assert not self.held(world, **more)
        assert len(world.all_runs()) >= 10

    def test_released_it_goes_on_to_its_end_over_a_restart(self, world: World) -> None:
        assert self.held(world, max_active_runs=3)
        operations.release(world.store, "d", who="test")
        world.settle()
        world.restart()
        world.settle()
        assert len(world.all_runs()) == 24
        assert world.dag_row().hold_reason is None

    def test_a_run_by_hand_is_no_catch_up(self, world: World) -> None:
        assert self.held(world)
        world.trigger()
        assert world.run_state() == "success"


def latest_only(task_id: str, *upstream: str) -> Any:
    path = "airflow.providers.standard.operators.latest_only.LatestOnlyOperator"
    return task(task_id, *upstream, operator="LatestOnlyOperator", operator_path=path)


def test_latest_only_skips_what_is_right_below_it_in_older_runs(world: World) -> None:
    members = [
        latest_only("latest"),
        empty("only", "latest"),
        empty("any", "only", trigger_rule="all_done"),
        empty("free"),
    ]
    world.put(dag(*members, schedule=hourly(), start_date=at(T0 - dt.timedelta(hours=2, minutes=-1)), catchup=True))
    world.clock.advance(3601)
    world.settle()
    older, newest = world.all_runs()
    assert world.states(older.run_id)["only"] == "skipped"
    assert world.states(older.run_id)["any"] == "success"
    assert world.states(newest.run_id)["only"] == "success"


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_run_that_begins_at_the_very_moment_when_it_is_due_is_the_latest(world: World, dialect: Dialect) -> None:
    members = [latest_only("latest"), empty("only", "latest")]
    world.put(dag(*members, schedule=hourly(), start_date=at(T0 - dt.timedelta(hours=1)), dialect=dialect))
    world.clock.advance((T0.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1) - T0).total_seconds())
    world.settle()
    newest = world.all_runs()[-1]
    assert newest.run_after == world.clock.now()
    assert world.states(newest.run_id)["only"] == "success"


def test_latest_only_lets_runs_by_hand_pass(world: World) -> None:
    world.put(dag(latest_only("latest"), empty("only", "latest")))
    world.trigger(logical_date=T0 - dt.timedelta(days=9))
    assert world.states() == {"latest": "success", "only": "success"}


def test_a_run_that_waited_for_one_that_a_person_ends_is_made_at_once(world: World) -> None:
    spec = dag(task("a"), schedule=hourly(), start_date=at(T0 - dt.timedelta(hours=3)), catchup=True, max_active_runs=1)
    world.put(spec)
    world.settle()
    assert dates(world) == ["09:00"]
    world.mark_run(RunState.SUCCESS)
    world.settle()
    assert dates(world) == ["09:00", "10:00"]
