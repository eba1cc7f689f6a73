"""Partitions on both databases: what waits for keys, what goes, and runs by their partitions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from goflow.domain.assets import AssetKey, NewAssetEvent
from goflow.domain.partition_answers import KeyTold
from goflow.domain.runs import DagRun
from goflow.domain.spec import DagSpec, Schedule
from goflow.domain.state import RunState, RunType
from goflow.store import Store, Tx, assets, dags, partitions, questions, runs, transitions, triggers
from goflow.store.runs import OfPartitions
from tests import stores

A, B = AssetKey("a", "a"), AssetKey("b", "b")
LEAVES: list[Any] = [{"$asset": {"name": "a", "uri": "a"}}, {"$asset": {"name": "b", "uri": "b"}}]
DAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def waits(dag_id: str, **arguments: Any) -> DagSpec:
    """A DAG that waits for partitions of both."""
    made = {"timetable": "PartitionedAssetTimetable", "condition": {"all": LEAVES}, "arguments": arguments}
    return DagSpec(dag_id=dag_id, tasks=(), schedule=Schedule(kind="assets", **made))


def record(store: Store, spec: DagSpec, version: str = "1") -> None:
    """Put SPEC in force, not paused."""
    with store.transaction() as tx:
        stores.record(tx, spec, file_hash=version * 64)


def tell(tx: Tx, asset: AssetKey, key: str, date: dt.datetime | None = None) -> None:
    """An event of a run for KEY."""
    run = DagRun(
        id=0, dag_id="", run_id="", run_type=RunType.MANUAL, state=RunState.RUNNING, version_id=0, reading_id=0,
        logical_date=None, data_interval_start=None, data_interval_end=None, run_after=DAY,
        partition_key=key, partition_date=date,
    )  # fmt: skip
    transitions.register_asset_events(tx, [NewAssetEvent(asset=asset)], run=run, who="me")


def test_what_waits_is_kept_by_dag_and_key_until_it_is_taken(store: Store) -> None:
    record(store, waits("w"))
    record(store, waits("x", default_partition_mapper={"mapper": "FixedKeyMapper", "downstream_key": "all"}))
    with store.transaction() as tx:
        for asset, key, date in ((A, "eu", DAY), (B, "us", None), (B, "eu", DAY), (B, "eu", None)):
            tell(tx, asset, key, date)
    with store.reading() as tx:
        assert [(one.dag_id, one.key) for one in partitions.waiting(tx)] == [("w", "eu"), ("x", "all"), ("w", "us")]
        assert [one.key for one in partitions.waiting(tx, "w", limit=1, offset=1)] == ["us"]
        (eu,) = partitions.waiting(tx, "w", ["eu", "mars"])
        assert (eu.there, eu.event_ids, eu.carried) == ({A: {"eu"}, B: {"eu"}}, [1, 3, 4], DAY)
        assert partitions.waiting(tx, "w", []) == []
        assert (partitions.count_waiting(tx), partitions.count_waiting(tx, "w")) == (3, 2)
    with store.transaction() as tx:
        tell(tx, A, "eu")
        transitions.take_partition(tx, [eu])
        (left,) = partitions.waiting(tx, "w", ["eu"])
        assert left.event_ids == [5]


def test_what_other_mappers_made_goes_with_the_version_that_brings_them(store: Store) -> None:
    record(store, waits("w"))
    with store.transaction() as tx:
        tell(tx, A, "eu")
    record(store, DagSpec(dag_id="w", tasks=(), description="x", schedule=waits("w").schedule), "2")
    with store.reading() as tx:
        assert partitions.count_waiting(tx) == 1
    record(store, waits("w", default_partition_mapper={"mapper": "AllowedKeyMapper", "allowed_keys": ["eu"]}), "3")
    with store.transaction() as tx:
        assert partitions.count_waiting(tx) == 0
        tell(tx, A, "eu")
        tell(tx, A, "us")
        assert partitions.count_waiting(tx) == 1
        *_, last = assets.events(tx)
        assert last.problems == {"w": "key 'us' of a cannot be mapped: 'us' is not among the allowed keys"}
    record(store, DagSpec(dag_id="w", tasks=()), "4")
    with store.reading() as tx:
        assert partitions.count_waiting(tx) == 0


def test_runs_are_found_by_their_partitions(store: Store) -> None:
    record(store, DagSpec(dag_id="d", tasks=()))

    def make(tx: Tx, key: str | None, days: int | None, **more: Any) -> DagRun:
        row = dags.get(tx, "d")
        date = None if days is None else DAY + dt.timedelta(days=days)
        return runs.create(
            tx, dag_id="d", run_id=f"{key} {days}", run_type=RunType.SCHEDULED, run_after=DAY, who="me",
            version_id=row.version_id, reading_id=row.reading_id, partition_key=key, partition_date=date, **more,
        )  # fmt: skip

    with store.transaction() as tx:
        make(tx, None, None, logical_date=DAY)
        make(tx, "Eu_1", None)
        later, sooner = make(tx, "eu-2", 2), make(tx, "100%", 1)

        def found(**asked: Any) -> list[str | None]:
            listed = [run.partition_key for run in runs.list_(tx, "d", partitions=OfPartitions(**asked))]
            assert runs.count(tx, "d", partitions=OfPartitions(**asked)) == len(listed)
            return sorted(listed, key=str)

        assert found(contains="eu") == ["Eu_1", "eu-2"]
        assert found(contains="_") == ["Eu_1"]
        assert (found(prefix="eu"), found(prefix="100%"), found(key="Eu_1")) == (["eu-2"], ["100%"], ["Eu_1"])
        assert found(since=DAY + dt.timedelta(days=1), before=DAY + dt.timedelta(days=2)) == ["100%"]
        assert found(until=DAY + dt.timedelta(days=2)) == ["100%", "eu-2"]
        assert runs.newest_partition(tx, "d", [RunType.SCHEDULED]) == later
        assert runs.newest_partition(tx, "d", [RunType.BACKFILL]) is None
        assert runs.of_partition(tx, "d", DAY + dt.timedelta(days=1)) == sooner
        runs.clear_partition(tx, later, who="test")
        assert runs.newest_partition(tx, "d", [RunType.SCHEDULED]) == sooner
        assert runs.get(tx, later.id).partition_date is None


def test_what_a_mapper_of_the_authors_own_tells_is_kept_with_the_event_and_the_question_goes(store: Store) -> None:
    record(store, waits("w", default_partition_mapper={"own": "theirs.Region"}))
    with store.transaction() as tx:
        tell(tx, A, "EU", DAY)
        tell(tx, B, "Asia")
        assert (partitions.count_waiting(tx), questions.count_open(tx)) == (0, 2)
        triggers.add_runner(tx, "r", capacity=1, ttl_s=5)
        transitions.claim_questions(tx, "r", 10)
        first, second = questions.held_by(tx, "r")
    store.clock.advance(61)  # type: ignore[attr-defined]
    with store.reading() as tx:
        assert [one.subject for one in questions.problems(tx, "w")] == [first.subject]
    about = {"date": DAY.isoformat(), "expected": ["EU", "Eu"], "policy": {"policy": "MinimumCount", "n": 1}}
    told = {"count": 2, "most": None, "keys": [["eu", about], ["all", {}]], "carried": DAY.isoformat()}
    with store.transaction() as tx:
        assert transitions.store_answer(tx, first.id, first.epoch, told=told, who="helper") is not None
        assert (
            transitions.store_answer(tx, second.id, second.epoch, problem="KeyError: 'Asia'", who="helper") is not None
        )
    with store.reading() as tx:
        assert questions.count_open(tx) == 0
        assert (questions.find(tx, first.id), questions.problems(tx, "w")) == (None, [])
        eu, everything = partitions.waiting(tx)
        assert [event.problems for event in assets.events(tx) if event.problems] == [{"w": "KeyError: 'Asia'"}]
    assert (eu.key, eu.there, eu.carried, everything.told) == ("eu", {A: {"EU"}}, DAY, {A: KeyTold()})
    expected = KeyTold(date=DAY, expected=frozenset({"EU", "Eu"}), policy=eu.told[A].policy)
    assert eu.told == {A: expected}
    assert expected.policy is not None
    assert expected.policy.least == 1
