"""Partitions over REST and the command line: Airflow's paths, bodies and codes, and what a person reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from goflow.cli import main
from goflow.domain.spec import Schedule
from tests.unit.scheduler.kit import World, dag, task
from tests.unit.scheduler.test_partitions import DAY, LEAF_A, LEAF_B, REGIONS, A, by, tell
from tests.unit.server.serving import serving

CRON = {"timetable": "CronPartitionTimetable", "crons": ("0 0 * * *",), "timezone": "Asia/Taipei"}


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    world = World(sqlite_url)
    world.put(dag(task("t"), dag_id="days", schedule=Schedule(kind="cron", **CRON)), paused=True)
    world.put(dag(task("t"), dag_id="waits", schedule=by({"all": [LEAF_A, LEAF_B]}, None, [(LEAF_B, REGIONS)])))
    world.put(dag(task("t"), dag_id="plain"), paused=True)
    world.settle()
    yield world
    world.store.close()


@pytest.fixture
def api(world: World) -> Iterator[httpx.Client]:
    with serving(world.store, open=True) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def goflow(api: httpx.Client, *words: str) -> Result:
    """The command of these words against that daemon."""
    url = str(api.base_url).rstrip("/")
    return CliRunner().invoke(main, list(words), env={"GOFLOW_SERVER": url}, catch_exceptions=False)


def run_for(api: httpx.Client, key: str, dag_id: str = "days") -> dict[str, Any]:
    """A run by hand for that partition."""
    made: dict[str, Any] = api.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"partition_key": key}).json()
    return made


def keys(api: httpx.Client, dag_id: str = "days", **query: str) -> list[str]:
    """The partitions of the runs that a list has."""
    answer = api.get(f"/api/v2/dags/{dag_id}/dagRuns", params=query).json()
    assert answer["total_entries"] == len(answer["dag_runs"])
    return sorted(str(row["partition_key"]) for row in answer["dag_runs"])


def test_a_run_by_hand_for_a_partition(api: httpx.Client) -> None:
    made = run_for(api, "2026-01-05T00:00:00")
    assert (made["partition_key"], made["partition_date"]) == (
        "2026-01-05T00:00:00",
        "2026-01-04T16:00:00.000000+00:00",
    )
    assert made["dag_run_id"].startswith("manual__2026-01-05T12:00:00+00:00__")
    assert [api.get(f"/api/v2/dags/{dag_id}").json()["timetable_partitioned"] for dag_id in ("days", "plain")] == [
        True,
        False,
    ]


@pytest.mark.parametrize(("dag_id", "key"), [("days", "yesterday"), ("days", " "), ("plain", "eu")])
def test_a_key_that_is_none_is_refused(api: httpx.Client, dag_id: str, key: str) -> None:
    assert api.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"partition_key": key}).status_code == 400


def test_runs_are_found_by_their_partitions(api: httpx.Client) -> None:
    for day in ("05", "06", "17"):
        run_for(api, f"2026-01-{day}T00:00:00")
    assert keys(api, partition_key_pattern="-06t") == ["2026-01-06T00:00:00"]
    assert keys(api, partition_key_prefix_pattern="2026-01-0") == ["2026-01-05T00:00:00", "2026-01-06T00:00:00"]
    assert len(keys(api, partition_key_pattern="2026_01")) == 3  # as in Airflow, _ stands for any character
    assert keys(api, partition_date_gte="2026-01-06") == ["2026-01-06T00:00:00", "2026-01-17T00:00:00"]
    assert keys(api, partition_date_lte="2026-01-05") == ["2026-01-05T00:00:00"]
    for dag_id in ("~", "plain"):
        query = {"partition_date_gte": "2026-01-06"}
        assert api.get(f"/api/v2/dags/{dag_id}/dagRuns", params=query).status_code == 400


def test_runs_are_let_be_for_no_partition(api: httpx.Client) -> None:
    path = "/api/v2/dags/days/clearPartitions"
    for day in ("05", "06", "07"):
        run_for(api, f"2026-01-{day}T00:00:00")
    by_key: dict[str, Any] = {"partition_key": "2026-01-06T00:00:00"}
    told = {"dag_runs_cleared": 1, "task_instances_cleared": 0}
    assert api.post(path, json=by_key).json() == {**told, "dry_run": True}
    assert len(keys(api, partition_key_pattern="06")) == 1
    assert api.post(path, json={**by_key, "dry_run": False}).json() == {**told, "dry_run": False}
    assert keys(api, partition_key_pattern="06") == []
    by_time = {"partition_date_end": "2026-01-06T00:00:00", "clear_task_instances": True}
    cleared = {"dag_runs_cleared": 1, "task_instances_cleared": 1, "dry_run": True}
    assert api.post(path, json=by_time).json() == cleared
    done = goflow(api, "partitions", "clear", "days", "--end-date", "2026-01-07T00:00:00")
    assert done.output == "2 runs of days are for no partition any more\n"
    assert keys(api, partition_key_pattern="2026") == []
    for body in (
        {},
        {**by_key, "run_id": "x"},
        {"partition_date_start": "2026-02-01", "partition_date_end": "2026-01-01"},
    ):
        assert api.post(path, json=body).status_code == 422
    assert "name the runs by one of" in goflow(api, "partitions", "clear", "days").output


def test_events_tell_their_partition_and_what_they_begin(world: World, api: httpx.Client) -> None:
    asset = api.get("/api/v2/assets", params={"name_pattern": "a"}).json()["assets"][0]["id"]
    for key in ("", " ", "x" * 251):
        body = {"asset_id": asset, "partition_key": key}
        assert api.post("/api/v2/assets/events", json=body).status_code == 422
    assert api.post("/api/v2/assets/events", json={"asset_id": asset}).json()["problems"] == {
        "waits": "it waits for partitions, and the event has no partition key"
    }
    told = goflow(api, "assets", "tell", "a", "--partition-key", "world")
    assert told.output.startswith("event 2 of asset a at ")
    shown = goflow(api, "assets", "events").output
    assert "waits: it waits for partitions" in shown
    assert "world" in shown


def test_what_waits_is_shown_with_what_is_missing(world: World, api: httpx.Client) -> None:
    assert "Nothing waits" in goflow(api, "partitions", "list").output
    tell(world, A, "world")
    (row,) = api.get("/goflow/v1/partitions").json()["partitions"]
    assert (row["dag_id"], row["partition_key"], row["events"]) == ("waits", "world", 1)
    a, b = row["assets"]
    assert (a["is_met"], a["received_keys"], a["required_keys"]) == (True, ["world"], 0)
    assert (b["is_met"], b["missing_keys"], b["required_keys"]) == (False, ["eu", "us"], 2)
    assert "b: eu, us of 2" in goflow(api, "partitions", "list", "waits").output
    (row,) = json.loads(goflow(api, "partitions", "list", "--json").output)
    assert row["assets"] == [a, b]
    assert api.get("/goflow/v1/partitions", params={"dag_id": "days"}).json()["total_entries"] == 0


def test_a_backfill_shows_its_partitions(world: World, api: httpx.Client) -> None:
    order = ("backfills", "create", "days", "--from", "2026-01-01", "--to", "2026-01-02")
    assert "2026-01-02T00:00:00" in goflow(api, *order, "--dry-run").output
    goflow(api, *order)
    shown = goflow(api, "backfills", "show", "1").output
    assert "PARTITION" in shown
    assert "2026-01-01T00:00:00" in shown


def test_a_run_is_triggered_for_a_partition_by_the_command_line(world: World, api: httpx.Client) -> None:
    world.put(dag(task("t"), dag_id="waits", schedule=by(LEAF_A, DAY)), version="2")
    row = json.loads(goflow(api, "dags", "trigger", "waits", "--partition-key", "2026-01-05", "--json").stdout)
    assert (row["partition_key"], row["partition_date"]) == ("2026-01-05", "2026-01-05T00:00:00.000000+00:00")
    refused = goflow(api, "dags", "trigger", "plain", "--partition-key", "eu")
    assert refused.exit_code != 0
    assert "has no partitions" in refused.output
