"""What Elasticsearch is asked, and what becomes of each of its answers; real servers are in ``tests/conformance/logs``."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from goflow.domain.runs import new_launch_id
from goflow.logs.contract import Line, LogRequestTooLargeError, LogStoreAwayError, Query, Source, first_id_of
from goflow.logs.elasticsearch import ElasticsearchLogs, ElasticsearchSettings
from tests.logs_kit import rows

DAY = dt.date(2026, 11, 29)
SOURCE = Source(launch_id=first_id_of(DAY) + new_launch_id()[12:], dag_id="d", run_id="r", task_id="t")
LINES = [Line(SOURCE, row) for row in rows(1, 3)]


class Elastic:
    """Answers as told, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Callable[[httpx.Request], httpx.Response], **settings: Any) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = list(answers)
        given = ElasticsearchSettings(url="http://u:p@es:9200/below", **settings)
        self.logs = ElasticsearchLogs(given, httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if self._answers else httpx.Response(200, json={})
        return answer(request) if callable(answer) else answer


def items(*statuses: tuple[int, str]) -> httpx.Response:
    found = [{"create": {"status": status, "error": {"type": kind, "reason": "why"}}} for status, kind in statuses]
    return httpx.Response(200, json={"errors": True, "items": found})


def test_lines_are_made_with_an_id_of_their_own_in_the_index_of_their_launchs_day():
    elastic = Elastic(httpx.Response(200, json={"errors": False}))
    assert list(elastic.logs.write(LINES)) == []
    [asked] = elastic.asked
    assert (asked.method, asked.url.path) == ("POST", "/below/_bulk")
    parts = [json.loads(line) for line in asked.content.decode().splitlines()]
    assert parts[::2] == [
        {"create": {"_index": "goflow-logs-2026.11.29", "_id": f"{SOURCE.launch_id}-{seq}"}} for seq in (1, 2, 3)
    ]
    assert [part["message"] for part in parts[1::2]] == ["line 1", "line 2", "line 3"]
    assert asked.headers["content-type"] == "application/x-ndjson"
    assert elastic.logs.place == "http://es:9200/below/goflow-logs-*", "no password in what is shown"


def test_what_is_there_already_is_as_good_as_taken():
    elastic = Elastic(items((409, "version_conflict_engine_exception"), (201, ""), (409, "")))
    assert list(elastic.logs.write(LINES)) == []


def test_what_is_taken_never_is_given_back():
    elastic = Elastic(items((201, ""), (400, "document_parsing_exception"), (201, "")))
    [refusal] = elastic.logs.write(LINES)
    assert refusal.line == LINES[1]
    assert refusal.why == "document_parsing_exception: why"


@pytest.mark.parametrize(
    ("answer", "busy"),
    [
        (items((201, ""), (429, "es_rejected_execution_exception"), (201, "")), True),
        (items((503, "unavailable_shards_exception"), (201, ""), (201, "")), True),
        (items((403, "cluster_block_exception"), (201, ""), (201, "")), False),
        (items((400, "validation_exception"), (201, ""), (201, "")), False),
        (items((404, "index_not_found_exception"), (201, ""), (201, "")), False),
        (httpx.Response(429, json={"error": {"type": "circuit_breaking_exception", "reason": "too large"}}), True),
        (httpx.Response(503, text="no master"), True),
        (httpx.Response(401, json={"error": "no"}), False),
        (httpx.Response(502, text="<html>"), False),
        (httpx.Response(200, text="<html>a proxy's page</html>"), False),
    ],
)
def test_what_may_be_taken_later_is_sent_again(answer: httpx.Response, busy: bool):
    with pytest.raises(LogStoreAwayError) as caught:
        Elastic(answer).logs.write(LINES)
    assert caught.value.busy is busy


def test_who_does_not_answer_is_away():
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    with pytest.raises(LogStoreAwayError, match="connection refused"):
        Elastic(refuse).logs.write(LINES)


def test_too_much_at_once_is_told_apart():
    with pytest.raises(LogRequestTooLargeError):
        Elastic(httpx.Response(413, text="")).logs.write(LINES)


def test_a_launch_is_read_from_its_days_index_whatever_the_rotation_was():
    elastic = Elastic()
    assert elastic.logs.read(SOURCE, after=5, limit=20_000) == []
    [asked] = elastic.asked
    assert asked.url.path == "/below/goflow-logs-2026.11*/_search"
    body = json.loads(asked.content)
    assert body["size"] == 10_000
    assert {"range": {"event.sequence": {"gt": 5}}} in body["query"]["bool"]["filter"]


def test_a_search_is_for_words_in_a_row():
    elastic = Elastic()
    elastic.logs.search(Query(words="a b", dag_id="d", since=1.5, until=2.0))
    body = json.loads(elastic.asked[0].content)
    assert body["query"]["bool"]["must"] == {"match_phrase": {"message": "a b"}}
    assert {"term": {"goflow.dag_id": "d"}} in body["query"]["bool"]["filter"]
    within = {"gte": 1500, "format": "epoch_millis", "lt": 2000}
    assert {"range": {"@timestamp": within}} in body["query"]["bool"]["filter"]


def test_indices_whose_days_are_all_over_are_removed_and_no_others():
    names = ["2026.10", "2026.11", "2026.11.27", "2026.11.28", "2026.11.29", "archive", "2026.11.28-reindexed"]
    elastic = Elastic(httpx.Response(200, json={f"goflow-logs-{name}": {} for name in names}))
    gone = elastic.logs.expire(dt.date(2026, 11, 29))
    assert gone == ["goflow-logs-2026.10", "goflow-logs-2026.11.27", "goflow-logs-2026.11.28"]
    assert [asked.url.path for asked in elastic.asked if asked.method == "DELETE"] == [
        f"/below/{name}" for name in gone
    ]


@pytest.mark.parametrize(("rotation", "index"), [("day", "logs-2026.11.29"), ("month", "logs-2026.11")])
def test_the_template_is_put_for_what_the_indices_are_called(rotation: str, index: str):
    elastic = Elastic(prefix="logs", rotation=rotation, replicas=0, settings={"lifecycle.name": "mine"})
    elastic.logs.prepare()
    [asked] = elastic.asked
    assert (asked.method, asked.url.path) == ("PUT", "/below/_index_template/logs")
    template = json.loads(asked.content)
    assert template["index_patterns"] == ["logs-*"]
    assert template["template"]["settings"]["index"]["lifecycle.name"] == "mine"
    assert elastic.logs.index_of(DAY) == index


def test_a_template_that_somebody_else_keeps_is_left_alone():
    elastic = Elastic(manages_template=False)
    elastic.logs.prepare()
    assert elastic.asked == []


def test_an_api_key_is_sent_in_place_of_a_password():
    elastic = Elastic(api_key="abc")
    elastic.logs.prepare()
    assert elastic.asked[0].headers["authorization"] == "ApiKey abc"
