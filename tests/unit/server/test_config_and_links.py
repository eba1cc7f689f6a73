"""Settings, extra links and logs elsewhere, as Airflow's REST API tells them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from goflow.server.signin.settings import SignIn
from goflow.settings import Settings
from goflow.shown import HIDDEN, sections
from goflow.store import Store, xcoms
from tests.unit.scheduler.kit import World, dag, task
from tests.unit.server.serving import asking, serving

SHOWN = {"core": {"dags_folder": "/dags"}, "goflow": {"parallelism": "0", "api_token": HIDDEN}}


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    made = World(sqlite_url)
    yield made
    made.store.close()


def test_settings_are_shown_to_those_who_may_see_them(sqlite_store: Store) -> None:
    with serving(sqlite_store, open=True) as url, asking(url) as api:
        assert api.get("/api/v2/config").status_code == 403
        assert api.get("/api/v2/config/section/core/option/dags_folder").status_code == 403
    with serving(sqlite_store, open=True, config=SHOWN) as url, asking(url) as api:
        told = api.get("/api/v2/config").json()["sections"]
        assert {one["name"]: {row["key"]: row["value"] for row in one["options"]} for one in told} == SHOWN
        assert [one["name"] for one in api.get("/api/v2/config?section=core").json()["sections"]] == ["core"]
        assert api.get("/api/v2/config?section=nothing").status_code == 404
        one = api.get("/api/v2/config/section/core/option/dags_folder").json()
        assert one == {"sections": [{"name": "core", "options": [{"key": "dags_folder", "value": "/dags"}]}]}
        assert api.get("/api/v2/config/section/core/option/nothing").status_code == 404
        text = api.get("/api/v2/config", headers={"Accept": "text/plain"}).text
        assert text == f"[core]\ndags_folder = /dags\n\n[goflow]\nparallelism = 0\napi_token = {HIDDEN}\n"


def test_what_is_secret_is_hidden(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        api_token=SecretStr("hush"),
        database_url="postgresql://me:hush@db/goflow",
        logs_elasticsearch_url="https://me:hush@es:9200",
        result_store="s3://bucket/xcoms",
        namespace_slots={"*": 3},
    )
    found = sections(settings)
    assert "hush" not in str(found)
    own = found["goflow"]
    assert own.keys() == Settings.model_fields.keys()
    assert (own["api_token"], own["smtp_password"], own["database_url"]) == (HIDDEN, "", HIDDEN)
    assert (own["result_store"], own["namespace_slots"]) == ("s3://bucket/xcoms", '{"*": 3}')
    assert found["core"]["dags_folder"] == own["dags_folder"] == str(tmp_path / "dags")
    assert found["database"]["sql_alchemy_conn"] == HIDDEN


LINKS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, str | None]]] = {
    "a run that was triggered": ("TriggerDagRunOperator", {"trigger_dag_id": "o"}, {"trigger_run_id": "m__1"}, {"Triggered DAG": "https://here/dags/o/runs/m__1"}),
    "none was triggered yet": ("TriggerDagRunOperator", {"trigger_dag_id": "o"}, {}, {"Triggered DAG": None}),
    "one that waits for another": ("ExternalTaskSensor", {"external_dag_id": "o"}, {}, {"External DAG": "https://here/dags/o/runs/r"}),
    "left by a task in an Airflow image": ("SomeOperator", {}, {"_link_SomeLink": "https://x.org/1", "_link_TriggerDagRunLink": "https://x.org/2"}, {"SomeLink": "https://x.org/1", "Triggered DAG": "https://x.org/2"}),
    "no links": ("BashOperator", {}, {"return_value": "https://x.org"}, {}),
}  # fmt: skip


@pytest.mark.parametrize(("operator", "fields", "left", "expected"), LINKS.values(), ids=LINKS)
def test_extra_links_lead_to_what_a_task_has_to_do_with(
    world: World, operator: str, fields: dict[str, Any], left: dict[str, Any], expected: dict[str, str | None]
) -> None:
    world.put(dag(task("t", operator=operator, fields=fields)))
    world.trigger(run_id="r")
    with world.store.transaction() as tx:
        for key, value in left.items():
            xcoms.push(tx, world.only_run().id, "t", -1, key, value, None)
    with serving(world.store, open=True, sign_in=SignIn(public_url="https://here/")) as url, asking(url) as api:
        path = "/api/v2/dags/d/dagRuns/r/taskInstances/t/links"
        found = api.get(path).raise_for_status().json()
        assert found == {"extra_links": expected, "total_entries": len(expected)}
        assert api.get(f"{path}?try_number=7").status_code == 404
        assert api.get("/api/v2/dags/d/tasks/t").json()["extra_links"] == [], "as in Airflow 3.3"


def test_a_log_elsewhere_is_found_by_what_the_setting_says(world: World) -> None:
    world.put(dag(task("t")))
    world.trigger(run_id="r 1")
    world.settle()
    path = "/api/v2/dags/d/dagRuns/r 1/taskInstances/t/externalLogUrl"
    with serving(world.store, open=True) as url, asking(url) as api:
        assert api.get(f"{path}/1").status_code == 400
    place = "https://kibana/?q={dag_id}/{run_id}/{task_id}/{map_index}/{try_number}"
    with serving(world.store, open=True, external_log_url=place) as url, asking(url) as api:
        assert api.get(f"{path}/1").json() == {"url": "https://kibana/?q=d/r%201/t/-1/1"}
        assert api.get(f"{path}/7").status_code == 404
