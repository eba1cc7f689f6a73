"""REST over a real store: Airflow's paths and shapes, errors in words, tokens, health."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
import structlog.testing
from prometheus_client.parser import text_string_to_metric_families

from goflow.domain.hitl import Question, User
from goflow.domain.spec import Dialect, Schedule
from goflow.domain.state import TaskState
from goflow.server.rest.app import Answer
from goflow.store import DatabaseBusyError, Store, tokens, transitions
from goflow.telemetry import metrics
from tests.stores import KEY, schedule
from tests.unit.scheduler.kit import FAILED, SUCCESS, T0, World, dag, task
from tests.unit.server.serving import serving

TOKEN = "a token of the settings"
RUNS = "/api/v2/dags/d/dagRuns"


def opened(path: Path, now: dt.datetime = T0) -> World:
    """A world over the database at PATH, which holds secrets."""
    url = f"sqlite:///{path}"
    made = World(url, now)
    made.store.close()
    made.store = Store(url, clock=made.clock, encryption_key=KEY)
    made.restart()
    return made


@pytest.fixture(scope="module")
def played(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of `world`, to be copied."""
    path = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("played")))
    made = opened(path)
    made.put(dag(task("one"), task("two", "one"), params={"n": 1}, param_schemas={"n": {"type": "integer"}}))
    made.trigger(run_id="good", conf={"n": 2})
    made.finish("one", SUCCESS, run_id="good")
    made.finish("two", SUCCESS, run_id="good")
    made.pass_time(60)
    made.trigger(run_id="bad", conf={"n": 2})
    made.finish("one", FAILED, run_id="bad")
    made.store.close()
    return path


@pytest.fixture
def world(played: Path, tmp_path: Path) -> Iterator[World]:
    """A DAG with two runs: ``good`` has ended well, ``bad`` has failed at its first task."""
    made = opened(Path(shutil.copy(played, tmp_path / "world.sqlite3")), T0 + dt.timedelta(seconds=60))
    yield made
    made.store.close()


@pytest.fixture
def troubles() -> dict[str, Callable[[], str | None]]:
    """What the daemon's parts say of themselves."""
    return {"scheduler": lambda: None}


@pytest.fixture
def api(world: World, troubles: dict[str, Callable[[], str | None]]) -> Iterator[httpx.Client]:
    """The application on a port of its own, and one who asks it without a token."""
    more = {"api_token": TOKEN, "checks": troubles, "status": lambda: {"backend": "fake"}}
    with serving(world.store, **more) as url, httpx.Client(base_url=url, verify=False, timeout=60) as client:
        yield client


@pytest.fixture
def caller(api: httpx.Client) -> httpx.Client:
    """The same with the token."""
    api.headers["Authorization"] = f"Bearer {TOKEN}"
    return api


REFUSED = {
    "no token": {},
    "a wrong one": {"Authorization": "Bearer nonsense"},
    "another scheme": {"Authorization": f"Basic {TOKEN}"},
    "none behind the scheme": {"Authorization": "Bearer"},
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED)
def test_nothing_is_told_without_a_good_token(api: httpx.Client, headers: dict[str, str]) -> None:
    for path in ("/api/v2/dags", RUNS, "/goflow/v1/status", "/api/v2/connections", "/api/v2/eventLogs"):
        answer = api.get(path, headers=headers)
        assert answer.status_code == 401, path
        assert "goflow tokens create" in answer.json()["detail"]


def test_a_token_of_the_store_is_good_until_it_is_revoked(api: httpx.Client, world: World) -> None:
    with world.store.transaction() as tx:
        made = tokens.create(tx, "ci", who="test")
    token = made if isinstance(made, str) else made[1]
    headers = {"Authorization": f"Bearer {token}"}
    assert api.get("/api/v2/dags", headers=headers).status_code == 200
    with world.store.transaction() as tx:
        tokens.revoke(tx, "ci", who="test")
    assert api.get("/api/v2/dags", headers=headers).status_code == 401


LISTS: dict[str, tuple[str, str, int]] = {
    "DAGs": ("/api/v2/dags", "dags", 1),
    "runs": (RUNS, "dag_runs", 2),
    "runs of all DAGs": ("/api/v2/dags/~/dagRuns", "dag_runs", 2),
    "task instances": (f"{RUNS}/good/taskInstances", "task_instances", 2),
    "pools": ("/api/v2/pools", "pools", 1),
    "variables": ("/api/v2/variables", "variables", 0),
    "connections": ("/api/v2/connections", "connections", 0),
    "assets": ("/api/v2/assets", "assets", 0),
    "events of assets": ("/api/v2/assets/events", "asset_events", 0),
    "import errors": ("/api/v2/importErrors", "import_errors", 0),
}


@pytest.mark.parametrize(("path", "key", "count"), LISTS.values(), ids=LISTS)
def test_lists_have_airflows_shape(caller: httpx.Client, path: str, key: str, count: int) -> None:
    body = caller.get(path).raise_for_status().json()
    assert body["total_entries"] == count
    assert len(body[key]) == count


def test_a_run_has_airflows_fields(caller: httpx.Client) -> None:
    body = caller.get(f"{RUNS}/good").raise_for_status().json()
    names = {
        "dag_id", "dag_run_id", "state", "run_type", "logical_date", "run_after", "start_date", "end_date", "queued_at",
        "data_interval_start", "data_interval_end", "conf", "note",
    }  # fmt: skip
    assert names <= set(body)
    assert (body["dag_run_id"], body["state"], body["run_type"], body["conf"]) == (
        "good",
        "success",
        "manual",
        {"n": 2},
    )


def test_a_task_instance_has_airflows_fields(caller: httpx.Client) -> None:
    body = caller.get(f"{RUNS}/bad/taskInstances/one").raise_for_status().json()
    names = {
        "task_id", "dag_id", "dag_run_id", "map_index", "state", "try_number", "max_tries", "start_date", "end_date",
        "duration", "operator", "pool", "pool_slots", "queue", "priority_weight", "queued_when", "note",
    }  # fmt: skip
    assert names <= set(body)
    assert (body["state"], body["reason"]) == ("failed", "Exception")


def test_lists_come_in_pages(caller: httpx.Client) -> None:
    first = caller.get(RUNS, params={"limit": 1}).json()
    second = caller.get(RUNS, params={"limit": 1, "offset": 1}).json()
    assert first["total_entries"] == second["total_entries"] == 2
    assert {first["dag_runs"][0]["dag_run_id"], second["dag_runs"][0]["dag_run_id"]} == {"good", "bad"}


MISSING = {
    "a DAG": ("/api/v2/dags/x", "did you mean 'd'?"),
    "a run": (f"{RUNS}/goood", "did you mean 'good'?"),
    "a task": (f"{RUNS}/good/taskInstances/onee", "did you mean 'one'?"),
    "a variable": ("/api/v2/variables/x", ""),
    "a connection": ("/api/v2/connections/x", ""),
    "a pool": ("/api/v2/pools/x", ""),
}


@pytest.mark.parametrize(("path", "hint"), MISSING.values(), ids=MISSING)
def test_what_is_not_there_is_a_404_in_words(caller: httpx.Client, path: str, hint: str) -> None:
    answer = caller.get(path)
    assert answer.status_code == 404
    assert answer.json()["detail"]
    assert answer.json().get("hint", "") == (hint if "did" not in hint or path != "/api/v2/dags/x" else "")


BAD_BODIES: dict[str, tuple[str, str, Any, int]] = {
    "no JSON": ("POST", RUNS, b"{", 422),
    "a list": ("POST", RUNS, b"[]", 422),
    "an unknown key": ("POST", RUNS, b'{"configuration": {}}', 422),
    "conf that is no object": ("POST", RUNS, b'{"conf": 3}', 422),
    "a date that is none": ("POST", RUNS, b'{"logical_date": "soon"}', 422),
    "a param of another type": ("POST", RUNS, b'{"conf": {"n": "many"}}', 400),
    "a run id that is taken": ("POST", RUNS, b'{"dag_run_id": "good"}', 409),
    "a state that is none": ("PATCH", f"{RUNS}/good", b'{"state": "happy"}', 422),
    "a state that nobody marks": ("PATCH", f"{RUNS}/good", b'{"state": "running"}', 422),
    "a pool without slots": ("POST", "/api/v2/pools", b'{"name": "p"}', 422),
}


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_refused_in_words(caller: httpx.Client, method: str, path: str, body: bytes, status: int) -> None:
    answer = caller.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


def test_tasks_are_cleared_and_marked_in_other_runs_with_notes(caller: httpx.Client, world: World) -> None:
    path = f"{RUNS}/bad/taskInstances/one"
    asked = {"dag_run_id": "bad", "task_ids": ["one"], "only_failed": False, "include_past": True, "note": "again"}
    for dry_run, was in ((True, {"bad": "failed", "good": "success"}), (False, {"bad": None, "good": None})):
        told = caller.post("/api/v2/dags/d/clearTaskInstances", json={**asked, "dry_run": dry_run}).json()
        assert {row["dag_run_id"]: row["state"] for row in told["task_instances"]} == was
    world.settle()
    assert [world.states(run_id)["one"] for run_id in ("good", "bad")] == ["queued", "queued"]
    assert caller.get(path).json()["note"] == "again"
    marks = {"new_state": "skipped", "include_downstream": True, "note": None}
    told = caller.patch(f"{path}/dry_run", json=marks).raise_for_status().json()
    assert {row["task_id"]: row["state"] for row in told["task_instances"]} == {
        "one": "queued",
        "two": "upstream_failed",
    }
    assert world.states("bad")["one"] == "queued"
    told = caller.patch(path, json=marks).raise_for_status().json()
    assert [(row["task_id"], row["state"]) for row in told["task_instances"]] == [("one", "skipped")]
    assert caller.patch(path, json={"new_state": "skipped"}).status_code == 409
    world.settle()
    assert world.states("bad") == {"one": "skipped", "two": "skipped"}
    assert caller.get(path).json()["note"] is None
    single = {"dag_run_id": "bad", "task_ids": [["two", -1]], "only_failed": False, "dry_run": True}
    told = caller.post("/api/v2/dags/d/clearTaskInstances", json=single).raise_for_status().json()
    assert [(row["task_id"], row["map_index"]) for row in told["task_instances"]] == [("two", -1)]
    single["task_ids"] = [["two", 4]]
    told = caller.post("/api/v2/dags/d/clearTaskInstances", json=single).raise_for_status().json()
    assert told["task_instances"] == []
    both = {"dag_run_id": "bad", "only_failed": True, "only_running": True}
    assert caller.post("/api/v2/dags/d/clearTaskInstances", json=both).status_code == 422


AFTER = (T0 + dt.timedelta(seconds=30)).isoformat()
ORDERS: dict[str, tuple[str, str, dict[str, Any], str | None]] = {
    "trigger": ("POST", RUNS, {"dag_run_id": "new", "run_after": AFTER}, "queued"),
    "clear": ("POST", f"{RUNS}/bad/clear", {"dry_run": False}, "queued"),
    "clear many": ("POST", "/api/v2/dags/d/clearDagRuns", {"dry_run": False, "dag_runs": [{"dag_run_id": "bad"}]}, "queued"),
    "clear tasks": ("POST", "/api/v2/dags/d/clearTaskInstances", {"dry_run": False, "task_ids": ["one"], "dag_run_id": "bad"}, None),
    "mark": ("PATCH", f"{RUNS}/bad", {"state": "queued"}, "queued"),
}  # fmt: skip
"""Orders that the scheduler goes on with at once, and the state that they themselves have made."""


@pytest.mark.parametrize(("method", "path", "body", "state"), ORDERS.values(), ids=ORDERS)
def test_an_order_tells_what_it_did_and_not_what_followed(
    caller: httpx.Client, world: World, method: str, path: str, body: dict[str, Any], state: str | None
) -> None:
    end = world.store.subscribe(lambda _: world.settle())  # before the one who asked has an answer
    told = caller.request(method, path, json=body).raise_for_status().json()
    end()
    (row,) = told.get("dag_runs") or told.get("task_instances") or [told]
    assert row["state"] == state
    assert world.run_state(run_id=row["dag_run_id"]) != "queued"


def test_a_note_goes_to_every_copy_of_a_mapped_task(caller: httpx.Client, world: World) -> None:
    world.put(dag(task("m", mapped=True, expand={"x": [1, 2]}), dag_id="wide"))
    world.trigger("wide", run_id="r")
    path = "/api/v2/dags/wide/dagRuns/r/taskInstances/m"

    def notes() -> list[str | None]:
        return [caller.get(path, params={"map_index": index}).json()["note"] for index in (0, 1)]

    assert caller.patch(path, json={"note": "all"}).status_code == 200
    assert notes() == ["all", "all"]
    assert caller.patch(path, json={"note": "one"}, params={"map_index": 1}).status_code == 200
    assert notes() == ["all", "one"]
    marks = {"new_state": "skipped", "note": "marked"}
    assert len(caller.patch(path, json=marks).raise_for_status().json()["task_instances"]) == 2
    assert notes() == ["marked", "marked"]
    marks["note"] = "and again"
    assert len(caller.patch(path, json=marks).raise_for_status().json()["task_instances"]) == 2
    assert notes() == ["and again", "and again"]
    assert caller.patch(path, json={"note": "none"}, params={"map_index": 7}).status_code == 404


def test_what_a_marker_names_is_cleared_where_airflow_2_clears_it(caller: httpx.Client, world: World) -> None:
    """Its API leaves other DAGs alone unless ``include_subdags`` is asked for; a run is cleared with them."""
    fields = {"external_dag_id": "b", "external_task_id": "x", "execution_date": "{{ ts }}"}
    marker = task("m", operator="ExternalTaskMarker", operator_path="o", fields=fields, template_fields=tuple(fields))
    world.put(dag(marker, dag_id="a", dialect=Dialect.AIRFLOW2))
    world.put(dag(task("x"), dag_id="b", dialect=Dialect.AIRFLOW2))
    date = T0 - dt.timedelta(days=1)
    for dag_id in "ab":
        world.trigger(dag_id, run_id=f"{dag_id}1", logical_date=date)
    world.finish_all()

    def clear(path: str, body: Any) -> list[str]:
        told = caller.post(f"/api/v2/dags/a/{path}", json=body).raise_for_status().json()
        assert told["total_entries"] == len(told["task_instances"])
        return [f"{row['dag_run_id']}.{row['task_id']}" for row in told["task_instances"]]

    asked = {"dag_run_id": "a1", "task_ids": ["m"], "only_failed": False}
    assert clear("clearTaskInstances", asked) == ["a1.m"]
    assert clear("clearTaskInstances", {**asked, "include_subdags": True}) == ["a1.m", "b1.x"]
    stretch = {"start_date": date.isoformat(), "only_failed": False, "include_subdags": True}
    assert clear("clearTaskInstances", stretch) == ["a1.m", "b1.x"]
    assert clear("dagRuns/a1/clear", {}) == ["a1.m", "b1.x"]
    assert world.run_state("b") == "success"
    assert clear("clearTaskInstances", {**asked, "include_subdags": True, "dry_run": False}) == ["a1.m", "b1.x"]
    world.settle()
    assert world.states(dag_id="b") == {"x": "queued"}


def test_a_marker_that_cannot_be_followed_is_told(caller: httpx.Client, world: World) -> None:
    fields = {"external_dag_id": "b", "external_task_id": "x", "execution_date": "{{ prev_ds }}"}
    marker = task("m", operator="ExternalTaskMarker", operator_path="o", fields=fields, template_fields=tuple(fields))
    world.put(dag(marker, dag_id="a", dialect=Dialect.AIRFLOW2))
    world.trigger("a", run_id="a1")
    world.finish("m")
    tasks_of_run = {"dag_run_id": "a1", "only_failed": False, "include_subdags": True}
    for path, body in (("clearTaskInstances", tasks_of_run), ("dagRuns/a1/clear", {})):
        answer = caller.post(f"/api/v2/dags/a/{path}", json={"dry_run": False, **body})
        assert 400 <= answer.status_code < 500, answer.text
        assert "what ExternalTaskMarker m of DAG a, run a1 names is not known" in answer.json()["detail"]
    assert world.run_state("a") == "success"


def test_a_run_is_triggered_cleared_marked_and_deleted(caller: httpx.Client, world: World) -> None:
    made = caller.post(RUNS, json={"dag_run_id": "mine", "conf": {"n": 5}, "note": "by hand"}).raise_for_status().json()
    assert (made["dag_run_id"], made["state"], made["conf"], made["note"]) == ("mine", "queued", {"n": 5}, "by hand")
    world.settle()
    assert caller.patch(f"{RUNS}/mine", json={"state": "failed"}).raise_for_status().json()["state"] == "failed"
    caller.post(f"{RUNS}/bad/clear", json={"dry_run": False, "only_failed": True}).raise_for_status()
    assert caller.get(f"{RUNS}/bad").json()["state"] == "queued"
    assert caller.delete(f"{RUNS}/good").status_code == 204
    assert caller.get(f"{RUNS}/good").status_code == 404


def test_a_run_is_marked_and_cleared_with_a_note_to_it(caller: httpx.Client, world: World) -> None:
    def note() -> str | None:
        return caller.get(f"{RUNS}/bad").json()["note"]  # type: ignore[no-any-return]

    assert caller.patch(f"{RUNS}/bad", json={"state": "success", "note": "m"}).raise_for_status().json()["note"] == "m"
    caller.patch(f"{RUNS}/bad", json={"state": "failed"}).raise_for_status()
    assert note() == "m"
    caller.patch(f"{RUNS}/bad", json={"state": "success", "note": None}).raise_for_status()
    assert note() is None
    caller.post(f"{RUNS}/bad/clear", json={"note": "of a dry run"}).raise_for_status()
    assert note() is None
    caller.post(f"{RUNS}/bad/clear", json={"note": "c", "dry_run": False}).raise_for_status()
    assert note() == "c"


def test_only_tasks_that_are_new_are_added_to_a_run(caller: httpx.Client, world: World) -> None:
    world.put(dag(task("one"), task("two", "one"), task("new")), version="2")
    told = caller.post(f"{RUNS}/good/clear", json={"only_new": True}).raise_for_status().json()
    assert [row["task_id"] for row in told["task_instances"]] == ["new"]
    told = caller.post(f"{RUNS}/good/clear", json={"only_new": True, "dry_run": False}).raise_for_status().json()
    assert (told["dag_run_id"], told["state"]) == ("good", "queued")
    world.settle()
    assert world.states("good") == {"one": "success", "two": "success", "new": "queued"}
    both = {"only_new": True, "only_failed": True}
    assert caller.post(f"{RUNS}/good/clear", json=both).status_code == 422


def test_a_mark_that_is_refused_leaves_no_note(caller: httpx.Client, world: World) -> None:
    world.clear("bad")
    assert world.run_state(run_id="bad") == "running"
    answer = caller.patch(f"{RUNS}/bad", json={"state": "queued", "note": "again"})
    assert (answer.status_code, caller.get(f"{RUNS}/bad").json()["note"]) == (409, None)


def test_a_dag_is_paused_by_patch(caller: httpx.Client) -> None:
    assert caller.patch("/api/v2/dags/d", json={"is_paused": True}).raise_for_status().json()["is_paused"] is True
    assert caller.get("/api/v2/dags/d").json()["is_paused"] is True


def test_what_happens_to_an_asset_is_told_and_begins_the_dag_that_waits(caller: httpx.Client, world: World) -> None:
    orders = {"$asset": {"name": "orders", "uri": "s3://orders/new"}}
    waits = Schedule(kind="assets", timetable="AssetTriggeredTimetable", condition={"all": [orders]})
    world.put(dag(task("one", outlets=(orders,))), version="2")
    world.put(dag(task("one", inlets=(orders,)), dag_id="waits", schedule=waits))
    world.pass_time(60)
    (found,) = caller.get("/api/v2/assets", params={"name_pattern": "ord"}).raise_for_status().json()["assets"]
    assert (found["uri"], [one["dag_id"] for one in found["scheduled_dags"]]) == ("s3://orders/new", ["waits"])
    assert [(one["dag_id"], one["task_id"]) for one in found["producing_tasks"]] == [("d", "one")]
    assert [(one["dag_id"], one["task_id"]) for one in found["consuming_tasks"]] == [("waits", "one")]
    assert caller.get(f"/api/v2/assets/{found['id']}").json() == found
    made = caller.post("/api/v2/assets/events", json={"asset_id": found["id"], "extra": {"n": 1}})
    assert made.raise_for_status().json()["extra"] == {"n": 1, "from_rest_api": True}
    world.settle()
    run = world.only_run("waits")
    path = f"/api/v2/dags/waits/dagRuns/{run.run_id}/upstreamAssetEvents"
    (event,) = caller.get(path).raise_for_status().json()["asset_events"]
    body = caller.get("/api/v2/assets/events", params={"name": "orders"}).json()
    assert (body["asset_events"], body["total_entries"]) == ([event], 1)
    assert [one["run_id"] for one in event["created_dagruns"]] == [run.run_id]
    assert caller.post("/api/v2/assets/events", json={"asset_id": 99}).status_code == 404
    assert caller.get("/api/v2/assets", params={"dag_ids": "nobody"}).json()["total_entries"] == 0


ASKED = f"{RUNS}/good/taskInstances/one/-1/hitlDetails"


@pytest.fixture
def question(world: World) -> None:
    """The task ``one`` of the run ``good`` has asked Ada."""
    with world.store.transaction() as tx:
        instance = world.row("one", run_id="good")
        ada = User(id="ada", name="Ada")
        asked = Question(subject="Which?", options=("a", "b"), assigned_users=(ada,))
        transitions.ask_person(tx, instance, "a launch", asked, who="task")


@pytest.mark.usefixtures("question")
def test_what_a_task_asks_is_listed_and_answered_once(caller: httpx.Client) -> None:
    listed = "/api/v2/dags/~/dagRuns/~/hitlDetails"
    (found,) = caller.get(listed, params={"response_received": False}).raise_for_status().json()["hitl_details"]
    assert (found["subject"], found["options"], found["response_received"]) == ("Which?", ["a", "b"], False)
    assert found["task_instance"]["task_id"] == "one"
    answered = caller.patch(ASKED, json={"chosen_options": ["a"]}).raise_for_status().json()
    assert (answered["chosen_options"], answered["responded_by"]) == (["a"], {"id": "api", "name": "api"})
    assert caller.patch(ASKED, json={"chosen_options": ["b"]}).status_code == 409
    assert caller.get(ASKED).json()["chosen_options"] == ["a"]
    assert caller.get(listed, params={"response_received": False}).json()["total_entries"] == 0


def test_what_was_asked_in_an_earlier_try_stays_to_be_seen(caller: httpx.Client, world: World) -> None:
    for number, option in ((2, "a"), (3, "b")):
        with world.store.transaction() as tx:
            ended = world.row("two", run_id="good")
            assert transitions.advance_task(tx, ended.id, ended.state, TaskState.NONE, who="test")
        with world.store.transaction() as tx:
            launch = transitions.plan_launch(
                tx, schedule(tx, world.row("two", run_id="good")), backend="local", new_attempt=True
            ).launch
            assert launch is not None
            asked = Question(subject=f"Which of {number}?", options=(option,))
            transitions.ask_person(tx, world.row("two", run_id="good"), launch.id, asked, who="task")
        path = f"{RUNS}/good/taskInstances/two/-1/hitlDetails"
        caller.patch(path, json={"chosen_options": [option]}).raise_for_status()
        with world.store.transaction() as tx:
            transitions.advance_task(tx, ended.id, TaskState.QUEUED, TaskState.FAILED, who="test")
    found = [caller.get(f"{path}/tries/{number}") for number in (1, 2, 3)]
    assert [one.status_code for one in found] == [404, 200, 200]
    told = [(one.json()["subject"], one.json()["chosen_options"]) for one in found[1:]]
    assert told == [("Which of 2?", ["a"]), ("Which of 3?", ["b"])]
    assert [one.json()["task_instance"]["try_number"] for one in found[1:]] == [2, 3]
    assert found[1].json()["task_instance"]["state"] == "failed"


REFUSED_ANSWERS: dict[str, tuple[dict[str, Any], int]] = {
    "no option": ({"chosen_options": []}, 422),
    "what is no option": ({"chosen_options": ["c"]}, 400),
    "several where one is asked for": ({"chosen_options": ["a", "b"]}, 400),
}


@pytest.mark.usefixtures("question")
@pytest.mark.parametrize(("body", "status"), REFUSED_ANSWERS.values(), ids=REFUSED_ANSWERS)
def test_what_is_no_answer_is_refused(caller: httpx.Client, body: dict[str, Any], status: int) -> None:
    assert caller.patch(ASKED, json=body).status_code == status
    assert caller.get(ASKED).json()["response_received"] is False


@pytest.mark.usefixtures("question")
@pytest.mark.parametrize(("name", "status"), [("ada", 200), ("Ada", 200), ("bob", 403)])
def test_callers_with_a_token_of_their_own_answer_what_they_are_asked(
    api: httpx.Client, world: World, name: str, status: int
) -> None:
    with world.store.transaction() as tx:
        token = tokens.create(tx, name, who="me")
    headers = {"Authorization": f"Bearer {token}"}
    assert api.patch(ASKED, json={"chosen_options": ["a"]}, headers=headers).status_code == status


def test_where_nothing_is_asked_nothing_is_answered(caller: httpx.Client) -> None:
    assert caller.patch(ASKED, json={"chosen_options": ["a"]}).status_code == 404


def test_a_connections_password_is_never_told(caller: httpx.Client) -> None:
    body = {"connection_id": "c", "conn_type": "http", "host": "h", "password": "hush"}
    caller.post("/api/v2/connections", json=body).raise_for_status()
    assert "hush" not in caller.get("/api/v2/connections/c").text
    assert "hush" not in caller.get("/api/v2/connections").text


def test_every_write_is_in_the_event_log_with_who_did_it(caller: httpx.Client) -> None:
    caller.post("/api/v2/variables", json={"key": "k", "value": "v"}).raise_for_status()
    events = caller.get("/api/v2/eventLogs").raise_for_status().json()["event_logs"]
    assert ("variable.set", "api") in {(event["event"], event["owner"]) for event in events}


def test_health_needs_no_token_and_says_what_is_wrong(
    api: httpx.Client, troubles: dict[str, Callable[[], str | None]]
) -> None:
    assert (api.get("/healthz").status_code, api.get("/readyz").status_code) == (200, 200)
    troubles["backend"] = lambda: "the watch of pods is broken"
    answer = api.get("/readyz")
    assert answer.status_code == 503
    assert answer.text == "backend: the watch of pods is broken\n"


def test_ready_says_what_is_waited_for_and_asks_nobody(api: httpx.Client, world: World) -> None:
    waits = world.store.waits

    def told() -> tuple[int, str]:
        answer = api.get("/readyz")
        return answer.status_code, re.sub(r"for \d+ s", "for N s", answer.text)

    waits.begin("quota", "exceeded quota: team", where="etl", blocks=False)
    words = "tasks wait for quota (etl): exceeded quota: team, for N s now\n"
    assert told() == (200, f"ok\n{words}")
    waits.begin("disk", "database or disk is full", where="writing")
    assert told() == (503, f"disk (writing): database or disk is full, for N s now\n{words}")
    assert api.get("/healthz").status_code == 200
    waits.end("disk", where="writing")
    waits.end("quota", where="etl")
    assert told() == (200, "ok\n")


def test_a_database_that_is_away_is_told_so_that_callers_ask_again(
    caller: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> NoReturn:
        raise DatabaseBusyError("connection refused")

    monkeypatch.setattr(world.store, "reading", away)
    answer = caller.get("/api/v2/dags")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "connection refused" in answer.json()["detail"]


def test_metrics_are_what_prometheus_reads(api: httpx.Client) -> None:
    metrics.FILES_READ.inc()
    families = {family.name: family for family in text_string_to_metric_families(api.get("/metrics").text)}
    assert families["goflow_dag_files_read"].samples[0].value >= 1


def test_a_failure_of_the_server_is_no_stack_trace(caller: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("goflow.server.rest.dags.lists.of_dags", fail)
    with structlog.testing.capture_logs() as logged:
        answer = caller.get("/api/v2/dags")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "the server failed; its log says why"}
    assert [(entry["event"], entry["path"]) for entry in logged] == [("a request failed", "/api/v2/dags")]


def test_answers_may_have_half_of_a_surrogate_pair() -> None:
    assert Answer({"doc": "\ud800 é"}).body == '{"doc":"\\ud800 é"}'.encode()


OWN_RUNS = RUNS.replace("/api/v2/", "/goflow/v1/")


def test_the_log_of_an_attempt_that_there_is_not_is_refused_in_words(caller: httpx.Client) -> None:
    for path in (f"{RUNS}/good/taskInstances/one/logs/7", f"{OWN_RUNS}/good/taskInstances/one/logs/7/download"):
        answer = caller.get(path)
        assert (answer.status_code, "attempt 7 of one" in answer.text) == (404, True)
