"""What people change by REST beside runs and DAGs is in the event log, with who has done it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from goflow.domain.assets import NewAssetEvent
from goflow.server.rest import naming
from goflow.store import files, transitions
from goflow.store.rows import FileRecord
from tests.unit.scheduler.kit import SUCCESS, T0, World, dag, task
from tests.unit.scheduler.test_assets import LEAF_A, LEAF_B, A, consumer
from tests.unit.server.serving import asking, serving

RUN = "/api/v2/dags/d/dagRuns/r/taskInstances/one"
XCOM, STATE = f"{RUN}/xcomEntries", f"{RUN}/state-store"
OF_ASSET, QUEUED = "/api/v2/assets/1/state-store", "/api/v2/assets/1/queuedEvents"
FILE = f"/api/v2/parseDagFile/{naming.file_token('d.py')}"


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A store of its own, virtual time, a scheduler."""
    world = World(sqlite_url)
    yield world
    world.store.close()


@pytest.fixture
def caller(world: World) -> Iterator[httpx.Client]:
    """Somebody with the settings' token, and a run, an asset that a DAG waits for, and a file."""
    world.put(dag(task("one", outlets=(LEAF_A,))))
    world.put(consumer({"all": [LEAF_A, LEAF_B]}))
    world.trigger(run_id="r")
    world.finish("one", SUCCESS, run_id="r")
    record = FileRecord(
        path="d.py", digest="0", closure={}, reader_version="1", inputs={}, dag_ids=("d",), looks_like_dag=True,
        seconds=0.0, last_read_at=T0,
    )  # fmt: skip
    with world.store.transaction() as tx:
        transitions.register_asset_events(tx, [NewAssetEvent(asset=A)], who="test")
        files.put_all(tx, [record])
    with serving(world.store, api_token="t") as url, asking(url) as client:
        client.headers["Authorization"] = "Bearer t"
        yield client


WRITES: list[tuple[list[tuple[str, str, Any]], str, str | None, dict[str, Any]]] = [
    ([("POST", XCOM, {"key": "k", "value": 1})], "xcom.set", "one", {"key": "k"}),
    ([("POST", XCOM, {"key": "k", "value": 1}), ("PATCH", f"{XCOM}/k", {"value": 2})], "xcom.set", "one", {"key": "k"}),
    ([("POST", XCOM, {"key": "k", "value": 1}), ("DELETE", f"{XCOM}/k", None)], "xcom.deleted", "one", {"key": "k"}),
    ([("PUT", f"{STATE}/k", {"value": 1})], "state_store.set", "one", {"key": "k"}),
    ([("PUT", f"{STATE}/k", {"value": 1}), ("PATCH", f"{STATE}/k", {"value": 2})], "state_store.set", "one", {"key": "k"}),
    ([("PUT", f"{STATE}/k", {"value": 1}), ("DELETE", f"{STATE}/k", None)], "state_store.cleared", "one", {"key": "k"}),
    ([("PUT", f"{STATE}/k", {"value": 1}), ("DELETE", STATE, None)], "state_store.cleared", "one", {"key": None}),
    ([("PUT", f"{STATE}/k", {"value": 1}), ("DELETE", f"{STATE}?all_map_indices=true", None)], "state_store.cleared", "one", {"key": None}),
    ([("PUT", f"{OF_ASSET}/k", {"value": 1})], "state_store.set", None, {"asset": "a", "key": "k"}),
    ([("PUT", f"{OF_ASSET}/k", {"value": 1}), ("DELETE", OF_ASSET, None)], "state_store.cleared", None, {"asset": "a", "key": None}),
    ([("DELETE", QUEUED, None)], "asset.queue_cleared", None, {"asset_id": 1, "before": None, "count": 1}),
    ([("PUT", FILE, None)], "file.read_again", None, {"path": "d.py"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("calls", "kind", "task_id", "data"), WRITES, ids=[f"{calls[-1][0]} {calls[-1][1]}" for calls, *_ in WRITES]
)
def test_a_change_is_told_with_who_has_made_it(
    caller: httpx.Client, calls: list[tuple[str, str, Any]], kind: str, task_id: str | None, data: dict[str, Any]
) -> None:
    for method, path, body in calls:
        assert caller.request(method, path, json=body).is_success
    last = caller.get("/api/v2/eventLogs", params={"event": kind, "order_by": "-when"}).json()["event_logs"][0]
    assert (last["owner"], last["task_id"], json.loads(last["extra"])) == ("api", task_id, data)


def test_what_was_not_there_leaves_no_event(caller: httpx.Client) -> None:
    before = caller.get("/api/v2/eventLogs").json()["total_entries"]
    for path in (f"{XCOM}/none", f"{STATE}/none", f"{OF_ASSET}/none"):
        caller.delete(path)
    assert caller.get("/api/v2/eventLogs").json()["total_entries"] == before
