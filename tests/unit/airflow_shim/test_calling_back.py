"""Callbacks of a DAG: called with the context that Airflow gives them, each of them, whatever the others do."""

from __future__ import annotations

import pytest

FILE = """
from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

def told(context):
    print("told", sorted(set(context) & {"dag", "run_id", "reason", "ti", "ds"}), context["reason"], context["dag"].dag_id)
    if "ti" in context:
        print("ti", context["ti"].task_id, context["ti"].state, context["run_id"])

def of_task(context):
    print("of task", context["ti"].task_id, context["ti"].state, "reason" in context, context.get("exception"))

def broken(context):
    raise ValueError("broken callback")

with DAG("d", schedule=None, on_success_callback=told, on_failure_callback=[broken, told]):
    EmptyOperator(task_id="t", on_failure_callback=of_task, on_retry_callback=of_task)
"""


@pytest.fixture
def call(dags, call_back):
    """Calls back; whether nothing has raised, and what was printed."""
    dags.write(FILE)

    def now(kind: str, *, with_task: bool = True, dialect: str = "airflow3"):
        given = dags.given(dialect=dialect)
        return call_back(kind, given, launch_id="l", task=given if with_task else None)

    return now


def test_it_is_given_the_context_of_the_task_instance_and_the_reason(call):
    ok, printed = call("success")
    assert ok
    assert "told ['dag', 'ds', 'reason', 'run_id', 'ti'] why d\nti t success r\n" in printed


def test_without_a_task_instance_it_is_given_what_there_is(call):
    ok, printed = call("success", with_task=False)
    assert ok
    assert "told ['dag', 'reason', 'run_id'] why d\n" in printed


def test_one_that_raises_does_not_keep_the_next_from_being_called(call):
    ok, printed = call("failure")
    assert not ok
    assert "ValueError: broken callback" in printed
    assert "ti t failed r" in printed


@pytest.mark.parametrize(
    ("kind", "dialect", "said"),
    [
        pytest.param("task_failure", "airflow3", "of task t failed False None", id="a failure"),
        pytest.param("task_retry", "airflow3", "of task t up_for_retry False None", id="a retry"),
        pytest.param("task_failure", "airflow2", "of task t failed False why", id="Airflow 2 says why"),
    ],
)
def test_a_tasks_callback_is_given_the_context_of_the_task(call, kind, dialect, said):
    ok, printed = call(kind, dialect=dialect)
    assert ok
    assert f"{said}\n" in printed


def test_a_task_without_that_callback_calls_nothing(call):
    assert call("task_success")[0]
