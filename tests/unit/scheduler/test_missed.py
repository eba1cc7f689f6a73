"""Which runs were due and have not begun: while nobody was scheduling, and where a DAG had no room for them."""

from __future__ import annotations

import datetime as dt

from goflow.domain.spec import DagSpec, Dialect, FileFormat, Schedule
from goflow.scheduler import missed
from goflow.store import dags
from tests.unit.scheduler.kit import T0, World, at, dag, empty, hourly, task

HOUR = dt.timedelta(hours=1)
EVERY_10_MINUTES = Schedule(kind="delta", timetable="DeltaDataIntervalTimetable", every_s=600.0, interval=True)


def hourly_dag(dag_id: str = "d", **more) -> DagSpec:
    more.setdefault("schedule", hourly())
    return dag(empty("a"), dag_id=dag_id, start_date=at(T0 - 48 * HOUR), **more)


def in_gap(world: World, since: dt.datetime, grace_s: float = 60.0) -> dict[str, list[str]]:
    """What was missed from SINCE until now."""
    with world.store.reading() as tx:
        found = list(missed.in_gap(tx, since, world.clock.now(), grace_s))
    return {one.dag_id: [point.strftime("%H:%M") for point in one.points] for one in found}


def away(world: World, hours: float) -> dt.datetime:
    """Nobody schedules for so long; since when."""
    since = world.clock.now()
    world.clock.advance(hours * 3600)
    world.restart()
    return since


def test_what_was_due_while_nobody_scheduled_was_missed(world: World) -> None:
    world.put(hourly_dag())
    world.settle()
    since = away(world, 3.5)  # it is 15:30
    assert in_gap(world, since) == {"d": ["13:00", "14:00", "15:00"]}


def test_it_is_the_same_before_and_after_the_runs_that_are_made_at_the_return(world: World) -> None:
    for catchup in (True, False):
        world.put(hourly_dag(f"catchup_{catchup}", catchup=catchup))
    world.settle()
    since = away(world, 3.5)
    before = in_gap(world, since)
    world.settle()
    made = [run for catchup in before for run in world.all_runs(catchup) if run.run_after > T0]
    assert len(made) == 3 + 1
    assert in_gap(world, since) == before
    assert before == {"catchup_True": ["13:00", "14:00", "15:00"], "catchup_False": ["13:00", "14:00", "15:00"]}


def test_a_run_that_began_in_time_was_not_missed(world: World) -> None:
    world.put(hourly_dag())
    world.settle()
    since = world.clock.now()
    world.pass_time(3600)  # it is scheduled, but nobody has written down that it was
    away(world, 0.5)
    assert in_gap(world, since) == {}


def test_what_is_due_for_less_than_the_grace_may_still_come(world: World) -> None:
    world.put(hourly_dag())
    world.settle()
    since = away(world, 1 + 59 / 3600)
    assert in_gap(world, since) == {}
    away(world, 2 / 3600)
    assert in_gap(world, since) == {"d": ["13:00"]}


def test_dags_that_were_not_to_run_have_missed_nothing(world: World) -> None:
    world.put(hourly_dag("paused"), paused=True)
    world.put(hourly_dag("by_hand", schedule=Schedule()))
    world.put(hourly_dag("without_end", schedule=Schedule(kind="continuous", timetable="ContinuousTimetable")))
    world.settle()
    since = away(world, 3)
    world.put(hourly_dag("new"))
    with world.store.transaction() as tx:
        dags.set_paused(tx, "paused", False, who="test")
    assert in_gap(world, since) == {}


def test_the_schedule_that_was_in_force_counts_and_not_the_one_that_came_with_the_return(world: World) -> None:
    world.put(hourly_dag())
    world.settle()
    since = away(world, 2.5)
    world.put(hourly_dag(schedule=EVERY_10_MINUTES), version="2")
    assert in_gap(world, since) == {"d": ["13:00", "14:00"]}


def test_airflow_2_and_start_dates(world: World) -> None:
    later = dag(empty("a"), dag_id="later", schedule=hourly(), start_date=at(T0 + HOUR), dialect=Dialect.AIRFLOW2)
    world.put(later)
    world.settle()
    since = away(world, 3.5)
    assert in_gap(world, since) == {"later": ["14:00", "15:00"]}


def overdue(world: World, since: dt.datetime) -> dict[str, str]:
    with world.store.reading() as tx:
        return {one.dag_id: one.why for one in missed.overdue(tx, world.clock.now(), since, 60.0)}


def test_a_dag_without_room_misses_its_next_run_and_says_why(world: World) -> None:
    world.put(dag(task("a"), schedule=hourly(), start_date=at(T0 - 2 * HOUR), max_active_runs=1))
    world.settle()
    assert overdue(world, T0) == {}
    world.pass_time(3600 + 59)
    assert overdue(world, T0) == {}
    world.pass_time(2)
    assert overdue(world, T0) == {"d": "It has 1 open runs, and may have no more than 1 (max_active_runs)."}
    assert overdue(world, world.clock.now()) == {}  # whoever schedules has only begun


def test_a_catch_up_that_goes_on_is_not_overdue(world: World) -> None:
    world.put(dag(task("a"), schedule=hourly(), start_date=at(T0 - 24 * HOUR), max_active_runs=1, catchup=True))
    world.settle()
    world.pass_time(600)
    assert overdue(world, T0) == {}


def test_of_what_kubernetes_begins_nothing_is_missed_by_the_scheduler(world: World) -> None:
    world.put(hourly_dag())
    watched = hourly_dag("cronjob.work.x", file_format=FileFormat.CRONJOB)
    world.put(watched)
    world.settle()
    since = away(world, 3.5)
    asked = missed.ByScheduler()
    with world.store.reading() as tx:
        assert [one.dag_id for one in asked.in_gap(tx, since, world.clock.now(), 60.0)] == ["d"]
        assert [one.dag_id for one in asked.overdue(tx, world.clock.now(), since, 60.0)] == ["d"]
