"""Airflow's own client drives a running GoFlow: every operation that it has."""

from __future__ import annotations

from tests.integration.rest.calls import Answer
from tests.integration.rest.operations import BUT, NOT, operations

REFUSED = {
    "delete_task_instance": 409,
    "test_connection": 403,
    "enqueue_connection_test": 403,
    "get_connection_test": 404,
    "get_external_log_url": 400,
}
CALLS = {
    "again": {409, 404},
    "unknown": {404},
    "wrong": {400, 404, 422},
    "default": {400},
}
"""What calls with such a name get: they ask for what is not there, is there already or is nonsense."""


def test_every_operation_works_but_for_those_that_are_refused(answers: dict[str, Answer]) -> None:
    names = {one.name for one in operations()}
    assert {answer.operation for answer in answers.values()} == names
    good = {answer.operation for answer in answers.values() if 200 <= answer.status < 300}
    # active DAGs come back with their files: one is deleted when its file is gone
    assert names - good - {"delete_dag"} == set(NOT)


def test_what_is_refused_is_refused_as_the_table_says(answers: dict[str, Answer]) -> None:
    assert set(REFUSED) == set(NOT)
    assert {name: answers[name].status for name in REFUSED} == REFUSED


def test_what_is_always_empty_is_empty(answers: dict[str, Answer]) -> None:
    always = {name for name, words in BUT.items() if words.startswith("always empty")}
    assert {name: answers[name].body["total_entries"] for name in always} == dict.fromkeys(always, 0)


def test_nothing_else_fails(answers: dict[str, Answer]) -> None:
    for name, answer in answers.items():
        kind = name.split(" ")[1] if " " in name else ""
        if answer.operation in NOT or name in ELSEWHERE:
            continue
        expected = CALLS.get(kind, {200, 201, 204})
        assert answer.status in expected, (name, answer.status, answer.body)


ELSEWHERE = {
    "delete_dag": "its file is there",
    "get_task_instance mapped": "404, as in Airflow: the map index is missing",
    "get_mapped_task_instances of none": "404, as in Airflow: it is not mapped",
    "get_task_instances of no run": "404",
    "materialize_asset of nobody": "404: nobody makes it",
}
"""Calls that are refused for another reason."""


def test_errors_have_airflows_body(answers: dict[str, Answer]) -> None:
    for name, answer in answers.items():
        if answer.status == 422 and isinstance(answer.body["detail"], list):
            assert {"loc", "msg", "type"} <= set(answer.body["detail"][0]), name
        elif answer.status >= 400:
            assert isinstance(answer.body["detail"], str), (name, answer.body)


def test_pages_filters_and_orders_are_airflows(answers: dict[str, Answer]) -> None:
    def ids(name: str, key: str = "dags", field: str = "dag_id") -> list[str]:
        return [row[field] for row in answers[name].body[key]]

    assert ids("get_dags") == ["asks", "called", "calls", "fails", "grouped", "makes", "mapped", "plain", "waits"]
    assert (ids("get_dags page"), answers["get_dags page"].body["total_entries"]) == (["plain", "mapped"], 9)
    assert ids("get_dags by tags") == ["plain"]
    assert ids("get_dags by any tag") == ["mapped", "plain"]
    assert ids("get_dags by pattern") == ["fails", "plain", "waits"]
    assert ids("get_dags by prefix") == ["makes", "mapped"]
    assert ids("get_dags by name") == ["grouped"]
    assert ids("get_dags by owner") == ["plain"]
    assert ids("get_dags by assets") == ids("get_dags by asset") == ["waits"]
    assert ids("get_dags favorites") == ["plain"]
    assert ids("get_dags by last state") == ["fails"]
    assert ids("get_dag_runs page", "dag_runs") == ["mapped", "makes"]
    assert ids("get_dag_runs cursor", "dag_runs", "dag_run_id") == ["one"]
    assert ids("get_dag_runs next", "dag_runs", "dag_run_id") == ["bare"]
    assert ids("get_task_instances by operator", "task_instances", "task_id") == ["say"]
    assert ids("get_task_instances by name", "task_instances", "task_id") == ["count"]
    assert ids("get_task_instances of group", "task_instances", "task_id") == ["g.left", "g.right"]


def test_results_logs_and_the_end_of_a_run_are_read(answers: dict[str, Answer]) -> None:
    value = {"n": 2, "all": [1, 2.5, None, "x"]}
    assert answers["get_xcom_entry deserialized"].body["value"] == value
    assert answers["get_xcom_entry of copy"].body["value"] == 6
    assert any("hello 5" in line["event"] for line in answers["get_log"].body["content"])
    lines = str(answers["wait_dag_run_until_finished"].body)
    assert "success" in lines
    assert "2.5" in lines
