"""What the web page is answered: a DAG's structure, its grid, its calendar, runs and logs by line; and the page's own files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, event

from goflow.domain.spec import DagSpec, GroupSpec
from goflow.domain.state import TaskState
from goflow.server.listener import Listener
from goflow.server.page import FOR_EVER, serve_page
from goflow.server.rest.page_grid import WEIGHTS, worst
from goflow.server.structure import LETTERS, in_order, structure_of
from goflow.store import events, launches, logs, versions
from goflow.store.rows import LogRow
from tests.unit.scheduler.kit import FAILED, SUCCESS, T0, World, at, dag, hourly, task
from tests.unit.server.serving import serving

PAGE = "/goflow/v1/page"


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    made = World(sqlite_url)
    yield made
    made.store.close()


@pytest.fixture
def api(world: World) -> Iterator[httpx.Client]:
    checks = {"scheduler": lambda: None, "backend": lambda: "it is away"}
    with serving(world.store, open=True, checks=checks) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def answer(api: httpx.Client, path: str, **query):
    found = api.get(PAGE + path, params=query)
    assert found.status_code == 200, found.text
    return found.json()


# What the page draws


def test_tasks_stand_behind_what_they_depend_on():
    tasks = [task("c", "b"), task("a"), task("b", "a", "gone"), task("d")]
    assert [one["task_id"] for one in in_order([one.to_json() for one in tasks])] == ["a", "d", "b", "c"]


def test_structure_has_groups_and_tasks_by_their_places():
    groups = (GroupSpec(group_id="g"), GroupSpec(group_id="g.h", parent="g", label="inner"))
    spec = dag(task("a"), task("g.h.b", "a", group="g.h", mapped=True), groups=groups, edge_labels={"a>g.h.b": "yes"})
    found = structure_of(spec.to_json())
    assert found.columns["groups"]["parent"] == [-1, 0]
    assert found.columns["groups"]["label"] == ["g", "inner"]
    assert found.columns["tasks"]["group"] == [-1, 1]
    assert found.columns["tasks"]["label"] == ["a", "b"]
    assert found.columns["tasks"]["mapped"] == [0, 1]
    assert found.edges == [(0, 1)]
    assert found.labels == {"a>g.h.b": "yes"}


def test_every_state_has_a_letter_and_a_weight_of_its_own():
    assert set(LETTERS) == set(TaskState)
    assert sorted(WEIGHTS) == sorted(LETTERS.values())
    assert worst({"S": 5, "F": 1, "r": 2}) == "F"


# The grid


def test_grid_has_a_letter_for_each_task_of_each_run_newest_first(world, api):
    world.put(dag(task("one"), task("two", "one")))
    world.trigger(run_id="good")
    world.finish("one", SUCCESS, run_id="good")
    world.finish("two", SUCCESS, run_id="good")
    world.pass_time(60)
    world.trigger(run_id="bad")
    world.finish("one", FAILED, run_id="bad")
    found = answer(api, "/dags/d/grid")
    assert found["runs"]["run_id"] == ["bad", "good"]
    assert found["runs"]["state"] == ["failed", "success"]
    assert found["states"] == ["FU", "SS"]
    assert found["structure"]["tasks"]["id"] == ["one", "two"]
    assert not found["more"]
    again = answer(api, "/dags/d/grid", structure=found["reading"], limit=1)
    assert "structure" not in again
    assert again["more"]
    older = answer(api, "/dags/d/grid", limit=1, offset=1)
    assert (older["runs"]["run_id"], older["more"]) == (["good"], False)


def test_tasks_that_only_older_versions_have_stand_behind_the_others(world, api):
    world.put(dag(task("one"), task("old")))
    world.trigger(run_id="first")
    world.put(dag(task("one"), task("new")), version="2")
    world.pass_time(60)
    world.trigger(run_id="second")
    found = answer(api, "/dags/d/grid")
    assert found["structure"]["tasks"]["id"] == ["one", "new"]
    assert found["gone"] == ["old"]
    assert found["states"] == ["qq ", "q q"]


def test_copies_of_mapped_tasks_are_counted_and_can_be_asked_for(world, api):
    world.put(dag(task("m", mapped=True, expand={"bash_command": ["a", "b", "c"]}, fields={})))
    run = world.trigger(run_id="r")
    found = answer(api, "/dags/d/grid")
    assert found["copies"] == [[0, 0, {"q": 3}]]
    assert found["states"] == ["q"]
    copies = answer(api, "/dags/d/copies", task_id="m", run=[run.id])
    assert copies["runs"] == {str(run.id): "qqq"}


def test_graph_has_edges_and_another_version_can_be_asked_for(world, api):
    world.put(dag(task("one"), task("two", "one")))
    world.put(dag(task("one")), version="2")
    assert answer(api, "/dags/d/graph")["edges"] == []
    assert answer(api, "/dags/d/graph", version=1)["edges"] == [[0, 1]]


# One DAG


def test_calendar_tells_days_that_were_missed_and_those_to_come(world, api):
    world.put(
        dag(task("one"), schedule=hourly(crons=("0 0 * * *",)), start_date=at(T0 - dt.timedelta(days=3)), catchup=False)
    )
    world.settle()
    world.finish("one", FAILED)
    found = answer(api, "/dags/d/calendar")
    assert (found["year"], found["timezone"], found["foretold"]) == (2026, "UTC", True)
    assert found["days"]["2026-01-04"] == {"F": 1}  # the interval that ended before the DAG was known
    assert "2026-01-02" not in found["days"]  # before it was: nobody missed it
    assert found["days"]["2026-01-06"] == {"p": 1}
    world.clock.advance(3 * 86400)  # nobody was there to make its runs
    missed = answer(api, "/dags/d/calendar")["days"]
    assert [day for day, counted in missed.items() if "m" in counted] == ["2026-01-05", "2026-01-06", "2026-01-07"]
    failed = answer(api, "/dags/d/calendar/2026-01-04")
    assert ([run["state"] for run in failed["runs"]], failed["missed"], failed["planned"]) == (["failed"], [], [])
    assert answer(api, "/dags/d/calendar/2026-01-06")["missed"] == ["2026-01-06T00:00:00.000000+00:00"]
    assert answer(api, "/dags/d/calendar/2026-01-10")["planned"] == ["2026-01-10T00:00:00.000000+00:00"]
    assert api.get(f"{PAGE}/dags/d/calendar/2026-02-31").status_code == 422


def test_a_dag_without_a_schedule_misses_nothing(world, api):
    world.put(dag(task("one")))
    assert answer(api, "/dags/d/calendar")["days"] == {}


def test_durations_versions_events_and_the_dag_itself(world, api):
    world.put(dag(task("one")))
    world.trigger(run_id="r")
    world.clock.advance(5)
    world.finish("one", SUCCESS)
    world.put(dag(task("one"), description="another"), version="2")
    assert answer(api, "/dags/d/durations")["run_id"] == ["r"]
    assert answer(api, "/dags/d/durations", task_id="one")["state"] == ["success"]
    versions = answer(api, "/dags/d/versions")["versions"]
    assert [(one["number"], one["runs"], one["same_meaning"]) for one in versions] == [(2, 0, False), (1, 1, False)]
    events = answer(api, "/events", dag_id="d", limit=2)
    assert events["more"]
    numbers = [one["event_log_id"] for one in events["events"]]
    assert numbers == sorted(numbers, reverse=True)
    assert answer(api, "/events", before=numbers[-1], limit=1)["events"][0]["event_log_id"] < numbers[-1]
    found = answer(api, "/dags/d")
    assert (found["dag_id"], found["version"], found["schedule"]) == ("d", 2, "None")
    assert found["spec"]["description"] == "another"


def test_the_head_of_a_dag_comes_without_its_tasks_which_are_told_in_columns(world, api):
    world.put(dag(task("one"), task("two", "one", retries=3, trigger_rule="all_done", line=7), doc="What it is for."))
    head = answer(api, "/dags/d")["spec"]
    assert (head["doc"], head["native"]) == ("What it is for.", False)
    assert not {"tasks", "groups", "edge_labels"} & set(head)
    assert answer(api, "/dags/d/tasks") == {
        "task_id": ["one", "two"],
        "operator": ["BashOperator"] * 2,
        "upstream": [[], ["one"]],
        "trigger_rule": ["all_success", "all_done"],
        "retries": [0, 3],
        "line": [0, 7],
    }
    world.put(dag(task("only", native={"Command": ["true"]}), dag_id="native"))
    assert answer(api, "/dags/native")["spec"]["native"] is True


def test_views_of_a_dag_read_its_meaning_once_and_make_no_objects_of_it(world, api, monkeypatch):
    world.put(dag(task("one"), task("two", "one")))
    world.trigger(run_id="r")
    read = []
    whole = versions.spec_json
    monkeypatch.setattr(versions, "spec_json", lambda tx, reading_id: read.append(reading_id) or whole(tx, reading_id))
    monkeypatch.setattr(DagSpec, "from_json", lambda *_: pytest.fail("5,000 tasks take a quarter of a second"))
    for path in ("/dags/d", "/dags/d/grid", "/dags/d/graph", "/dags/d", "/dags/d/grid"):
        answer(api, path)
    assert len(read) == 1


# All DAGs


def test_the_list_of_dags_takes_as_many_statements_however_many_there_are(world, api):
    took = []
    seen = lambda *given: took.append(given[2])  # noqa: E731
    event.listen(Engine, "before_cursor_execute", seen)
    try:
        for names in (["a"], ["b", "c", "e"]):
            for name in names:
                world.put(dag(task("one"), dag_id=name))
            took.clear()
            answer(api, "/dags")
            told = [words for words in took if "FROM dags" in words]
            assert len(told) == 1, took
    finally:
        event.remove(Engine, "before_cursor_execute", seen)


def test_list_strips_home_health_and_search(world, api):
    world.put(dag(task("one"), dag_id="alpha", tags=("x",)))
    world.put(dag(task("one"), dag_id="beta"), paused=True)
    world.trigger("alpha", run_id="run-1")
    world.finish("one", FAILED, run_id="run-1")
    found = answer(api, "/dags")
    assert (found["dag_id"], found["is_paused"], found["last"]) == (["alpha", "beta"], [False, True], ["failed", None])
    assert found["tags"] == [["x"], []]
    strips = answer(api, "/strips", dag_id=["alpha", "beta"])["strips"]
    assert [(run[0], run[1]) for run in strips["alpha"]] == [("run-1", "failed")]
    assert strips["beta"] == []
    home = answer(api, "/home")
    assert home["dags"] == {"active": 2, "paused": 1}
    assert home["failed"]["run_id"] == ["run-1"]
    assert home["ended"] == {"failed": 1}
    assert {part["part"]: part["problem"] for part in home["health"]} == {"scheduler": None, "backend": "it is away"}
    assert answer(api, "/health")["process"]["rss_bytes"] > 0
    assert answer(api, "/search", q="alp")["dags"] == [{"dag_id": "alpha", "name": "alpha"}]
    assert answer(api, "/search", q="run-1")["runs"][0]["dag_id"] == "alpha"
    assert answer(api, "/imports") == {"files": []}


def test_a_run_that_should_have_begun_is_late(world, api):
    world.put(dag(task("one"), schedule=hourly(), start_date=at(T0), catchup=False))
    world.settle()
    world.clock.advance(2 * 3600)
    late = answer(api, "/home")["late"]["overdue"]
    assert [one["dag_id"] for one in late] == ["d"]


# Runs, tasks, logs


def test_run_tells_why_tasks_failed_and_why_others_wait(world, api):
    world.put(dag(task("one"), task("two", "one")))
    world.trigger(run_id="r")
    found = answer(api, "/dags/d/runs/r")
    assert found["counts"] == {"queued": 1, "none": 1}
    assert "one" in found["tasks"]["message"][1]
    assert "one" in answer(api, "/dags/d/runs/r/tasks/two/waits")["waits_for"]
    world.finish("one", FAILED)
    assert answer(api, "/dags/d/runs/r")["tasks"]["reason"][0] == "Exception"
    shown = answer(api, "/dags/d/runs/r/tasks/one")
    assert (shown["state"], [one["exit_code"] for one in shown["attempts"]]) == ("failed", [1])
    assert api.get(f"{PAGE}/dags/d/runs/r/tasks/three").status_code == 404


def test_log_is_read_by_line_numbers_searched_and_downloaded(world, api):
    world.put(dag(task("one")))
    world.trigger(run_id="r")
    with world.store.transaction() as tx:
        (launch,) = launches.planned(tx, "fake")
        rows = [LogRow(seq=n, at=1.0, stream="out", text=f"line {n}") for n in range(1, 21) if n != 7]
        logs.append(tx, launch.id, rows)
    told = answer(api, "/dags/d/runs/r/tasks/one/log")
    assert [part["lines"] for part in told["parts"]] == [20]
    assert not told["ended"]
    lines = answer(api, f"/launches/{launch.id}/lines", after=5, limit=3)
    assert (lines["seq"], lines["text"], lines["last"]) == ([6, 8], ["line 6", "line 8"], 20)
    assert answer(api, f"/launches/{launch.id}/matches", q="LINE 1")["seq"] == [1, *range(10, 20)]
    newer = answer(api, f"/launches/{launch.id}/matches", q="LINE 1", after=17)
    assert (newer["seq"], newer["cut"], newer["last"]) == ([18, 19], False, 20)
    world.finish("one", SUCCESS)
    assert answer(api, "/dags/d/runs/r/tasks/one/log")["parts"][0]["missing"] == 1
    text = api.get(f"{PAGE}/dags/d/runs/r/tasks/one/log/text")
    assert text.text.splitlines()[:2] == ["line 1", "line 2"]
    assert "attachment" in text.headers["content-disposition"]
    job = answer(api, f"/launches/{launch.id}/job")["job"]
    assert job["kind"] == "Job"


def test_answers_are_compressed_for_who_takes_it(world, api):
    world.put(dag(*(task(f"task_{n}") for n in range(200))))
    whole = api.get(f"{PAGE}/dags/d/grid", headers={"Accept-Encoding": "identity"})
    small = api.get(f"{PAGE}/dags/d/grid", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in whole.headers
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < len(whole.content) / 3
    assert small.json() == whole.json()


def test_what_marking_a_run_would_do_is_told_before(world, api):
    world.put(dag(task("one"), task("two", "one"), task("tidy", "two", teardown=True)))
    world.trigger(run_id="r")
    world.start("one")
    told = answer(api, "/dags/d/runs/r/mark/failed")
    found = [(one["task_id"], one["state"], one["becomes"]) for one in told["task_instances"]]
    assert found == [("one", "running", "failed"), ("two", "none", "skipped")]
    assert told["at_once"] is False  # the teardown is left to do its work
    assert answer(api, "/dags/d/runs/r/mark/success")["task_instances"][0]["becomes"] == "success"
    assert world.states("r")["one"] == "running", "nothing is changed"
    assert api.get(f"{PAGE}/dags/d/runs/r/mark/queued").status_code == 422


def test_events_of_a_launch_come_from_kubernetes_or_it_is_said_why_not(world, api):
    world.put(dag(task("one")))
    world.trigger(run_id="r")
    with world.store.reading() as tx:
        (launch,) = launches.planned(tx, "fake")
    told = answer(api, f"/launches/{launch.id}/events")
    assert told == {"events": [], "reason": "it is a process of this machine: there is no pod", "kept": False}


def test_events_are_those_of_some_kinds(world, api):
    world.put(dag(task("one")))
    world.trigger(run_id="r")
    kinds = {one["event"].partition(".")[0] for one in answer(api, "/events", kind=["run.", "launch."])["events"]}
    assert kinds == {"run", "launch"}
    assert answer(api, "/events", kind=["%"])["events"] == []


# The page's own files


@contextmanager
def served(root: Path) -> Iterator[httpx.Client]:
    """An application that has a route of its own and the page in ROOT."""
    app = FastAPI()
    app.get("/api/v2/version")(lambda: {"version": "1"})
    serve_page(app, root)
    listener = Listener("page", lambda: app, "127.0.0.1", 0)
    listener.start()
    try:
        with httpx.Client(base_url=listener.url, timeout=60) as client:
            yield client
    finally:
        listener.stop(timeout_s=0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>the page</title>")
    (tmp_path / "assets" / "a-123.js").write_text("script")
    (tmp_path / "assets" / "a-123.js.br").write_text("brotli")
    (tmp_path / "assets" / "a-123.js.gz").write_text("gzip")
    with served(tmp_path) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/dags", "/dags/d/runs/scheduled__2026-01-01T00:00:00+00:00", "/index.html"])
def test_every_address_of_a_view_is_the_page(site, path):
    found = site.get(path)
    assert (found.status_code, found.text) == (200, "<title>the page</title>")
    assert found.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in found.headers["content-security-policy"]
    assert site.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/api/v2/nothing", "/goflow/v1/nothing", "/assets/gone-1.js"])
def test_what_is_no_view_is_not_the_page(site, path):
    assert site.get(path).status_code == 404
    assert site.get("/api/v2/version").json() == {"version": "1"}


@pytest.mark.parametrize(
    ("accepted", "encoding", "text"),
    [("gzip, br;q=0.9", "br", "brotli"), ("gzip", "gzip", "gzip"), ("", None, "script")],
)
def test_assets_are_kept_for_ever_and_sent_compressed(site, accepted, encoding, text):
    with site.stream("GET", "/assets/a-123.js", headers={"Accept-Encoding": accepted}) as found:
        assert found.headers.get("content-encoding") == encoding
        assert b"".join(found.iter_raw()).decode() == text
    assert found.headers["cache-control"] == FOR_EVER
    assert found.headers["content-type"].startswith("text/javascript")
    assert found.headers["vary"] == "Accept-Encoding"


def test_the_page_is_asked_for_again_and_sent_again_when_it_has_changed(site, tmp_path):
    first = site.get("/")
    tag = first.headers["etag"]
    same = site.get("/dags", headers={"If-None-Match": f'"another", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    (tmp_path / "index.html").write_text("<title>a newer page</title>")
    newer = site.get("/", headers={"If-None-Match": tag})
    assert (newer.status_code, newer.text) == (200, "<title>a newer page</title>")
    assert newer.headers["etag"] != tag


def test_a_build_that_takes_the_place_of_another_is_served(site, tmp_path):
    assert site.get("/assets/b-456.js").status_code == 404
    (tmp_path / "assets" / "b-456.js").write_text("newer script")
    (tmp_path / "index.html").write_text("<title>a newer page</title>")
    assert site.get("/assets/b-456.js").text == "newer script"
    for name in ("a-123.js", "a-123.js.br", "a-123.js.gz"):
        (tmp_path / "assets" / name).unlink()
    assert site.get("/assets/a-123.js").status_code == 404


def test_without_a_build_it_says_so_until_there_is_one(tmp_path):
    root = tmp_path / "later"
    with served(root) as client:
        said = client.get("/")
        assert "make ui" in said.text
        assert said.headers["cache-control"] == "no-cache"
        (root / "assets").mkdir(parents=True)
        (root / "index.html").write_text("<title>the page</title>")
        assert client.get("/").text == "<title>the page</title>"


SESSION = "/goflow/v1/session"


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("/", [SESSION]),
        ("/dags", [SESSION, f"{PAGE}/dags"]),
        ("/dags/a.b-c_d", [SESSION, f"{PAGE}/dags/a.b-c_d", f"{PAGE}/dags/a.b-c_d/grid?limit=30&offset=0"]),
        ("/dags/a.b-c_d/code", [SESSION]),
        ("/dags/a%20b", [SESSION]),
        ("/dags/<x>", [SESSION]),
    ],
)
def test_what_a_view_asks_for_first_is_named_in_its_head(site, path, first):
    links = site.get(path).headers["link"].split(", ")
    assert links == [f"<{address}>; rel=preload; as=fetch; crossorigin" for address in first]
    assert "link" not in site.head("/assets/a-123.js").headers


def test_the_page_listens_to_every_kind_of_event_there_is():
    live = (Path(__file__).parents[3] / "ui/src/api/live.ts").read_text()
    listed = live.partition("const KINDS = (")[2].partition(").split")[0]
    kinds = {
        value for name, value in vars(events).items() if name.isupper() and isinstance(value, str) and "." in value
    }
    assert set(re.findall(r"[a-z_]+\.[a-z_]+", listed)) == kinds
