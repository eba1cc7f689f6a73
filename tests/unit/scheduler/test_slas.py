"""SLAs of tasks in Airflow 2: looked at while a run of the DAG is running, each date told once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from goflow.domain.spec import Dialect
from goflow.store import callbacks, dags, deadlines, events
from tests.unit.scheduler.kit import SUCCESS, T0, World, at, dag, hourly, task

TWO = Dialect.AIRFLOW2


def put(world: World, sla_s: float, *, callback: bool = True, **more: Any) -> None:
    late = {"sla_miss_callback": {"$callable": "d:late"}} if callback else {}
    more.setdefault("dialect", TWO)
    more = {"schedule": hourly(), "max_active_runs": 1, **more}
    member = task("a", arguments={"sla": {"$timedelta": sla_s}, "email": "a@b.c"})
    spec = dag(member, task("b", "a"), start_date=at(T0), catchup=True, callbacks=late, **more)
    world.put(spec)
    world.settle()


def missed(world: World) -> list[tuple[str, float]]:
    """Task and logical date, in hours after `T0`, of each miss."""
    with world.store.reading() as tx:
        found = deadlines.newest_misses(tx, "d", 100)
    return sorted((row.task_id, (row.logical_date - T0).total_seconds() / 3600) for row in found)


def told(world: World) -> list[Any]:
    with world.store.reading() as tx:
        return [(event.task_id, event.data) for event in events.after(tx, 0, kinds=[events.SLA_MISSED])]


def asked_for(world: World) -> list[tuple[list[Any], list[Any]]]:
    """For each callback the dates that it is told of, and the tasks that were in the way."""
    with world.store.reading() as tx:
        found = [row for run in world.all_runs() for row in callbacks.of_run(tx, run.id) if row.kind == "sla_miss"]
    return [
        (
            [sla["logical_date"][11:16] for sla in row.data["slas"]],
            [(ti["task_id"], ti["state"]) for ti in row.data["blocking"]],
        )
        for row in found
    ]


def first_run_done(world: World) -> None:
    """The run of 12:00 to 13:00 is over at 13:00."""
    world.pass_time(3600)
    world.finish_all()


def test_a_date_is_missed_when_the_sla_has_gone_by_and_a_run_is_running(world: World) -> None:
    put(world, 600)
    first_run_done(world)
    world.pass_time(3600)  # the run of 13:00 begins at 14:00 and does not end
    assert missed(world) == []
    world.pass_time(600)
    assert missed(world) == [], "the moment itself is in time"
    world.pass_time(1)
    assert missed(world) == [("a", 2.0)], "Airflow passes over the date that comes next"
    assert told(world) == [("a", {"logical_date": "2026-01-05T14:00:00+00:00", "email": True})]
    assert asked_for(world) == [(["14:00"], [])]
    world.pass_time(3600)
    assert missed(world) == [("a", 2.0), ("a", 3.0)]
    assert [dates for dates, _ in asked_for(world)] == [["14:00"], ["15:00"]]


def test_a_task_that_was_never_done_has_missed_nothing_until_it_is(world: World) -> None:
    put(world, 600)
    world.pass_time(4 * 3600)
    assert missed(world) == []
    world.finish("a")  # of the run of 12:00, which goes on: b does not end
    world.settle()
    assert missed(world) == [("a", 2.0), ("a", 3.0)]
    world.pass_time(601)
    assert missed(world) == [("a", 2.0), ("a", 3.0), ("a", 4.0)]


def test_nobody_looks_while_nothing_of_the_dag_runs(world: World) -> None:
    put(world, 600)
    first_run_done(world)
    with world.store.transaction() as tx:
        dags.set_paused(tx, "d", True, who="test")
    world.settle()
    world.pass_time(3 * 3600)
    assert missed(world) == []
    with world.store.transaction() as tx:
        dags.set_paused(tx, "d", False, who="test")
    world.settle()
    world.pass_time(0)
    assert missed(world) == [("a", 2.0), ("a", 3.0)]


def test_what_has_begun_and_not_succeeded_is_in_the_way(world: World) -> None:
    put(world, 600, max_active_runs=2)
    first_run_done(world)
    world.pass_time(3600)
    run = world.trigger(logical_date=T0 + dt.timedelta(hours=2))
    world.start("a", run_id=run.run_id)
    world.pass_time(601)
    assert asked_for(world) == [(["14:00"], [("a", "running")])]


def test_without_a_callback_it_is_told_by_its_event_alone(world: World) -> None:
    put(world, 600, callback=False)
    first_run_done(world)
    world.pass_time(3600 + 601)
    assert (len(told(world)), asked_for(world)) == (1, [])


def test_airflow_3_and_dags_without_a_schedule_have_none(world: World) -> None:
    put(world, 600, dialect=Dialect.AIRFLOW3)
    first_run_done(world)
    world.pass_time(3 * 3600)
    assert missed(world) == []


def test_a_scheduler_that_begins_looks_at_once(world: World) -> None:
    put(world, 600)
    first_run_done(world)
    world.pass_time(3600)
    world.restart()
    world.clock.advance(601)
    world.settle()
    assert missed(world) == [("a", 2.0)]
    world.finish_all(lambda _name: SUCCESS)
    world.restart()
    world.settle()
    assert len(told(world)) == 1
