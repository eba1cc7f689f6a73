"""Runs that events of partitions begin, one for each key; and what else has keys: crons, orders, backfills."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.domain.assets import AssetKey, NewAssetEvent
from goflow.domain.backfills import BackfillOrder, Reprocess
from goflow.domain.errors import InvalidRequestError
from goflow.domain.runs import DagRun, Outcome
from goflow.domain.spec import Schedule
from goflow.domain.state import RunState, RunType, TaskState
from goflow.scheduler import backfills, operations
from goflow.store import assets, events, partitions, transitions
from goflow.store.asset_tables import partition_queue
from tests.unit.scheduler.kit import T0, World, at, dag, task

A, B = AssetKey("a", "s3://a"), AssetKey("b", "b")
LEAF_A, LEAF_B = {"$asset": {"name": "a", "uri": "s3://a"}}, {"$asset": {"name": "b", "uri": "b"}}
SECONDS = "%Y-%m-%dT%H:%M:%S"


def start_of(unit: str, writes: str, **more: Any) -> dict[str, Any]:
    """A mapper to the start of a period."""
    made = {"timezone": "UTC", "input_format": SECONDS, "output_format": writes, **more}
    return {"mapper": f"StartOf{unit}Mapper", **made}


DAY = start_of("Day", "%Y-%m-%d")
REGIONS = {
    "mapper": "RollupMapper",
    "upstream_mapper": {"mapper": "FixedKeyMapper", "downstream_key": "world"},
    "window": {"window": "SegmentWindow", "segments": ["eu", "us"]},
    "wait_policy": {"policy": "WaitForAll"},
}
WEEK_TO_DAYS = {
    "mapper": "FanOutMapper",
    "upstream_mapper": start_of("Week", "%Y-%m-%d (W%V)", input_format="%Y-%m-%d"),
    "window": {"window": "WeekWindow", "direction": "forward"},
    "downstream_mapper": DAY,
}


def by(condition: Any, default: Any = None, config: Any = ()) -> Schedule:
    """A schedule by partitions."""
    given = {"default_partition_mapper": default, "partition_mapper_config": [list(pair) for pair in config]}
    arguments = {name: value for name, value in given.items() if value}
    return Schedule(kind="assets", timetable="PartitionedAssetTimetable", condition=condition, arguments=arguments)


def consumer(condition: Any, *given: Any, **more: Any) -> Any:
    """A DAG that waits for partitions."""
    return dag(task("t"), dag_id="waits", schedule=by(condition, *given), **more)


def tell(world: World, key: AssetKey, partition: str | None, *, settle: bool = True) -> None:
    """Something happens to a partition a second later, told by nobody's task."""
    world.clock.advance(1)
    with world.store.transaction() as tx:
        transitions.register_asset_events(tx, [NewAssetEvent(asset=key, partition_key=partition)], who="test")
    if settle:
        world.settle()


def waiting(world: World) -> list[DagRun]:
    """The runs of the DAG that waits."""
    return world.all_runs("waits")


def keys(world: World) -> list[str | None]:
    """The keys of its runs."""
    return [run.partition_key for run in waiting(world)]


def pending(world: World) -> list[str]:
    """The keys for which something waits."""
    with world.store.reading() as tx:
        return [one.key for one in partitions.waiting(tx)]


def taken_in(world: World, run: DagRun) -> list[tuple[str, str | None]]:
    """The events of a run: asset and partition."""
    with world.store.reading() as tx:
        return [(event.asset.name, event.partition_key) for event in assets.consumed(tx, run)]


def test_a_run_begins_when_every_asset_has_the_key(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}))
    tell(world, A, "eu")
    tell(world, A, "us")
    tell(world, B, "asia")
    assert keys(world) == []
    assert pending(world) == ["eu", "us", "asia"]
    tell(world, B, "us")
    (run,) = waiting(world)
    assert (run.partition_key, run.partition_date, run.logical_date) == ("us", None, None)
    assert (run.run_type, run.run_after) == (RunType.ASSET_TRIGGERED, world.clock.now())
    assert run.run_id.startswith("asset_triggered__2026-01-05T12:00:04+00:00_")
    assert taken_in(world, run) == [("a", "us"), ("b", "us")]
    assert pending(world) == ["eu", "asia"]
    assert world.queued() == ["t"]


def test_any_of_them_is_enough_where_any_is_asked_for_and_a_later_one_begins_another_run(world: World) -> None:
    world.put(consumer({"any": [LEAF_A, LEAF_B]}))
    for asset in (A, B, A):
        tell(world, asset, "eu")
    assert keys(world) == ["eu", "eu", "eu"]
    assert pending(world) == []


def test_an_event_without_a_key_begins_no_run_by_partitions_and_one_with_a_key_no_other(world: World) -> None:
    world.put(consumer(LEAF_A))
    plain = Schedule(kind="assets", timetable="AssetTriggeredTimetable", condition=LEAF_A)
    world.put(dag(task("t"), dag_id="plain", schedule=plain))
    tell(world, A, None)
    assert (keys(world), len(world.all_runs("plain"))) == ([], 1)
    tell(world, A, "eu")
    assert (keys(world), len(world.all_runs("plain"))) == (["eu"], 1)


def test_keys_are_mapped_and_the_date_is_that_of_the_mapped_key(world: World) -> None:
    month = start_of("Month", "%Y-%m", timezone="Asia/Taipei")
    world.put(consumer({"all": [LEAF_A, LEAF_B]}, month))
    tell(world, A, "2026-01-31T16:00:00")
    tell(world, B, "2026-01-31T03:00:00")
    (run,) = waiting(world)
    assert run.partition_key == "2026-01"
    assert run.partition_date == dt.datetime(2025, 12, 31, 16, tzinfo=dt.UTC)
    assert taken_in(world, run) == [("a", "2026-01-31T16:00:00"), ("b", "2026-01-31T03:00:00")]


def test_each_asset_has_its_own_mapper(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}, None, [(LEAF_B, DAY)]))
    tell(world, A, "2026-01-05")
    tell(world, B, "2026-01-05T23:59:59")
    assert keys(world) == ["2026-01-05"]


def test_a_rollup_waits_for_every_key_of_its_window(world: World) -> None:
    world.put(consumer(LEAF_A, REGIONS))
    for region in ("eu", "mars", "eu"):
        tell(world, A, region)
    assert keys(world) == []
    tell(world, A, "us")
    (run,) = waiting(world)
    assert run.partition_key == "world"
    assert taken_in(world, run) == [("a", "eu"), ("a", "mars"), ("a", "eu"), ("a", "us")]
    tell(world, A, "us")
    assert (keys(world), pending(world)) == (["world"], ["world"])


@pytest.mark.parametrize(("least", "after"), [(1, 1), (-1, 1), (2, 2), (3, None), (-5, 1)])
def test_a_minimum_count_waits_for_as_many(world: World, least: int, after: int | None) -> None:
    world.put(consumer(LEAF_A, {**REGIONS, "wait_policy": {"policy": "MinimumCount", "n": least}}))
    seen = []
    for region in ("eu", "us"):
        tell(world, A, region)
        seen.append(len(keys(world)))
    assert seen == [int(after is not None and place >= after) for place in (1, 2)] or (after == 1 and seen == [1, 2])


def test_a_fan_out_makes_a_run_for_each_member_however_few_may_run(world: World) -> None:
    world.put(consumer(LEAF_A, WEEK_TO_DAYS, max_active_runs=2))
    tell(world, A, "2026-01-07")
    assert keys(world) == [f"2026-01-{day:02}" for day in range(5, 12)]
    assert [run.state for run in waiting(world)].count(RunState.RUNNING) == 2
    assert len({run.run_id for run in waiting(world)}) == 7


@pytest.mark.parametrize(
    ("mapper", "key", "said"),
    [
        ({"mapper": "AllowedKeyMapper", "allowed_keys": ["eu"]}, "us", "not among the allowed keys"),
        (DAY, "yesterday", "does not match format"),
        ({**WEEK_TO_DAYS, "max_downstream_keys": 6}, "2026-01-07", "becomes 7 keys, more than 6"),
        (start_of("Day", ""), "2026-01-07T00:00:00", "must not be empty"),
        (DAY, None, "has no partition key"),
    ],
    ids=["not allowed", "not read", "too many", "empty", "no key"],
)
def test_an_event_whose_key_cannot_be_mapped_begins_nothing_and_says_so(
    world: World, mapper: Any, key: str | None, said: str
) -> None:
    world.put(consumer(LEAF_A, mapper))
    tell(world, A, key)
    assert (keys(world), pending(world)) == ([], [])
    with world.store.reading() as tx:
        (told,) = events.after(tx, 0, kinds=[events.ASSET_EVENT])
    problems: Any = told.data["problems"]
    assert said in problems["waits"]
    assert told.data["queued"] == []


def test_the_run_of_a_partition_tells_of_it_and_its_date_goes_on_where_keys_stay_what_they_are(world: World) -> None:
    cron = {"timetable": "CronPartitionTimetable", "crons": ("0 * * * *",), "arguments": {"key_format": "%H o'clock"}}
    source = dag(task("makes", outlets=(LEAF_A,)), schedule=Schedule(kind="cron", **cron), start_date=at(T0))
    world.put(source)
    world.put(consumer(LEAF_A))
    world.settle()
    made = world.only_run()
    assert made.run_id.startswith("scheduled__2026-01-05T12:00:00+00:00__12-o-clock__")
    assert (made.partition_key, made.partition_date, made.logical_date) == ("12 o'clock", T0, None)
    world.finish("makes")
    (run,) = waiting(world)
    assert (run.partition_key, run.partition_date) == ("12 o'clock", T0)


def test_a_task_may_tell_of_other_partitions_but_not_by_an_alias(world: World) -> None:
    cron = {"timetable": "CronPartitionTimetable", "crons": ("0 * * * *",)}
    source = dag(task("makes", outlets=(LEAF_A, LEAF_B)), schedule=Schedule(kind="cron", **cron), start_date=at(T0))
    world.put(source)
    world.put(consumer({"any": [LEAF_A, LEAF_B]}))
    world.settle()
    told = (
        NewAssetEvent(asset=A, partition_key="x"),
        NewAssetEvent(asset=B, partition_key="y", aliases=("called",)),
    )
    world.finish("makes", Outcome(state=TaskState.SUCCESS, exit_code=0, asset_events=told))
    found = [(run.partition_key, run.partition_date) for run in waiting(world)]
    assert found == [("x", None), ("2026-01-05T12:00:00", T0)]


def test_dates_that_differ_make_none(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}, None, [(LEAF_A, DAY)]))
    other = start_of("Day", "%Y-%m-%d", timezone="Asia/Taipei")
    tell(world, A, "2026-01-05T10:00:00")
    tell(world, B, "2026-01-05")
    assert [run.partition_date for run in waiting(world)] == [dt.datetime(2026, 1, 5, tzinfo=dt.UTC)]
    world.put(consumer({"all": [LEAF_A, LEAF_B]}, other, [(LEAF_A, DAY)]), version="2")
    tell(world, A, "2026-01-06T10:00:00")
    tell(world, B, "2026-01-06T10:00:00")
    assert (keys(world)[-1], waiting(world)[-1].partition_date) == ("2026-01-06", None)


def test_what_other_mappers_have_made_is_forgotten_and_what_the_same_made_stays(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}))
    tell(world, A, "eu")
    world.put(consumer({"all": [LEAF_A, LEAF_B]}, max_active_runs=3), version="2")
    world.settle()
    assert pending(world) == ["eu"]
    world.put(consumer({"all": [LEAF_A, LEAF_B]}, {"mapper": "AllowedKeyMapper", "allowed_keys": ["eu"]}), version="3")
    world.settle()
    assert pending(world) == []
    tell(world, B, "eu")
    assert keys(world) == []


def test_what_the_old_mappers_made_while_the_new_version_came_is_forgotten_too(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}))
    tell(world, A, "eu")
    with world.store.transaction() as tx:
        (left,) = partitions.waiting(tx)
        row = {"dag_id": "waits", "asset_id": 1, "event_id": left.event_ids[0], "source_key": "eu", "created_date": T0}
        tx.insert(partition_queue, {**row, "partition_key": "us", "fingerprint": "of mappers that are no more"})
    tell(world, B, "us")
    assert (keys(world), pending(world)) == ([], ["eu"])


def test_while_the_dag_is_paused_nothing_waits_and_a_new_daemon_goes_on(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}))
    tell(world, A, "eu")
    operations.pause(world.store, "waits", who="test")
    tell(world, B, "eu")
    operations.unpause(world.store, "waits", who="test")
    world.settle()
    assert (keys(world), pending(world)) == ([], ["eu"])
    tell(world, B, "eu", settle=False)
    world.restart()
    world.settle()
    assert (keys(world), pending(world)) == (["eu"], [])


def test_a_cron_of_partitions_goes_on_from_its_latest_partition_once_for_each(world: World) -> None:
    hourly = Schedule(kind="cron", timetable="CronTriggerTimetable", crons=("0 * * * *",))
    world.put(dag(task("t"), schedule=hourly, start_date=at(T0)))
    world.settle()
    cron = Schedule(kind="cron", timetable="CronPartitionTimetable", crons=("0 * * * *",))
    world.put(dag(task("t"), schedule=cron, start_date=at(T0), max_active_runs=9), version="2")
    world.settle()
    world.pass_time(7200)
    world.restart()
    world.settle()
    found = [run.partition_key for run in world.all_runs() if run.partition_key]
    assert found == ["2026-01-05T12:00:00", "2026-01-05T13:00:00", "2026-01-05T14:00:00"]


ORDERED = [
    ("by cron", Schedule(kind="cron", timetable="CronPartitionTimetable", crons=("0 0 * * *",), timezone="Asia/Taipei"),
     "2026-01-05T00:00:00", dt.datetime(2026, 1, 4, 16, tzinfo=dt.UTC)),
    ("by assets", by(LEAF_A, DAY), "2026-01-05", dt.datetime(2026, 1, 5, tzinfo=dt.UTC)),
    ("keys as they are", by(LEAF_A), "eu", None),
    ("at run time", Schedule(kind="custom", timetable="PartitionedAtRuntime"), "eu", None),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "key", "date"), [one[1:] for one in ORDERED], ids=[one[0] for one in ORDERED])
def test_a_run_by_hand_may_be_for_a_key(world: World, schedule: Schedule, key: str, date: dt.datetime | None) -> None:
    world.put(dag(task("t"), schedule=schedule), paused=True)
    run = world.trigger(partition_key=key)
    assert (run.partition_key, run.partition_date, run.logical_date) == (key, date, T0)
    assert run.run_id.startswith("manual__2026-01-05T12:00:00+00:00")


@pytest.mark.parametrize(
    ("schedule", "key", "said"),
    [
        (None, "eu", "has no partitions"),
        (Schedule(kind="assets", timetable="AssetTriggeredTimetable", condition=LEAF_A), "eu", "has no partitions"),
        (by(LEAF_A), " ", "white space"),
        (by(LEAF_A), "x" * 251, "at most 250 characters"),
        (by(LEAF_A, DAY), "eu", "not one of this schedule"),
        (Schedule(kind="cron", timetable="CronPartitionTimetable", crons=("0 0 * * *",)), "eu", "not one of this"),
    ],
    ids=["by hand", "by assets", "blank", "long", "no day", "no tick"],
)
def test_a_key_that_is_none_is_refused(world: World, schedule: Schedule | None, key: str, said: str) -> None:
    world.put(dag(task("t"), **({} if schedule is None else {"schedule": schedule})))
    with pytest.raises(InvalidRequestError, match=said):
        world.trigger(partition_key=key)


def test_a_backfill_makes_a_run_for_each_partition_beside_those_that_are_there(world: World) -> None:
    cron = Schedule(kind="cron", timetable="CronPartitionTimetable", crons=("0 0 * * *",), timezone="Asia/Taipei")
    world.put(dag(task("t"), schedule=cron), paused=True)

    def order(reprocess: Reprocess) -> BackfillOrder:
        days = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 3)]
        return BackfillOrder(dag_id="d", from_date=days[0], to_date=days[1], reprocess_behavior=reprocess)

    assert [info.partition_key for info in backfills.dry_run(world.store, order(Reprocess.NONE))] == [
        f"2026-01-0{day}T00:00:00" for day in (1, 2, 3)
    ]
    made = backfills.create(world.store, order(Reprocess.NONE), who="test")
    found = [(run.run_type, run.partition_date, run.run_after) for run in world.all_runs()]
    dates = [dt.datetime(2026, 1, day, 16, tzinfo=dt.UTC) - dt.timedelta(days=1) for day in (1, 2, 3)]
    assert found == [(RunType.BACKFILL, date, date) for date in dates]
    backfills.cancel(world.store, made.id, who="test")
    again = backfills.create(world.store, order(Reprocess.FAILED), who="test")
    assert len(world.all_runs()) == 6
    assert again.id != made.id
