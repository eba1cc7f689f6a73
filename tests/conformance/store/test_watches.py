"""Watches of assets on both databases: which assets are watched, who has which, what their triggers tell."""

from __future__ import annotations

import dataclasses
from typing import Any

from goflow.domain.assets import AssetKey
from goflow.domain.clock import VirtualClock
from goflow.domain.spec import DagSpec, Schedule
from goflow.store import Store, assets, dags, transitions, triggers, watches
from goflow.triggers import desk
from goflow.triggers.watching import Held
from tests import stores

A = {"$asset": {"name": "a", "uri": "s3://a", "watched": True}}
B = {"$asset": {"name": "b", "uri": "b", "watched": True}}
QUIET = {"$asset": {"name": "c", "uri": "c"}}


def put(store: Store, dag_id: str, *leaves: Any, version: str = "a") -> None:
    """A DAG, not paused, that waits for LEAVES."""
    schedule = Schedule(kind="assets", timetable="AssetTriggeredTimetable", condition={"any": list(leaves)})
    with store.transaction() as tx:
        stores.record(tx, DagSpec(dag_id=dag_id, schedule=schedule), file_hash=version * 64)


def reconcile(store: Store) -> int:
    with store.transaction() as tx:
        return transitions.reconcile_watches(tx, who="test")


def known(store: Store) -> list[watches.Watch]:
    with store.reading() as tx:
        return watches.all_(tx)


def sync(store: Store, runner: str, **held: Held) -> desk.Orders:
    """A runner asks; HELD: ``w1`` is what it has of watch 1."""
    words = {int(name[1:]): word for name, word in held.items()}
    return desk.sync(store, runner, process=f"{runner}:1", capacity=9, held=(), watches_held=words)


def fire(store: Store, watch_id: int, key: str, payload: Any, told_as: str) -> int:
    with store.transaction() as tx:
        return len(transitions.fire_watcher(tx, watch_id, key, payload, told_as=told_as, who="test"))


def happened(store: Store) -> list[tuple[str, Any]]:
    with store.reading() as tx:
        return [(event.asset.name, event.extra) for event in assets.events(tx)]


def test_assets_with_watchers_are_watched_while_a_dag_waits_for_them_that_is_not_paused(store: Store) -> None:
    put(store, "d", A, QUIET)
    put(store, "e", A, B)
    assert reconcile(store) == 2
    assert reconcile(store) == 0
    assert [(one.asset, one.dag_id) for one in known(store)] == [
        (AssetKey("a", "s3://a"), "e"),
        (AssetKey("b", "b"), "e"),
    ]
    with store.transaction() as tx:
        dags.set_paused(tx, "e", True, who="me")
    assert reconcile(store) == 2
    assert [(one.asset.name, one.dag_id) for one in known(store)] == [("a", "d")]
    with store.transaction() as tx:
        dags.deactivate(tx, ["d"], who="me")
    reconcile(store)
    assert known(store) == []


def test_a_new_version_begins_its_watches_anew(store: Store) -> None:
    put(store, "d", A)
    reconcile(store)
    (first,) = sync(store, "r").watch.start
    sync(store, "r", w1=Held(first.epoch, {"k": "w"}))
    put(store, "d", A, B, version="b")
    assert reconcile(store) == 2
    orders = sync(store, "r", w1=Held(first.epoch, {"k": "w"}))
    assert (orders.watch.leave, [one.asset.name for one in orders.watch.start]) == ([1], ["a", "b"])
    assert orders.watch.start[0].epoch > first.epoch
    assert known(store)[0].watchers is None


def test_a_trigger_that_two_assets_share_runs_once_and_what_it_sees_happens_to_both(store: Store) -> None:
    put(store, "d", A, B)
    reconcile(store)
    first, second = sync(store, "r").watch.start
    held = {"w1": Held(first.epoch, {"same": "w", "own": "x"}), "w2": Held(second.epoch, {"same": "w"})}
    assert sync(store, "r", **held).watch.run == {1: ["own", "same"], 2: []}
    assert fire(store, 1, "same", {"n": 1}, "word") == 2
    assert fire(store, 1, "own", None, "another") == 1
    payload = {"from_trigger": True, "payload": {"n": 1}}
    assert happened(store) == [("a", payload), ("b", payload), ("a", {"from_trigger": True, "payload": None})]


def test_what_is_told_twice_happens_once_and_counts_whoever_has_the_watch_by_then(store: Store) -> None:
    put(store, "d", A)
    reconcile(store)
    (first,) = sync(store, "r").watch.start
    sync(store, "r", w1=Held(first.epoch, {"k": "w"}))
    with store.transaction() as tx:
        triggers.drop_runner(tx, "r")
    (taken,) = sync(store, "other").watch.start
    assert (taken.id, taken.epoch) == (first.id, first.epoch + 1)
    assert [fire(store, 1, "k", 1, "word"), fire(store, 1, "k", 1, "word")] == [1, 0]
    assert len(happened(store)) == 1
    late = sync(store, "r", w1=Held(first.epoch, {"k": "w"}))
    assert (late.watch.leave, late.watch.start) == ([1], [])


def test_what_is_told_of_an_asset_that_is_watched_no_more_is_passed_over(store: Store) -> None:
    put(store, "d", A)
    reconcile(store)
    with store.transaction() as tx:
        dags.set_paused(tx, "d", True, who="me")
    reconcile(store)
    assert fire(store, 1, "k", 1, "word") == 0


def test_runners_share_the_watches_evenly(store: Store) -> None:
    put(store, "d", A, B)
    reconcile(store)
    with store.transaction() as tx:
        for runner in ("r", "s"):
            triggers.add_runner(tx, runner, capacity=9, ttl_s=30)
    assert [len(sync(store, runner).watch.start) for runner in ("r", "s")] == [1, 1]
    assert {one.runner_id for one in known(store)} == {"r", "s"}


def test_why_a_file_cannot_tell_its_watchers_is_kept(store: Store) -> None:
    put(store, "d", A)
    reconcile(store)
    (first,) = sync(store, "r").watch.start
    sync(store, "r", w1=Held(first.epoch, None, "ImportError: no module"))
    assert [one.trouble for one in known(store)] == ["ImportError: no module"]
    assert dataclasses.replace(known(store)[0], trouble=None).watchers is None


def test_a_runner_that_comes_later_gets_its_share(store: Store, clock: VirtualClock) -> None:
    put(store, "d", *({"$asset": {"name": name, "uri": name, "watched": True}} for name in "abcd"))
    reconcile(store)
    held = {f"w{one.id}": Held(one.epoch, {f"k{one.id}": "w"}) for one in sync(store, "r").watch.start}
    sync(store, "other")
    clock.advance(6)
    orders = sync(store, "r", **held)
    assert (orders.watch.leave, sorted(orders.watch.run or {})) == ([3, 4], [1, 2])
    taken = sync(store, "other").watch.start
    assert [(one.id, one.epoch, one.watchers) for one in taken] == [(3, 2, {"k3": "w"}), (4, 2, {"k4": "w"})]


def test_a_word_that_changes_nothing_reads_the_watches_once(store: Store, monkeypatch) -> None:
    put(store, "d", A, B)
    reconcile(store)
    held = {f"w{one.id}": Held(one.epoch, {}) for one in sync(store, "r").watch.start}
    sync(store, "r", **held)
    reads = []
    all_ = watches.all_
    monkeypatch.setattr(watches, "all_", lambda tx: reads.append(1) or all_(tx))
    sync(store, "r", **held)
    assert len(reads) == 1
