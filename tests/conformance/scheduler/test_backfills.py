"""Backfills on both databases: which runs they make, in what order these begin, and how they end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from goflow.domain.backfills import Backfill, BackfillOrder, Reprocess
from goflow.domain.errors import AlreadyExistsError, ConflictError
from goflow.domain.spec import Dialect
from goflow.domain.state import RunState, RunType
from goflow.scheduler import backfills as orders
from goflow.scheduler import operations
from goflow.store import backfills, events, runs
from tests.unit.scheduler.kit import FAILED, SUCCESS, T0, World, at, dag, empty, hourly, task

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    world = World(store_url)
    yield world
    world.store.close()


def order(*, hours: tuple[float, float] = (-5, -1), **more: Any) -> BackfillOrder:
    """From so many hours to so many hours from now."""
    return BackfillOrder(dag_id="d", from_date=T0 + HOUR * hours[0], to_date=T0 + HOUR * hours[1], **more)


def made(world: World, **more: Any) -> Backfill:
    backfill = orders.create(world.store, order(**more), who="test")
    world.settle()
    return backfill


def put(world: World, *members: Any, **more: Any) -> None:
    """An hourly DAG that begins only tomorrow by itself."""
    more = {"schedule": hourly(), "start_date": at(T0 + 24 * HOUR), **more}
    world.put(dag(*(members or (task("a"),)), **more))
    world.settle()


def dates_of(world: World, backfill: Backfill) -> list[tuple[str, str]]:
    """Hour and state of its runs, in its order; for dates without a run, why."""
    with world.store.reading() as tx:
        return [
            (f"{date.logical_date:%H}", state or str(date.exception_reason and date.exception_reason.value))
            for date, _, state in backfills.runs_of(tx, backfill.id)
        ]


def now(world: World, backfill: Backfill) -> Backfill:
    with world.store.reading() as tx:
        return backfills.get(tx, backfill.id)


def test_every_interval_that_is_over_gets_its_run_and_so_many_at_once_as_was_ordered(world: World) -> None:
    put(world, max_active_runs=1)
    operations.trigger(world.store, "d", run_id="by hand", who="test")
    backfill = made(world, hours=(-4, 5), max_active_runs=2, dag_run_conf={"n": 1})
    assert dates_of(world, backfill) == [("08", "running"), ("09", "running"), ("10", "queued")]
    assert world.run_state(run_id="by hand") == "running", "the DAG's own runs are counted by themselves"
    first = next(run for run in world.all_runs() if run.backfill_id)
    assert (first.run_id, first.run_type) == ("backfill__2026-01-05T09:00:00+00:00", RunType.BACKFILL)
    assert (first.conf, first.triggered_by) == ({"n": 1}, "backfill")
    assert (first.data_interval_start, first.data_interval_end) == (T0 - 4 * HOUR, T0 - 3 * HOUR)
    world.finish("a", run_id=first.run_id)
    assert dates_of(world, backfill) == [("08", "success"), ("09", "running"), ("10", "running")]
    assert now(world, backfill).completed_at is None
    world.pass_time(60)
    world.finish_all()
    assert now(world, backfill).completed_at == world.clock.now()
    with world.store.reading() as tx:
        told = events.after(tx, 0, kinds=[events.BACKFILL_CREATED, events.BACKFILL_COMPLETED])
        assert [(event.kind, event.data["id"]) for event in told] == [
            (events.BACKFILL_CREATED, backfill.id),
            (events.BACKFILL_COMPLETED, backfill.id),
        ]
        assert backfills.states(tx, backfill.id) == {
            **dict.fromkeys(("queued", "running", "failed", "skipped"), 0),
            "success": 3,
        }


def test_run_backwards_the_newest_begins_first_also_where_its_run_was_made_long_ago(world: World) -> None:
    put(world)
    operations.trigger(world.store, "d", run_id="old", logical_date=T0 - 3 * HOUR, who="test")
    world.settle()
    world.finish("a")
    backfill = made(world, run_backwards=True, max_active_runs=1, reprocess_behavior=Reprocess.COMPLETED)
    order_of_hours = ["10", "09", "08", "07"]
    assert [hour for hour, _ in dates_of(world, backfill)] == order_of_hours
    for done in range(4):
        assert [state for _, state in dates_of(world, backfill)] == ["success"] * done + ["running"] + ["queued"] * (
            3 - done
        )
        world.finish("a")
    assert now(world, backfill).completed_at is not None


@pytest.mark.parametrize(
    ("reprocess", "fates"),
    [
        (Reprocess.NONE, ["queued", "already exists", "already exists", "in flight"]),
        (Reprocess.FAILED, ["queued", "already exists", "queued", "in flight"]),
        (Reprocess.COMPLETED, ["queued", "queued", "queued", "in flight"]),
    ],
)
def test_runs_that_are_there_are_run_again_as_was_ordered(world: World, reprocess: Reprocess, fates: list[str]) -> None:
    put(world)
    for hour, outcome in ((-4, None), (-3, FAILED), (-2, "open")):
        made_run = operations.trigger(world.store, "d", conf={"own": hour}, logical_date=T0 + HOUR * hour, who="test")
        world.settle()
        if outcome == "open":
            continue
        world.finish("a", *([outcome] if outcome else []), run_id=made_run.run_id)
    world.put(dag(task("a"), task("b"), schedule=hourly(), start_date=at(T0 + 24 * HOUR)), version="2")
    before = world.all_runs()
    told = order(reprocess_behavior=reprocess, run_on_latest_version=reprocess is Reprocess.COMPLETED)
    would = [f"{info.logical_date:%H}" for info in orders.dry_run(world.store, told)]
    assert world.all_runs() == before, "a dry run writes nothing"
    backfill = orders.create(world.store, told, who="test")
    found = dates_of(world, backfill)
    assert found == list(zip(["07", "08", "09", "10"], fates, strict=True))
    assert would == [hour for hour, fate in found if fate == "queued"]
    with world.store.reading() as tx:
        taken = [event.data["id"] for event in events.after(tx, 0, kinds=[events.RUN_TAKEN_OVER])]
    for run in world.all_runs():
        again = run.backfill_id == backfill.id and run.run_id.startswith("manual")
        assert again == (run.id in taken)
        assert run.run_type == ("backfill" if run.backfill_id else "manual")
        if again:
            newest = world.dag_row().version_id == run.version_id
            assert newest == told.run_on_latest_version
            assert len(world.states(run.run_id)) == 1 + newest
            assert set(world.states(run.run_id).values()) == {"none"}
            assert run.conf == {"own": (run.logical_date - T0) / HOUR}, "it keeps its own configuration"


def test_paused_it_begins_nothing_and_goes_on_where_it_was(world: World) -> None:
    put(world)
    backfill = made(world, max_active_runs=1)
    assert orders.pause(world.store, backfill.id, who="test").is_paused
    world.finish("a")
    assert [state for _, state in dates_of(world, backfill)] == ["success", "queued", "queued", "queued"]
    world.restart()
    world.settle()
    assert world.queued() == []
    orders.unpause(world.store, backfill.id, who="test")
    world.settle()
    assert len(world.finish_all()) == 3
    with pytest.raises(ConflictError, match="over already"):
        orders.pause(world.store, backfill.id, who="test")


def test_cancelled_what_has_not_begun_fails_and_what_runs_goes_on(world: World) -> None:
    put(world)
    backfill = made(world, max_active_runs=1)
    cancelled = orders.cancel(world.store, backfill.id, who="test")
    assert (cancelled.completed_at, cancelled.is_paused) == (world.clock.now(), True)
    world.settle()
    assert [state for _, state in dates_of(world, backfill)] == ["running", "failed", "failed", "failed"]
    world.finish("a")
    assert [state for _, state in dates_of(world, backfill)] == ["success", "failed", "failed", "failed"]
    with pytest.raises(ConflictError):
        orders.cancel(world.store, backfill.id, who="test")
    failed = next(run for run in world.all_runs() if run.state is RunState.FAILED)
    world.clear(failed.run_id)
    assert world.run_state(run_id=failed.run_id) == "running", "a run of a backfill that is over may be cleared"


def test_there_is_one_at_a_time_and_all_dates_passed_over_end_it_at_once(world: World) -> None:
    put(world)
    first = made(world, hours=(-2, -1))
    with pytest.raises(AlreadyExistsError, match="running backfill"):
        orders.create(world.store, order(), who="test")
    world.finish_all()
    second = made(world, hours=(-2, -1))
    assert dates_of(world, second) == [("10", "already exists")]
    assert now(world, second).completed_at is not None
    assert now(world, first).completed_at is not None


def test_an_order_that_fails_halfway_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world)
    real, calls = orders.make_run, []

    def make_run(*given: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(orders, "make_run", make_run)
    with pytest.raises(KeyboardInterrupt):
        orders.create(world.store, order(), who="test")
    assert world.all_runs() == []
    with world.store.reading() as tx:
        assert backfills.list_(tx) == []
    assert len(dates_of(world, made(world))) == 4


def test_a_scheduler_that_is_killed_after_every_step_loses_none_and_runs_none_twice(world: World) -> None:
    put(world)
    backfill = made(world, hours=(-9, -1), max_active_runs=2)
    done: list[str] = []
    while world.queued():
        world.restart()
        done.append(world.queued_run())
        world.finish_unheard("a", FAILED if len(done) == 2 else SUCCESS)
        world.restart()
        world.settle()
        running = [state for _, state in dates_of(world, backfill)].count("running")
        assert running <= 2
    assert done == sorted(set(done))
    assert len(done) == 8
    assert now(world, backfill).completed_at is not None


def test_marking_its_last_run_ends_it(world: World) -> None:
    put(world)
    backfill = made(world, hours=(-2, -1))
    with world.store.reading() as tx:
        (_run,) = runs.list_(tx, "d")
    world.mark_run(RunState.FAILED)
    world.settle()
    assert now(world, backfill).completed_at is not None


def test_its_first_run_waits_for_no_past_and_the_others_do(world: World) -> None:
    put(world, task("a", depends_on_past=True))
    operations.trigger(world.store, "d", logical_date=T0 - 7 * HOUR, who="test")
    world.settle()
    world.finish("a", FAILED)
    backfill = made(world, reprocess_behavior=Reprocess.FAILED)
    assert [state for _, state in dates_of(world, backfill)] == ["running"] * 4
    begun = []
    while world.queued():
        assert len(world.queued()) == 1
        begun.append(world.queued_run())
        world.finish("a")
    assert begun == sorted(begun)
    assert len(begun) == 4


def test_a_dag_in_airflow_2s_dialect_names_its_runs_after_their_logical_dates(world: World) -> None:
    put(world, empty("a"), dialect=Dialect.AIRFLOW2, dialect_source="folder")
    backfill = made(world, hours=(-2, -1))
    assert [run.run_id for run in world.all_runs()] == ["backfill__2026-01-05T10:00:00+00:00"]
    assert dates_of(world, backfill) == [("10", "success")]
