"""Versions, folders and events of assets that nothing needs any more, and what keeps them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from goflow.domain.assets import AssetKey, NewAssetEvent
from goflow.domain.canonical import digest_bytes
from goflow.store import Store, blobs, recording, runs, tables, transitions, unused, versions
from goflow.store.asset_tables import asset_events, asset_queue, partition_queue
from goflow.store.cleaning import Old
from goflow.store.deadline_tables import deadlines, sla_misses
from goflow.store.purge import Archive, purge_unused
from goflow.store.unused import Unused
from tests.conformance.store.test_cleaning import lines_of
from tests.stores import START, bash_dag, make_run, record

OLD = Old(before=START + dt.timedelta(days=1), keep=1)


def purged(store: Store, old: Old = OLD, archive: Archive | None = None) -> Unused:
    return purge_unused(store, old, archive, pause=lambda seconds: None)


def put(store: Store, number: int, *, shared: bytes = b"shared") -> recording.Recorded:
    """Version NUMBER of a DAG, with a folder of its own and a content that all folders have."""
    contents = [shared, f"own {number}".encode()]
    with store.transaction() as tx:
        blobs.put_contents(tx, contents)
        files = {f"{place}.py": (digest_bytes(content), len(content)) for place, content in enumerate(contents)}
        folder = blobs.manifest("/dags", files)
        blobs.put_folder(tx, folder)
        return record(tx, bash_dag("d"), file_hash=f"{number:064}", folder_digest=folder.digest)


def count(store: Store, table: Any) -> int:
    with store.reading() as tx:
        return int(tx.value(select(func.count()).select_from(table)))


def test_versions_that_no_run_has_go_with_their_folders_and_contents(store: Store, tmp_path: Path) -> None:
    for number in range(4):
        put(store, number)
    archive = Archive(tmp_path, "archive")
    assert purged(store, archive=archive) == Unused(versions=3, folders=4), "and the empty one that `record` has made"
    archive.close()
    with store.reading() as tx:
        assert [version.number for version in versions.list_(tx, "d")] == [4]
    assert (count(store, tables.folders), count(store, tables.blobs)) == (1, 2)
    told = lines_of(archive.path)
    assert [line["dag_version"]["number"] for line in told] == [1, 2, 3]
    assert all(json.loads(line["dag_readings"][0]["spec"])["dag_id"] == "d" for line in told)
    assert purged(store) == Unused()


def test_a_version_stays_for_its_run_and_one_that_is_in_force_or_young_stays(store: Store) -> None:
    with store.transaction() as tx:
        run = make_run(tx, bash_dag("d")).run
    put(store, 1)
    put(store, 2)
    put(store, 1)  # the file is again as it was
    young = replace(OLD, before=START - dt.timedelta(days=1))
    assert purged(store, young) == Unused()
    assert purged(store).versions == 0, "one has a run, one is in force, and one is the newest"
    put(store, 3)
    put(store, 1)
    assert purged(store).versions == 1
    with store.reading() as tx:
        kept = versions.list_(tx, "d")
        assert [version.number for version in kept] == [1, 2, 4]
        assert versions.get(tx, run.version_id).number == 1
        assert all(blobs.folder(tx, version.folder_digest).files is not None for version in kept)


def test_events_of_assets_stay_while_a_dag_waits_a_run_has_them_or_they_are_the_newest(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, bash_dag("d"))
        for name in ("a", "b"):
            event = NewAssetEvent(asset=AssetKey(name, f"x://{name}"))
            for _ in range(3):
                transitions.register_asset_events(tx, [event], who="test")
        waited_for = tx.value(select(func.max(asset_events.c.asset_id)))
        tx.insert_new(asset_queue, [{"dag_id": "d", "asset_id": waited_for, "created_date": START}])
        tx.change(update(asset_events).values(at=START))
    assert purged(store).asset_events == 2
    with store.reading() as tx:
        left = tx.rows(select(asset_events.c.id, asset_events.c.asset_id).order_by(asset_events.c.id))
    assert [row.id for row in left] == [3, 4, 5, 6]
    assert {row.asset_id for row in left[1:]} == {waited_for}


def test_an_event_of_an_asset_stays_while_a_key_of_a_partition_waits_with_it(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, bash_dag("d"))
        event = NewAssetEvent(asset=AssetKey("a", "x://a"))
        waited_for, _, _ = (transitions.register_asset_events(tx, [event], who="test")[0] for _ in range(3))
        asset_id = tx.value(select(func.max(asset_events.c.asset_id)))
        waiting = {"dag_id": "d", "partition_key": "2026-01", "asset_id": asset_id, "event_id": waited_for}
        more = {"source_key": "2026-01-01", "fingerprint": "", "created_date": START}
        tx.insert_new(partition_queue, [{**waiting, **more}])
        tx.change(update(asset_events).values(at=START))
    assert purged(store).asset_events == 1
    with store.transaction() as tx:
        assert unused.remove_asset_events(tx, [waited_for]) == 0, "it came to wait after somebody had looked"
    assert count(store, partition_queue) == 1


def test_a_version_stays_while_a_deadline_counts_by_it(store: Store) -> None:
    with store.transaction() as tx:
        run = make_run(tx, bash_dag("d")).run
        tx.insert_new(
            deadlines,
            [
                {
                    "dag_run_id": run.id,
                    "reading_id": run.reading_id,
                    "position": 0,
                    "reference": "queued_at",
                    "interval_s": 60.0,
                    "deadline_time": START,
                    "missed": False,
                    "created_at": START,
                    "last_updated_at": START,
                }
            ],
        )
    newest = put(store, 1)
    with store.transaction() as tx:
        runs.pin(tx, run.id, version_id=newest.version.id, reading_id=newest.reading_id)
        found = [("d", run.version_id)]
        assert unused.remove_versions(tx, found) == 0, "it came to count after somebody had looked"
    assert purged(store).versions == 0
    assert count(store, deadlines) == 1


def test_a_missed_sla_goes_when_its_task_was_done_since_and_there_are_newer_ones(store: Store, tmp_path: Path) -> None:
    days = [START - dt.timedelta(days=number) for number in range(1, 5)]
    with store.transaction() as tx:
        made = make_run(tx, bash_dag("d"), logical_date=days[1])
        task = next(iter(made.tasks))
        tx.change(update(tables.task_instances).values(state="success"))
        never_done = {"dag_id": "d", "task_id": "never_done", "logical_date": days[3], "missed_at": START}
        rows = [{"dag_id": "d", "task_id": task, "logical_date": day, "missed_at": START} for day in days]
        tx.insert_new(sla_misses, [*rows, never_done, {**never_done, "logical_date": days[2]}])
    assert purged(store, replace(OLD, before=START)) == Unused(), "they are too young"
    assert purged(store, replace(OLD, keep=3)).sla_misses == 1
    assert purged(store, replace(OLD, dag_ids=("other",))).sla_misses == 0
    archive = Archive(tmp_path, "archive")
    assert purged(store, replace(OLD, dag_ids=("d",)), archive).sla_misses == 2
    archive.close()
    assert [line["sla_miss"]["logical_date"] for line in lines_of(archive.path)] == [
        days[2].isoformat(),
        days[1].isoformat(),
    ]
    assert count(store, sla_misses) == 3, "the newest of one task, and all of one that was not done since"
