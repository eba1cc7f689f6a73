"""The task API: whoever asks wrongly is told so in words, and nobody gets what is not theirs."""

from __future__ import annotations

import http.client
import json
import math
import socket
import urllib.parse

import pytest
from goflow_runner import wire
from goflow_runner.client import RefusedError, TaskClient

from goflow.domain.roles import Role
from goflow.domain.spec import Dialect
from goflow.domain.state import TaskState
from goflow.server import door, task_api
from goflow.store import dags, runs, sessions, tasks, tokens, transitions, users, xcoms
from tests.runners import Started, bash
from tests.unit.server.serving import asking, serving


@pytest.fixture
def started(server):
    """A launch that runs."""
    made = server.launch(bash("t", "true"), bash("u", "true"))
    speaker(made).claim("me")
    return made


def speaker(started: Started) -> TaskClient:
    """A client for that launch, which asks each thing once."""
    client = TaskClient.from_environment(started.id, started.environment())
    client.patience_s = 0.0
    return client


def ask(server, method, path, body=None, headers=None, started=None):
    """(status, JSON of the answer) of one request."""
    parts = urllib.parse.urlsplit(server.listener.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    given = dict(headers or {})
    if started is not None:
        given.setdefault("Authorization", f"Bearer {server.mint.token(started.id)}")
        given.setdefault("X-GoFlow-Launch", started.id)
    connection.request(method, wire.PREFIX + path, body, given)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, json.loads(content) if content else None


def test_a_run_inside_another_is_made_for_the_dag_inside_the_task_alone(server, started):
    server.launch(bash("t", "true"), dag_id="other")
    with pytest.raises(RefusedError, match=r"other is not inside d\.t"):
        speaker(started).trigger_dag_run({"dag_id": "other", "run_id": "x", "inside": True})


def test_what_a_task_or_an_asset_remembers_comes_back(started):
    task = speaker(started)
    task.set_state("job", {"id": 1}, expires_at=None)
    task.set_state("job", 2, asset="orders / daily")
    assert (task.state("job"), task.state("job", asset="orders / daily")) == ([{"id": 1}], [2])
    task.delete_state("job")
    task.delete_state(asset="orders / daily")
    assert (task.state("job"), task.state("job", asset="orders / daily")) == ([], [])


LINE = {"seq": 1, "at": 1.0, "stream": "out", "text": "x"}
DEEP = "[" * 100_000 + "]" * 100_000

BAD_BODIES = {
    "nothing": ("claim", "", "the body must be a JSON object"),
    "no JSON": ("claim", "{", "the body is no JSON"),
    "no UTF-8": ("claim", b'{"claimant": "\xff"}', "the body is no JSON"),
    "a list": ("claim", "[]", "the body must be a JSON object"),
    "a number": ("logs", "1", "the body must be a JSON object"),
    "null": ("finish", "null", "the body must be a JSON object"),
    "JSON that is nested too deeply": ("logs", DEEP, "the body is nested too deeply"),
    "a claim without a protocol": ("claim", {"claimant": "me"}, "protocol must be given, as a whole number"),
    "a claim without a claimant": ("claim", {"protocol": 1}, "claimant must be given, as text"),
    "a claimant that is a number": ("claim", {"protocol": 1, "claimant": 7}, "claimant must be given, as text"),
    "logs without lines": ("logs", {}, "lines must be a list"),
    "a line that is text": ("logs", {"lines": ["x"]}, "the body must be a JSON object"),
    "a line without a number": ("logs", {"lines": [{**LINE, "seq": None}]}, "seq must be given"),
    "a line with a number too large": ("logs", {"lines": [{**LINE, "seq": 2**63}]}, "seq must be given"),
    "a line with number 0": ("logs", {"lines": [{**LINE, "seq": 0}]}, "seq must be 1 or more"),
    "a line without a moment": ("logs", {"lines": [{**LINE, "at": "now"}]}, "at must be given"),
    "a line at no moment": ("logs", {"lines": [{**LINE, "at": math.nan}]}, "at must be given"),
    "a line without text": ("logs", {"lines": [{**LINE, "text": None}]}, "text must be given, as text"),
    "fields that are a list": ("report", {"rendered_fields": []}, "rendered_fields must be a JSON object"),
    "results that are an object": ("report", {"xcoms": {"a": 1}}, "xcoms must be a list"),
    "a result without a key": ("report", {"xcoms": [{"value": 1}]}, "key must be given, as text"),
    "a result without a value": ("report", {"xcoms": [{"key": "k"}]}, "the result 'k' has no value"),
    "a result with a long key": ("report", {"xcoms": [{"key": "k" * 513, "value": 1}]}, "has 1 to 512 characters"),
    "a length that is text": ("report", {"xcoms": [{"key": "k", "value": 1, "length": "1"}]}, "length must be given"),
    "an end without an outcome": ("finish", {}, "outcome must be a JSON object"),
    "an outcome without a state": ("finish", {"outcome": {}}, "state must be given, as text"),
    "a state that is none": ("finish", {"outcome": {"state": "tired"}}, "'tired' is not a valid TaskState"),
    "a state that no runner may tell": ("finish", {"outcome": {"state": "queued"}}, "cannot end a task as 'queued'"),
    "an exit code that is text": ("finish", {"outcome": {"state": "failed", "exit_code": "1"}}, "exit_code must be"),
    "a moment that is none": (
        "finish", {"outcome": {"state": "up_for_reschedule", "reschedule_at": "soon"}}, "reschedule_at must be a moment",
    ),
    "skips that are text": ("finish", {"outcome": {"state": "success", "skip_downstream": "u"}}, "a list of task ids"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "body", "words"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_body_that_is_wrong_is_refused_in_words(server, started, call, body, words):
    before = started.instance, started.launch, started.lines
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    status, answer = ask(server, "POST", f"launches/{started.id}/{call}", content, started=started)
    assert status == 400
    assert words in answer["detail"]
    assert "Traceback" not in answer["detail"]
    assert "Error:" not in answer["detail"]
    assert (started.instance, started.launch, started.lines) == before


BAD_QUERIES = {
    "results of nothing": ("xcoms", 400, "the query must have dag_id, run_id, task_id, key"),
    "results of a map index that is text": (
        "xcoms?dag_id=d&run_id=r&task_id=t&key=k&map_index=x", 400, "map_index must be a whole number",
    ),
    "runs of nothing": ("dag_runs", 400, "the query must have dag_id"),
    "runs at no moment": ("dag_runs?dag_id=d&logical_date=x", 400, "logical_date must be a moment"),
    "states of nothing": ("task_states", 400, "the query must have dag_id"),
    "states at no moment": ("task_states?dag_id=d&logical_date=9", 400, "logical_date must be a moment"),
    "a Variable that there is not": ("variables/none", 404, "none"),
    "a connection that there is not": ("connections/none", 404, "none"),
    "another folder": ("folders/" + "0" * 64 + ".tar", 403, "not the folder of this launch's version"),
    "a call that there is not": ("everything", 404, "the task API has no such call"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "status", "words"), BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
def test_a_question_that_is_wrong_is_refused_in_words(server, started, path, status, words):
    found, answer = ask(server, "GET", path, started=started)
    assert (found, words in answer["detail"]) == (status, True), answer


def test_a_wrong_method_is_refused_in_words(server, started):
    assert ask(server, "DELETE", "xcoms", started=started)[0] == 405


BAD_TOKENS = {
    "no token": {},
    "another scheme": {"Authorization": "Basic {token}"},
    "an empty token": {"Authorization": "Bearer "},
    "a wrong token": {"Authorization": "Bearer " + "0" * 64},
    "a token that is no ASCII": {"Authorization": "Bearer \xe4"},
    "another launch's token": {"Authorization": "Bearer {other}"},
    "a launch that there is not": {"Authorization": "Bearer {token}", "X-GoFlow-Launch": "0" * 32},
    "a launch that is no id": {"Authorization": "Bearer {token}", "X-GoFlow-Launch": "' or 1=1"},
}

CALLS = [
    ("POST", "launches/{id}/claim"), ("POST", "launches/{id}/logs"), ("POST", "launches/{id}/report"),
    ("POST", "launches/{id}/finish"), ("GET", "folders/x.tar"), ("GET", "xcoms"), ("GET", "xcoms/prior"),
    ("GET", "variables/x"), ("PUT", "variables/x"), ("DELETE", "variables/x"), ("GET", "connections/x"),
    ("POST", "dag_runs"), ("GET", "dag_runs"), ("GET", "task_states"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CALLS, ids=[f"{method} {path}" for method, path in CALLS])
def test_every_call_wants_the_launchs_own_token(server, started, method, path):
    other = server.launch(bash("t", "true"), dag_id="other")
    texts = {"token": server.mint.token(started.id), "other": server.mint.token(other.id)}
    for name, headers in BAD_TOKENS.items():
        if ("{id}" in path and "there is" in name) or "no id" in name:
            continue  # the path says which launch
        given = {key: value.format_map(texts) for key, value in headers.items()}
        given.setdefault("X-GoFlow-Launch", started.id)
        status, answer = ask(server, method, path.format(id=started.id), b"{}", given)
        assert status == 401, name
        assert "token" in answer["detail"], name


def test_a_persons_token_is_no_attempts_and_an_attempts_no_persons(server, started):
    with server.store.transaction() as tx:
        users.create(tx, "anna", Role.ADMIN, who="test")
        given = {"kind": sessions.TOKEN, "lasts_s": 3600, "address": None, "way": "password", "who": "test"}
        persons = [tokens.create(tx, "ci", who="test"), sessions.start(tx, "anna", **given)[0]]
    for token in persons:
        headers = {"Authorization": f"Bearer {token}", "X-GoFlow-Launch": started.id}
        assert ask(server, "GET", "variables/x", headers=headers)[0] == 401
    headers = {"Authorization": f"Bearer {server.mint.token(started.id)}", "X-GoFlow-Launch": started.id}
    with serving(server.store) as url, asking(url) as client:
        assert client.get("/api/v2/variables", headers=headers).status_code == 401


def test_a_token_does_not_speak_for_another_attempt_of_its_task(server):
    first = server.launch(bash("t", "true", retries=1))
    speaker(first).claim("me")
    speaker(first).finish({"outcome": {"state": "failed"}})
    with server.store.transaction() as tx:
        ti = tasks.get(tx, first.instance_id)
        assert ti.state is TaskState.UP_FOR_RETRY
    second = server.queue(first.instance)
    speaker(second).claim("me")
    result = {"key": "return_value", "value": "old", "length": None}
    speaker(first).report(xcoms=[result])
    speaker(first).finish({"outcome": {"state": "success"}, "xcoms": [result]})
    assert second.xcoms == {}
    assert second.state is TaskState.RUNNING
    with pytest.raises(RefusedError, match="403: this launch has ended"):
        speaker(first).variable("x")
    with pytest.raises(RefusedError, match="410"):
        speaker(first).claim("me")


def test_what_a_task_leaves_after_it_was_marked_is_not_kept(server, started):
    with server.store.transaction() as tx:
        transitions.advance_task(tx, started.instance_id, TaskState.RUNNING, TaskState.FAILED, who="a person")
        transitions.request_stop(tx, started.id, who="a person")
    result = {"key": "return_value", "value": "late", "length": None}
    speaker(started).finish({"outcome": {"state": "success"}, "xcoms": [result]})
    assert started.state is TaskState.FAILED
    assert started.xcoms == {}


def test_results_of_another_dag_are_readable_and_not_writable(server, started):
    other = server.launch(bash("t", "true"), dag_id="other")
    speaker(other).report(xcoms=[{"key": "k", "value": [1], "length": 1}])
    assert speaker(started).xcoms("other", "r", "t", "k") == [{"map_index": -1, "value": [1]}]
    status, _ = ask(server, "POST", f"launches/{other.id}/report", b"{}", started=started)
    assert status == 401


def test_results_of_a_run_that_there_is_not_are_none(started):
    assert speaker(started).xcoms("d", "none", "t", "k") == []
    assert speaker(started).xcoms("d", "none", "t", "k", prior=True) == []


VALUES = {
    "null": None, "truth": True, "a large number": 2**70, "a fraction": 0.1, "not a number": math.nan,
    "an infinity": math.inf, "text": "aß😀", "text with NUL": "a\0b", "half a surrogate pair": "a\udcffb",
    "a list": [1, [2, {"a": []}]], "an object": {"a": {"": None}, "é": 1}, "an object with a bad key": {"\ud800": 1},
    "megabytes": "x" * (5 << 20), "many numbers": list(range(100_000)),
}  # fmt: skip


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_result_comes_back_as_it_was(started, value):
    speaker(started).report(xcoms=[{"key": "k", "value": value, "length": None}])
    (found,) = speaker(started).xcoms("d", "r", "t", "k")
    if value is VALUES["not a number"]:
        assert math.isnan(found["value"])
    else:
        assert found["value"] == value


@pytest.mark.parametrize("text", ["a\0b", "a\udcffb", "x" * 100_000], ids=["NUL", "half a surrogate pair", "long"])
def test_words_that_no_database_takes_do_not_keep_an_end_from_being_stored(server, started, text):
    line = {**LINE, "text": text}
    finish = {"outcome": {"state": "failed", "reason": text, "message": text}, "lines": [line], "note": text}
    finish["rendered_fields"], finish["rendered_map_index"] = {"bash_command": text}, text
    speaker(started).finish(finish)
    assert started.state is TaskState.FAILED
    assert len(started.launch.message) == min(len(text), 10_000)
    assert len(started.output) == 1


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server, started, monkeypatch):
    monkeypatch.setattr(door, "LARGEST_BODY", 1 << 20)
    headers = {"Content-Length": str(1 << 40)}
    status, answer = ask(server, "POST", f"launches/{started.id}/logs", b"", headers, started)
    assert status == 413
    assert "1048576 bytes" in answer["detail"]


def test_a_body_of_unknown_length_is_read_as_far_as_is_allowed(server, started, monkeypatch):
    monkeypatch.setattr(door, "LARGEST_BODY", 1 << 20)
    head = f"POST {wire.PREFIX}launches/{started.id}/logs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    head += f"Authorization: Bearer {server.mint.token(started.id)}\r\n\r\n"
    parts = urllib.parse.urlsplit(server.listener.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"100000\r\n" + b"x" * (1 << 20) + b"\r\n1\r\nx\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_result_that_is_too_large_is_refused_in_words(started, monkeypatch):
    monkeypatch.setattr("goflow_runner.client.LARGEST_BODY", 1 << 20)
    with pytest.raises(RefusedError, match=r"413: \d+ bytes of results, .*; 1048576 are taken"):
        speaker(started).report(xcoms=[{"key": "k", "value": "x" * (1 << 20), "length": None}])


def test_a_strangers_long_body_is_not_read(server, started):
    headers = {"Content-Length": str(1 << 20), "Authorization": "Bearer x"}
    status, answer = ask(server, "POST", f"launches/{started.id}/logs", b"", headers)
    assert (status, answer["detail"]) == (401, "this token is not good for this launch")


def test_what_goes_wrong_inside_is_told_without_a_stack(server, started, monkeypatch):
    monkeypatch.setattr(task_api.logs, "append", lambda *_: 1 / 0)
    status, answer = ask(server, "POST", f"launches/{started.id}/logs", json.dumps({"lines": [LINE]}), started=started)
    assert (status, answer) == (500, {"detail": "the server failed; its log says why"})


def test_a_database_that_is_busy_is_asked_again(server, started, monkeypatch):
    from goflow.store.errors import DatabaseBusyError

    kept, tries = task_api.logs.append, []

    def append(*given):
        tries.append(1)
        if len(tries) < 3:
            raise DatabaseBusyError("locked")
        return kept(*given)

    monkeypatch.setattr(task_api.logs, "append", append)
    client = speaker(started)
    client.patience_s = 30.0
    client.logs([LINE])
    assert (len(tries), started.output) == (3, ["x"])


def test_a_run_is_made_as_it_was_asked_for(server, started):
    server.launch(bash("t", "true"), dag_id="other")
    made = speaker(started).trigger_dag_run(
        {"dag_id": "other", "run_id": "x", "conf": {"a": 1}, "note": "why", "without_logical_date": True}
    )
    with server.store.reading() as tx:
        run = runs.by_run_id(tx, "other", made["run_id"])
    assert (run.conf, run.note, run.logical_date) == ({"a": 1}, "why", None)
    assert run.run_type == "operator_triggered"


def test_a_run_that_exists_begins_anew_where_that_is_asked_for(server, started):
    other = server.launch(bash("t", "true"), dag_id="other")
    speaker(other).claim("me")
    speaker(other).finish({"outcome": {"state": "success"}})
    body = {"dag_id": "other", "run_id": "r"}
    with pytest.raises(RefusedError, match="409"):
        speaker(started).trigger_dag_run(body)
    made = speaker(started).trigger_dag_run({**body, "reset_dag_run": True})
    with server.store.reading() as tx:
        run = runs.by_run_id(tx, "other", "r")
    assert made == {**body, "logical_date": run.logical_date.isoformat()}
    assert other.state is TaskState.NONE


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_run_of_the_same_date_begins_anew_under_airflow_2_alone(server, dialect):
    other = server.launch(bash("t", "true"), dag_id="other", dialect=dialect)
    speaker(other).claim("me")
    speaker(other).finish({"outcome": {"state": "success"}})
    with server.store.reading() as tx:
        date = runs.by_run_id(tx, "other", "r").logical_date.isoformat()
    asking_ = server.launch(bash("t", "true"), dialect=dialect)
    speaker(asking_).claim("me")
    body = {"dag_id": "other", "run_id": "another", "logical_date": date, "reset_dag_run": True}
    if dialect is Dialect.AIRFLOW3:
        with pytest.raises(RefusedError, match="409"):
            speaker(asking_).trigger_dag_run(body)
        assert other.state is TaskState.SUCCESS
    else:
        assert speaker(asking_).trigger_dag_run(body) == {"dag_id": "other", "run_id": "r", "logical_date": date}
        assert other.state is TaskState.NONE


def test_no_run_of_a_paused_dag_is_made_where_that_is_not_wanted(server, started):
    server.launch(bash("t", "true"), dag_id="other")
    with server.store.transaction() as tx:
        dags.set_paused(tx, "other", True, who="test")
    body = {"dag_id": "other", "run_id": "x"}
    with pytest.raises(RefusedError, match="Dag other is paused") as refused:
        speaker(started).trigger_dag_run({**body, "fail_when_dag_is_paused": True})
    assert refused.value.status == wire.PAUSED
    assert speaker(started).trigger_dag_run(body)["run_id"] == "x"


BAD_RUNS = {
    "of no DAG": ({}, 400, "dag_id must be given"),
    "of a DAG that there is not": ({"dag_id": "none"}, 404, "none"),
    "with a configuration that is a list": ({"dag_id": "d", "conf": [1]}, 400, "conf must be a JSON object"),
    "at no moment": ({"dag_id": "d", "logical_date": "x"}, 400, "logical_date must be a moment"),
    "at a moment that is a number": ({"dag_id": "d", "logical_date": 5}, 400, "logical_date must be a moment"),
    "with an id that is a number": ({"dag_id": "d", "run_id": 5}, 400, "run_id must be given, as text"),
}


@pytest.mark.parametrize(("body", "status", "words"), BAD_RUNS.values(), ids=BAD_RUNS.keys())
def test_a_run_that_cannot_be_made_is_refused_in_words(server, started, body, status, words):
    found, answer = ask(server, "POST", "dag_runs", json.dumps(body), started=started)
    assert (found, words in answer["detail"]) == (status, True), answer


def test_the_length_of_a_result_is_kept_for_who_is_mapped_over_it(server, started):
    speaker(started).report(xcoms=[{"key": "return_value", "value": [1, 2], "length": 2}])
    with server.store.reading() as tx:
        assert xcoms.lengths(tx, started.instance.dag_run_id, ["t"]) == {"t": {-1: 2}}
