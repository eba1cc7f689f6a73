"""What trigger runners may say and ask: with a token of their own, in the name of their triggers' launches alone."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from goflow_runner import wire

from goflow.domain.callbacks import CallbackState
from goflow.domain.questions import QuestionKind
from goflow.domain.spec import DagSpec, DeadlineSpec, Schedule
from goflow.domain.state import TaskState
from goflow.domain.triggers import Deferral
from goflow.executor.words import outcome_from_word
from goflow.store import (
    assets,
    callbacks,
    deadlines,
    launches,
    logs,
    questions,
    runs,
    tasks,
    transitions,
    triggers,
    variables,
)
from tests import stores
from tests.runners import TaskServer, python

WAIT = {"classpath": "a.B", "next_method": "go_on", "kwargs": {"x": [1]}, "next_kwargs": {"y": 2}, "timeout_s": 5}


def call(server: TaskServer, path: str, body: Any = None, runner: str = "r", **headers: str) -> Any:
    """The status of a refusal, or the answer."""
    request = urllib.request.Request(
        f"{server.listener.url}{wire.PREFIX}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {server.mint.runner_token(runner)}",
            wire.RUNNER_HEADER: runner,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code
    return json.loads(content) if content else None


def sync(server: TaskServer, runner: str = "r", **more: Any) -> Any:
    body = {"protocol": 1, "process": "1:1", "capacity": 5, "held": [], "leaving": False, **more}
    return call(server, f"trigger_runners/{runner}/sync", body, runner)


@pytest.fixture
def deferred(server: TaskServer):
    """A task that has told that it waits: its launch, and its trigger's id."""
    started = server.launch(python("t"))
    client_word = {"outcome": {"state": "deferred", "deferral": WAIT}}
    with server.store.transaction() as tx:
        transitions.claim_launch(tx, started.id, "me")
        transitions.advance_task(tx, started.instance_id, TaskState.QUEUED, TaskState.RUNNING, who="test")
    path = f"launches/{started.id}/finish"
    assert call(server, path, client_word, Authorization=f"Bearer {server.mint.token(started.id)}") is None
    with server.store.reading() as tx:
        return started, triggers.of_task(tx, started.instance_id).id


def test_a_deferral_is_stored_as_it_is_told(server, deferred):
    started, key = deferred
    with server.store.reading() as tx:
        trigger, instance = triggers.find(tx, key), tasks.get(tx, started.instance_id)
        assert (trigger.classpath, trigger.next_method, triggers.kwargs(tx, key)) == ("a.B", "go_on", {"x": [1]})
        assert instance.state is TaskState.DEFERRED
        assert instance.next_at == trigger.timeout_at
        assert launches.get(tx, started.id).state.value == "ended"


def test_a_runner_hears_all_that_it_needs_and_its_event_reaches_the_next_launch(server, deferred):
    started, key = deferred
    [info] = sync(server)["start"]
    assert (info["id"], info["classpath"], info["kwargs"]) == (key, "a.B", {"x": [1]})
    assert info["task"]["launch_id"] == started.id
    assert info["folder"]["file"] == "f.py"
    event = {"id": key, "kind": "event", "payload": {"found": True}}
    line = {"launch_id": started.id, "at": 1.0, "text": "looked"}
    assert call(server, "trigger_runners/r/events", {"events": [event, event], "lines": [line]}) is None
    with server.store.transaction() as tx:
        instance = tasks.get(tx, started.instance_id)
        planned = transitions.plan_launch(tx, instance, backend="local", new_attempt=False)
        told = server.api.inputs.build(tx, planned.launch, instance, tx.now())
        assert [row.text for row in logs.read(tx, started.id)] == ["looked"]
    assert told["resume"] == {
        "next_method": "go_on",
        "next_kwargs": {"y": 2},
        "encoding": "goflow",
        "fired": {"kind": "event", "payload": {"found": True}, "traceback": [], "xcoms": {}},
    }


@pytest.mark.parametrize(
    ("path", "body", "runner", "status"),
    [
        pytest.param("trigger_runners/r/sync", {}, "other", 401, id="another runner's token"),
        pytest.param("trigger_runners/r/sync", {"protocol": 9}, "r", 400, id="another protocol"),
        pytest.param("trigger_runners/r/events", {"events": [{"id": 1, "kind": "boom"}]}, "r", 400, id="no such kind"),
        pytest.param("trigger_runners/r/events", {"lines": 3}, "r", 400, id="lines that are none"),
        pytest.param("variables/v", None, "r", 403, id="a Variable in nobody's name"),
    ],
)
def test_what_is_refused(server, path, body, runner, status):
    assert call(server, path, body, runner) == status


def test_a_runner_reads_variables_in_the_name_of_its_triggers_alone(server, deferred):
    started, key = deferred
    with server.store.transaction() as tx:
        variables.set_(tx, "v", "7", who="test")
    name = {"X_GoFlow_Launch": started.id}
    assert call(server, "variables/v", **name) == 403
    sync(server)
    assert call(server, "variables/v", **name) == {"value": "7"}
    with server.store.transaction() as tx:
        transitions.mark_task(tx, started.instance_id, TaskState.FAILED, who="somebody")
    assert call(server, "variables/v", **name) == {"value": "7"}, "what it cleans up may need it"
    assert call(server, "variables/v", runner="other", **name) == 403
    assert sync(server, held=[key])["leave"] == [{"id": key, "why": "killed"}]


def test_a_callback_is_handed_out_with_the_context_of_its_task_and_its_end_is_stored(server, deferred):
    started, _ = deferred
    with server.store.transaction() as tx:
        run = runs.get(tx, tasks.get(tx, started.instance_id).dag_run_id)
        ti_id = started.instance_id
        key = transitions.request_callback(tx, run, "failure", reason="task_failure", ti_id=ti_id, who="test")
        bare = transitions.request_callback(tx, run, "success", reason="success", ti_id=None, who="test")
    [info, other] = sync(server)["call"]
    assert (info["id"], info["kind"], info["reason"], info["launch_id"]) == (key, "failure", "task_failure", started.id)
    assert info["task"]["task_id"] == "t"
    assert (other["task"], other["launch_id"]) == (None, started.id)
    assert sync(server, calling=[key, bare])["call"] == []
    end = {"id": key, "ok": False, "output": "Traceback \x00"}
    assert call(server, "trigger_runners/r/events", {"called": [end, end]}) is None
    with server.store.reading() as tx:
        [first, second] = callbacks.of_run(tx, run.id)
    assert (first.state, first.output) == (CallbackState.FAILED, "Traceback \N{REPLACEMENT CHARACTER}")
    assert second.state is CallbackState.CLAIMED
    sync(server, leaving=True)
    with server.store.reading() as tx:
        assert callbacks.find(tx, bare).state is CallbackState.LOST


RUNS = [["2026-01-01T00:00:00+00:00"] * 4 + [None]]


@pytest.mark.parametrize(
    ("kind", "told", "kept"),
    [
        pytest.param("next_runs", {"runs": RUNS, "over": True}, {"runs": RUNS, "over": True}, id="runs"),
        pytest.param("next_runs", {"runs": [1], "over": True}, None, id="runs that are none"),
        pytest.param(
            "interval", ["2026-01-01T01:00:00+01:00"] * 2, ["2026-01-01T00:00:00+00:00"] * 2, id="an interval"
        ),
        pytest.param("interval", None, None, id="no interval"),
        pytest.param("weight", 7, 7, id="a weight"),
        pytest.param("weight", "heavy", None, id="no weight"),
        pytest.param(
            "deadline", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00+00:00", id="what a deadline counts from"
        ),
        pytest.param("deadline", 5, None, id="no moment"),
    ],
)
def test_a_question_is_handed_out_with_its_versions_files_and_its_answer_is_looked_at(
    server, deferred, kind, told, kept
):
    started, _ = deferred
    with server.store.transaction() as tx:
        run = runs.get(tx, tasks.get(tx, started.instance_id).dag_run_id)
        given = {"dag_id": run.dag_id, "reading_id": run.reading_id, "who": "test"}
        given |= {"dag_run_id": run.id} if kind == "weight" else {}
        transitions.ask_code(tx, "about", QuestionKind(kind), {"x": 1}, **given)
    [info] = sync(server)["answer"]
    of_run = info["asked"].pop("run", None)
    assert (info["kind"], info["asked"], info["launch_id"]) == (kind, {"x": 1}, started.id)
    assert (of_run and of_run["run_id"]) == (run.run_id if kind == "weight" else None)
    assert sync(server, answering=[f"{info['id']}:{info['epoch']}"])["answer"] == []
    digest = info["folder"]["digest"]
    assert call(server, f"trigger_runners/r/{'0' * 64}.tar") == 403
    assert call(server, f"trigger_runners/r/{digest}.tar", runner="other") == 401
    answer = {"id": info["id"], "epoch": info["epoch"], "told": told, "problem": None}
    assert call(server, "trigger_runners/r/events", {"answered": [answer, answer]}) is None
    with server.store.reading() as tx:
        question = questions.about(tx, "about")
    assert (question.answer and question.answer["told"], question.state.value) == (
        (kept, "answered") if kept is not None else (None, "failed")
    )
    assert call(server, f"trigger_runners/r/{digest}.tar") == 403, "it has no question of it any more"


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        pytest.param(None, "must say what it waits for", id="nothing"),
        pytest.param({"classpath": "a.B"}, "a classpath and a next_method", id="no method"),
        pytest.param({**WAIT, "kwargs": [1]}, "must be maps", id="arguments that are a list"),
        pytest.param({**WAIT, "timeout_s": "soon"}, "a number of seconds", id="a time-out in words"),
    ],
)
def test_a_deferral_that_says_too_little_is_refused(told, wrong):
    with pytest.raises(ValueError, match=wrong):
        outcome_from_word({"state": "deferred", "deferral": told})


def test_a_deferral_may_say_no_more_than_it_has_to():
    word = {"state": "deferred", "deferral": {"classpath": "a.B", "next_method": "m"}}
    assert outcome_from_word(word).deferral == Deferral(classpath="a.B", next_method="m")


@pytest.fixture
def watched(server: TaskServer) -> None:
    """A DAG that waits for an asset with watchers, and may read one Variable alone."""
    leaf = {"$asset": {"name": "a", "uri": "s3://a", "watched": True}}
    schedule = Schedule(kind="assets", timetable="AssetTriggeredTimetable", condition={"all": [leaf]})
    with server.store.transaction() as tx:
        stores.record(tx, DagSpec(dag_id="watches", schedule=schedule, variables=("mine",)))
        variables.set_(tx, "mine", "1", None, who="me")
        variables.set_(tx, "other", "2", None, who="me")
        transitions.reconcile_watches(tx, who="test")


@pytest.mark.usefixtures("watched")
def test_a_runner_hears_what_to_watch_and_speaks_for_its_dag(server):
    [info] = sync(server)["watch"]
    assert (info["asset"], info["dag_id"], info["dialect"]) == ({"name": "a", "uri": "s3://a"}, "watches", "airflow3")
    speaks = {"X_GoFlow_Launch": f"watch-{info['id']}"}
    assert call(server, "variables/mine", **speaks) == {"value": "1"}
    assert call(server, "variables/other", **speaks) == 404
    assert call(server, "folders/other.tar", **speaks) == 403
    assert call(server, "variables/mine", runner="another", **speaks) == 403


@pytest.mark.usefixtures("watched")
def test_what_a_watcher_sees_happens_once_though_it_is_told_twice(server):
    [info] = sync(server)["watch"]
    held = {"id": info["id"], "epoch": info["epoch"], "watchers": {"k": "the watcher"}, "trouble": None}
    assert sync(server, watching=[held])["run"] == [{"id": info["id"], "keys": ["k"]}]
    seen = {"id": info["id"], "key": "k", "payload": {"n": 1}, "told_as": "word"}
    for _ in range(2):
        assert call(server, "trigger_runners/r/events", {"seen": [seen, seen]}) is None
    with server.store.reading() as tx:
        assert [event.extra for event in assets.events(tx)] == [{"from_trigger": True, "payload": {"n": 1}}]


def test_the_callback_of_a_deadline_comes_from_the_version_that_its_run_was_made_with(server, deferred):
    started, _ = deferred
    alert = DeadlineSpec(reference="queued_at", interval_s=-1.0, callback="f:late", name="early")
    with server.store.transaction() as tx:
        run = runs.get(tx, tasks.get(tx, started.instance_id).dag_run_id)
        transitions.set_deadlines(tx, run, DagSpec(dag_id=run.dag_id, deadlines=(alert, alert)), who="test")
        assert transitions.miss_deadlines(tx, now=tx.now(), who="test") == 2
        assert transitions.miss_deadlines(tx, now=tx.now(), who="another") == 0
        [first, _] = deadlines.of_run(tx, run.id)
    [info, other] = sync(server)["call"]
    assert (info["kind"], info["reason"], info["task"]) == ("deadline", "early", None)
    assert [told["data"]["position"] for told in (info, other)] == [0, 1]
    assert info["data"]["context"]["dag_run"]["dag_run_id"] == run.run_id
    assert info["data"]["context"]["deadline"] == {
        "id": str(first.id),
        "deadline_time": first.deadline_time.isoformat(),
    }
    path = f"trigger_runners/r/{info['folder']['digest']}.tar"
    assert call(server, path, runner="other") == 401
    ends = [{"id": told["id"], "ok": True, "output": ""} for told in (info, other)]
    assert call(server, "trigger_runners/r/events", {"called": ends}) is None
    assert call(server, path) == 403, "it has no callback of it any more"
