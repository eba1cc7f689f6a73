"""Runs that events of assets begin: conditions, what a run takes in, pauses, limits, restarts; both dialects."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.domain.assets import AssetKey, NewAssetEvent
from goflow.domain.runs import DagRun, Outcome
from goflow.domain.spec import Dialect, Schedule
from goflow.domain.state import RunType, TaskState
from goflow.scheduler import operations
from goflow.store import assets, dags, transitions
from tests.unit.scheduler.kit import FAILED, T0, World, dag, empty, task

A, B = AssetKey("a", "s3://a"), AssetKey("b", "b")
LEAF_A, LEAF_B = {"$asset": {"name": "a", "uri": "s3://a"}}, {"$asset": {"name": "b", "uri": "b"}}
ALIAS: dict[str, Any] = {"$asset_alias": "called"}


def by(condition: Any, **more: Any) -> Schedule:
    """A schedule by assets."""
    return Schedule(kind="assets", timetable="AssetTriggeredTimetable", condition=condition, **more)


def consumer(condition: Any, **more: Any) -> Any:
    """A DAG that waits for assets."""
    return dag(task("t"), dag_id="waits", schedule=by(condition), **more)


def tell(world: World, *keys: AssetKey, aliases: tuple[str, ...] = (), **extra: Any) -> None:
    """Something happens to assets a second later, told by nobody's task."""
    world.clock.advance(1)
    with world.store.transaction() as tx:
        told = [NewAssetEvent(asset=key, extra=extra, aliases=aliases) for key in keys]
        transitions.register_asset_events(tx, told, who="test")
    world.settle()


def waiting(world: World) -> list[DagRun]:
    """The runs of the DAG that waits."""
    return world.all_runs("waits")


def taken_in(world: World, run: DagRun) -> list[tuple[str, Any]]:
    """The events of a run: asset and extra."""
    with world.store.reading() as tx:
        return [(event.asset.name, dict(event.extra)) for event in assets.consumed(tx, run)]


def test_a_task_with_an_outlet_begins_the_dag_that_waits_for_it(world: World) -> None:
    world.put(dag(task("makes", outlets=(LEAF_A,))))
    world.put(consumer({"all": [LEAF_A]}))
    made = world.trigger()
    told = (NewAssetEvent(asset=A, extra={"rows": 3}),)
    world.clock.advance(1)
    world.finish("makes", Outcome(state=TaskState.SUCCESS, exit_code=0, asset_events=told))
    (run,) = waiting(world)
    assert (run.run_type, run.logical_date, run.data_interval_start) == (RunType.ASSET_TRIGGERED, None, None)
    assert run.run_after == world.clock.now()
    assert run.run_id.startswith("asset_triggered__2026-01-05T12:00:01+00:00_")
    with world.store.reading() as tx:
        (event,) = assets.consumed(tx, run)
    assert (event.asset, event.extra, event.source_dag_id) == (A, {"rows": 3}, "d")
    assert (event.source_run_id, event.source_task_id, event.source_map_index) == (made.run_id, "makes", -1)
    assert world.queued() == ["t"]


def test_where_nobody_tells_of_outlets_those_of_the_file_have_happened(world: World) -> None:
    world.put(dag(task("makes", outlets=(LEAF_A, ALIAS, {"$asset": {"uri": "u", "ref": "uri"}}))))
    world.put(consumer({"all": [LEAF_A]}))
    world.trigger()
    world.clock.advance(1)
    world.finish("makes")
    assert taken_in(world, waiting(world)[0]) == [("a", {})]


@pytest.mark.parametrize("outcome", [FAILED, Outcome(state=TaskState.SKIPPED, exit_code=99)])
def test_a_task_that_does_not_succeed_makes_no_events(world: World, outcome: Outcome) -> None:
    world.put(dag(task("makes", outlets=(LEAF_A,))))
    world.put(consumer({"all": [LEAF_A]}))
    world.trigger()
    world.finish("makes", outcome)
    assert waiting(world) == []


CONDITIONS: list[tuple[str, Any, list[AssetKey], bool]] = [
    ("all of two, one has happened", {"all": [LEAF_A, LEAF_B]}, [A], False),
    ("all of two, both have", {"all": [LEAF_A, LEAF_B]}, [B, A], True),
    ("any of two, one has", {"any": [LEAF_A, LEAF_B]}, [B], True),
    ("one alone", LEAF_A, [A], True),
    ("nested", {"all": [LEAF_A, {"any": [LEAF_B, ALIAS]}]}, [A, B], True),
    ("by its name", {"all": [{"$asset": {"name": "a", "ref": "name"}}]}, [A], True),
    ("by its URI", {"all": [{"$asset": {"uri": "s3://a", "ref": "uri"}}]}, [A], True),
    ("by another's name", {"all": [{"$asset": {"name": "b", "ref": "name"}}]}, [A], False),
    ("an alias that nobody has told", {"all": [ALIAS]}, [A], False),
    ("an asset of the same name and another URI", {"all": [{"$asset": {"name": "a", "uri": "x"}}]}, [A], False),
]


@pytest.mark.parametrize(("condition", "told", "begins"), [case[1:] for case in CONDITIONS], ids=lambda case: None)
def test_conditions(world: World, condition: Any, told: list[AssetKey], begins: bool) -> None:
    world.put(consumer(condition))
    tell(world, *told)
    assert len(waiting(world)) == begins


def test_what_an_alias_stands_for_begins_the_dag_that_waits_for_the_alias_and_the_one_for_the_asset(
    world: World,
) -> None:
    world.put(consumer({"all": [ALIAS]}))
    world.put(dag(task("t"), dag_id="d", schedule=by({"all": [LEAF_A]})))
    tell(world, A, aliases=("called",))
    assert [len(world.all_runs(dag_id)) for dag_id in ("waits", "d")] == [1, 1]
    tell(world, A)
    assert [len(world.all_runs(dag_id)) for dag_id in ("waits", "d")] == [1, 2]


def test_under_airflow_2_an_alias_means_the_assets_that_it_has_stood_for(world: World) -> None:
    world.put(consumer({"all": [ALIAS]}, dialect=Dialect.AIRFLOW2))
    tell(world, A, aliases=("called",), by=1)
    world.clock.advance(60)
    tell(world, A, by=2)
    assert [taken_in(world, run) for run in waiting(world)] == [[("a", {"by": 1})], [("a", {"by": 2})]]


def test_a_run_takes_in_all_that_has_happened_since_the_last(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}))
    for number in (1, 2):
        tell(world, A, n=number)
        world.clock.advance(1)
    tell(world, B, n=3)
    world.clock.advance(3600)
    tell(world, A, n=4)
    tell(world, B, n=5)
    first, second = waiting(world)
    assert taken_in(world, first) == [("a", {"n": 1}), ("a", {"n": 2}), ("b", {"n": 3})]
    assert taken_in(world, second) == [("a", {"n": 4}), ("b", {"n": 5})]


def test_a_run_stands_for_the_newest_first_event_and_leaves_later_ones_to_the_next(world: World) -> None:
    """As Airflow queues an asset once, with the moment of its first event."""
    world.put(consumer({"all": [LEAF_A, LEAF_B]}), paused=False)
    tell(world, A, n=1)
    with world.store.transaction() as tx:
        transitions.register_asset_events(tx, [NewAssetEvent(asset=B, extra={"n": 2})], who="test")
        world.clock.advance(5)
        transitions.register_asset_events(tx, [NewAssetEvent(asset=A, extra={"n": 3})], who="test")
    world.settle()
    (first,) = waiting(world)
    moment = T0 + dt.timedelta(seconds=1)
    assert (first.run_after, taken_in(world, first)) == (moment, [("a", {"n": 1}), ("b", {"n": 2})])
    world.clock.advance(5)
    tell(world, A, n=4)
    assert len(waiting(world)) == 1
    tell(world, B, n=5)
    assert taken_in(world, waiting(world)[1]) == [("a", {"n": 3}), ("a", {"n": 4}), ("b", {"n": 5})]


def test_an_event_that_is_stored_late_is_taken_in_by_the_next_run(world: World) -> None:
    world.put(consumer({"all": [LEAF_A]}))
    world.clock.advance(60)
    tell(world, A, n=1)
    world.clock.advance(-30)
    tell(world, A, n=0)
    world.clock.advance(60)
    tell(world, A, n=2)
    assert [taken_in(world, run) for run in waiting(world)] == [[("a", {"n": n})] for n in (0, 1, 2)]


def test_a_paused_dag_is_not_begun_and_takes_in_later_what_came_meanwhile(world: World) -> None:
    world.put(consumer({"all": [LEAF_A]}), paused=True)
    tell(world, A, n=1)
    operations.unpause(world.store, "waits", who="test")
    world.settle()
    assert waiting(world) == []
    world.clock.advance(1)
    tell(world, A, n=2)
    assert taken_in(world, waiting(world)[0]) == [("a", {"n": 1}), ("a", {"n": 2})]


def test_what_was_queued_before_the_pause_begins_when_it_ends(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}))
    tell(world, A)
    operations.pause(world.store, "waits", who="test")
    world.settle()
    world.put(consumer({"any": [LEAF_A, LEAF_B]}), version="2")
    world.settle()
    assert waiting(world) == []
    operations.unpause(world.store, "waits", who="test")
    world.settle()
    assert len(waiting(world)) == 1


def test_no_more_runs_than_may_be_active(world: World) -> None:
    world.put(consumer({"all": [LEAF_A]}, max_active_runs=1))
    for number in (1, 2, 3):
        tell(world, A, n=number)
        world.clock.advance(1)
    assert [taken_in(world, run) for run in waiting(world)] == [[("a", {"n": 1})]]
    world.finish("t")
    assert [taken_in(world, run) for run in waiting(world)] == [[("a", {"n": 1})], [("a", {"n": 2})]]
    world.finish("t")
    assert len(waiting(world)) == 2
    tell(world, A, n=4)
    assert taken_in(world, waiting(world)[2]) == [("a", {"n": 3}), ("a", {"n": 4})]


def test_a_scheduler_that_begins_makes_what_was_due(world: World) -> None:
    world.put(consumer({"all": [LEAF_A]}))
    with world.store.transaction() as tx:
        transitions.register_asset_events(tx, [NewAssetEvent(asset=A)], who="test")
    world.restart()
    world.settle()
    world.restart()
    world.settle()
    assert len(waiting(world)) == 1


def test_without_catchup_a_first_run_takes_in_nothing_from_before_the_dag_waited(world: World) -> None:
    tell(world, A, n=0)
    world.clock.advance(60)
    world.put(consumer({"all": [LEAF_A]}))
    world.put(dag(task("t"), dag_id="d", schedule=by({"all": [LEAF_A]}), catchup=True))
    world.clock.advance(60)
    tell(world, A, n=1)
    assert taken_in(world, waiting(world)[0]) == [("a", {"n": 1})]
    assert taken_in(world, world.only_run()) == [("a", {"n": 0}), ("a", {"n": 1})]


def test_an_asset_that_the_schedule_names_no_more_is_forgotten(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}))
    tell(world, A)
    world.put(consumer({"all": [LEAF_B]}), version="2")
    world.put(consumer({"all": [LEAF_A, LEAF_B]}), version="3")
    tell(world, B)
    assert waiting(world) == []


def test_a_dag_that_is_gone_is_not_begun(world: World) -> None:
    world.put(consumer({"all": [LEAF_A]}))
    world.deactivate("waits")
    tell(world, A)
    with world.store.reading() as tx:
        assert dags.get(tx, "waits").is_active is False
        assert assets.queued(tx, "waits") == []


def test_under_airflow_2_a_run_has_the_moment_as_its_date_and_the_interval_of_what_made_it(world: World) -> None:
    world.put(dag(task("makes", outlets=(LEAF_A,)), dialect=Dialect.AIRFLOW2))
    world.put(consumer({"all": [LEAF_A]}, dialect=Dialect.AIRFLOW2))
    date = T0 - dt.timedelta(days=3)
    made = world.trigger(logical_date=date)
    world.clock.advance(5)
    world.finish("makes")
    (run,) = waiting(world)
    now = world.clock.now()
    assert (run.logical_date, run.run_id) == (now, f"dataset_triggered__{now.isoformat()}")
    assert (run.data_interval_start, run.data_interval_end) == (made.data_interval_start, made.data_interval_end)
    assert made.data_interval_start == date


def test_assets_or_time_begin_runs_by_both(world: World) -> None:
    hourly = Schedule(kind="cron", timetable="CronTriggerTimetable", crons=("0 * * * *",))
    both = Schedule(kind="asset_or_time", timetable="AssetOrTimeSchedule", condition=LEAF_A, time=hourly)
    world.put(dag(empty("t"), dag_id="waits", schedule=both))
    world.settle()
    world.pass_time(1800)
    tell(world, A)
    world.pass_time(1800)
    kinds = [run.run_type for run in waiting(world)]
    assert kinds == [RunType.SCHEDULED, RunType.ASSET_TRIGGERED, RunType.SCHEDULED]
