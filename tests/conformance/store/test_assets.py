"""Assets on both databases: where DAGs name them, what has happened, what is queued and taken in."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from goflow.domain.assets import AssetKey, Mention, NewAssetEvent
from goflow.domain.spec import DagSpec, Schedule, TaskSpec
from goflow.domain.state import RunType
from goflow.store import Store, assets, dags, runs, transitions
from goflow.store.recording import Recorded
from tests import stores

A, B = AssetKey("a", "s3://a"), AssetKey("b", "b")
LEAF: dict[str, Any] = {"$asset": {"name": "a", "uri": "s3://a", "group": "model"}}


def record(store: Store, spec: DagSpec) -> Recorded:
    """Put SPEC in force, not paused."""
    with store.transaction() as tx:
        return stores.record(tx, spec)


def waits(dag_id: str, *leaves: Any, tasks: tuple[TaskSpec, ...] = ()) -> DagSpec:
    """A DAG that waits for LEAVES."""
    schedule = Schedule(kind="assets", timetable="AssetTriggeredTimetable", condition={"all": list(leaves)})
    return DagSpec(dag_id=dag_id, tasks=tasks, schedule=schedule)


def test_an_asset_is_listed_with_who_makes_it_and_who_waits(store: Store) -> None:
    makes = TaskSpec(task_id="makes", operator="PythonOperator", outlets=(LEAF, {"$asset_alias": "called"}))
    reads = TaskSpec(task_id="reads", operator="PythonOperator", inlets=({"$asset": {"uri": "s3://a", "ref": "uri"}},))
    record(store, DagSpec(dag_id="d", tasks=(makes, reads)))
    record(store, waits("w", {"$asset": {"name": "a", "ref": "name"}}))
    with store.transaction() as tx:
        told = NewAssetEvent(asset=A, aliases=("called", "other"))
        transitions.register_asset_events(tx, [told, NewAssetEvent(asset=B)], who="me")
    with store.reading() as tx:
        first, second = assets.list_(tx)
        assert (first.name, first.uri, first.group, first.events) == ("a", "s3://a", "model", 1)
        assert first.producing_tasks == (("d", "makes"),)
        assert first.consuming_tasks == (("d", "reads"),)
        assert (first.scheduled_dags, first.aliases) == (("w",), ("called", "other"))
        assert (second.name, second.producing_tasks) == ("b", ())
        assert [one.name for one in assets.list_(tx, dag_id="d")] == ["a"]
        assert (assets.count(tx), assets.count(tx, search="3://"), assets.count(tx, dag_id="w")) == (2, 1, 1)
        assert assets.resolved(tx, Mention("alias", "called")) == [A]
        assert assets.resolved(tx, Mention("uri", uri="b")) == [B]
        assert assets.resolved(tx, Mention("name", name="x")) == []


def test_events_are_found_by_asset_alias_source_and_moment(store: Store) -> None:
    start = store.clock.now()
    with store.transaction() as tx:
        for number in range(3):
            told = NewAssetEvent(asset=A, extra={"n": number}, aliases=("called",) if number == 1 else ())
            transitions.register_asset_events(tx, [told], who="me")
        transitions.register_asset_events(tx, [NewAssetEvent(asset=B)], who="me")
    with store.reading() as tx:
        found = assets.events(tx, name="a", uri="s3://a")
        assert [event.extra["n"] for event in found] == [0, 1, 2]
        assert [event.extra["n"] for event in assets.events(tx, uri="s3://a", ascending=False, limit=2)] == [2, 1]
        assert [event.extra["n"] for event in assets.events(tx, alias="called")] == [1]
        assert assets.events(tx, name="a", before=start - dt.timedelta(seconds=1)) == []
        assert len(assets.events(tx, after=start)) == 4
        assert assets.events(tx, source={"dag_id": "d"}) == []
        assert assets.count_events(tx, name="a") == 3


def test_an_event_is_queued_once_and_only_for_dags_that_may_run(store: Store) -> None:
    for dag_id in ("waits", "paused", "gone"):
        record(store, waits(dag_id, LEAF))
    with store.transaction() as tx:
        dags.set_paused(tx, "paused", True, who="me")
        dags.deactivate(tx, ["gone"], who="me")
    for _ in range(2):
        with store.transaction() as tx:
            transitions.register_asset_events(tx, [NewAssetEvent(asset=A)], who="me")
    with store.reading() as tx:
        assert [len(assets.queued(tx, dag_id)) for dag_id in ("waits", "paused", "gone")] == [1, 0, 0]
        assert assets.queued(tx, "waits")[0].at == assets.events(tx)[0].timestamp


def test_what_a_run_has_taken_in_no_other_run_of_the_dag_takes_in(store: Store) -> None:
    recorded = record(store, waits("w", LEAF))
    with store.transaction() as tx:
        keys = transitions.register_asset_events(tx, [NewAssetEvent(asset=A), NewAssetEvent(asset=A)], who="me")
        now = tx.now()
        run = runs.create(
            tx,
            dag_id="w",
            run_id="r",
            run_type=RunType.ASSET_TRIGGERED,
            run_after=now,
            version_id=recorded.version.id,
            reading_id=recorded.reading_id,
            who="me",
        )
        assert assets.consumable(tx, "w", now, None, from_first_mention=False) == keys
        transitions.take_in(tx, run, keys[:1], [assets.queued(tx, "w")[0].asset_id])
        assert assets.consumable(tx, "w", now, None, from_first_mention=False) == keys[1:]
    with store.reading() as tx:
        assert [event.id for event in assets.consumed(tx, run)] == keys[:1]
        assert assets.runs_begun(tx, keys) == {keys[0]: [run.id]}
        assert assets.queued(tx, "w") == []
        assert assets.last_run_after(tx, "w", now + dt.timedelta(seconds=1)) == now


def test_many_tasks_that_tell_of_one_new_asset_at_once_are_all_heard(store: Store) -> None:
    record(store, waits("w", LEAF))
    line = threading.Barrier(4)

    def tell(number: int) -> None:
        line.wait(30)
        with store.transaction() as tx:
            told = [NewAssetEvent(asset=key, extra={"n": number}) for key in (A, B)]
            transitions.register_asset_events(tx, told, who="me")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(tell, range(4)))
    with store.reading() as tx:
        assert sorted(event.extra["n"] for event in assets.events(tx, name="a")) == [0, 1, 2, 3]
        assert (assets.count(tx), len(assets.queued(tx, "w"))) == (2, 1)


@pytest.mark.parametrize("key", [AssetKey("nobody", ""), AssetKey("", "knows://it")])
def test_a_reference_to_what_nobody_knows_makes_no_event(store: Store, key: AssetKey) -> None:
    with store.transaction() as tx:
        assert transitions.register_asset_events(tx, [NewAssetEvent(asset=key)], who="me") == []
