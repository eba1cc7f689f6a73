"""Backfills over REST and the command line: Airflow's paths, bodies and codes, and what a person reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from goflow.cli import main
from tests.unit.scheduler.kit import FAILED, SUCCESS, T0, World, at, dag, hourly, task
from tests.unit.server.serving import serving

BODY = {"dag_id": "d", "from_date": "2026-01-05T08:00:00Z", "to_date": "2026-01-05T10:00:00"}
PATH = "/api/v2/backfills"


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    world = World(sqlite_url)
    world.put(dag(task("a"), schedule=hourly(), start_date=at(T0)))
    world.settle()
    yield world
    world.store.close()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with serving(world.store, open=True) as url:
        yield url


def test_a_backfill_over_rest_from_its_dry_run_to_its_end(world: World, url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        tried = api.post(f"{PATH}/dry_run", json=BODY).json()
        assert [row["logical_date"] for row in tried["backfills"]] == [
            f"2026-01-05T{hour:02}:00:00.000000+00:00" for hour in (8, 9, 10)
        ]
        assert {"partition_key", "partition_date"} <= set(tried["backfills"][0])
        made = api.post(PATH, json={**BODY, "max_active_runs": 1}).json()
        assert (made["id"], made["is_paused"], made["completed_at"]) == (1, False, None)
        assert (made["reprocess_behavior"], made["dag_display_name"]) == ("none", "d")
        assert api.post(PATH, json=BODY).status_code == 409
        assert api.put(f"{PATH}/1/pause").json()["is_paused"]
        assert not api.put(f"{PATH}/1/unpause").json()["is_paused"]
        world.settle()
        world.finish("a", FAILED)
        assert api.get(f"{PATH}/1").json()["runs"] == {
            "queued": 1,
            "running": 1,
            "success": 0,
            "failed": 1,
            "skipped": 0,
        }
        over = api.put(f"{PATH}/1/cancel").json()
        assert over["completed_at"]
        assert api.put(f"{PATH}/1/cancel").status_code == 409
        listed = api.get(PATH, params={"dag_id": "d"}).json()
        assert [row["id"] for row in listed["backfills"]] == [1]
        rows = api.get("/goflow/v1/backfills/1/runs").json()["backfill_runs"]
        assert [row["state"] for row in rows] == ["failed", "running", "failed"]
        assert api.get(f"/api/v2/dags/d/dagRuns/{rows[1]['run_id']}").json()["backfill_id"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**BODY, "dag_id": "e"}, 404),
        ({**BODY, "to_date": "2026-01-04T00:00:00Z"}, 400),
        ({**BODY, "reprocess_behavior": "all"}, 422),
        ({**BODY, "max_active_runs": 0}, 422),
        ({**BODY, "more": 1}, 422),
        ({"dag_id": "d"}, 422),
    ],
)
def test_what_cannot_be_made_is_refused_with_airflows_codes(url: str, body: dict[str, Any], code: int) -> None:
    for path in (PATH, f"{PATH}/dry_run"):
        assert httpx.post(url + path, json=body).status_code == code
    assert httpx.put(f"{url}{PATH}/7/pause").status_code == 404


def test_a_backfill_at_the_command_line(world: World, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLOW_SERVER", url)
    dates = ["--from", "2026-01-05T08:00", "--to", "2026-01-05T10:00"]

    def said(*words: str) -> Result:
        return CliRunner().invoke(main, ["backfills", *words])

    assert said("list").output.startswith("There are no backfills.")
    tried = json.loads(said("create", "d", *dates, "--run-backwards", "--dry-run", "--json").output)
    assert [row["logical_date"][11:13] for row in tried] == ["10", "09", "08"]
    assert said("create", "d", *dates).output == "backfill 1 of d: 3 queued\n"
    world.settle()
    world.finish("a", SUCCESS)
    assert "1 success" in said("list", "d").output
    assert said("pause", "1").output == "backfill 1 of d is paused\n"
    assert said("unpause", "1").output == "backfill 1 of d is running\n"
    shown = said("show", "1").output
    assert "backfill__2026-01-05T09:00:00+00:00" in shown
    dates_of_it = json.loads(said("show", "1", "--json").output)["backfill_runs"]
    assert [row["state"] for row in dates_of_it] == ["success", "running", "running"]
    assert said("cancel", "1", "--yes").output == "backfill 1 of d is over\n"
    assert "It exists already" not in said("create", "d", *dates, "--json").output


def test_who_waits_is_told_the_end_by_the_exit_code(world: World, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLOW_SERVER", url)

    def play(_seconds: float) -> None:
        world.settle()
        for name in list(world.queued()):
            world.finish(name, FAILED)

    monkeypatch.setattr("goflow.cli.backfills.time.sleep", play)
    ended = CliRunner().invoke(
        main, ["backfills", "create", "d", "--from", "2026-01-05T09:00", "--to", "2026-01-05T10:00", "--wait"]
    )
    assert ended.exit_code == 1
    assert ended.output == "backfill 1 of d: 2 failed\n"
