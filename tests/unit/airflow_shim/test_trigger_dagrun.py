"""TriggerDagRunOperator: the logical date of the run that it makes, in both dialects."""

from __future__ import annotations

import pytest
from goflow_runner import wire
from goflow_runner.client import RefusedError

IMPORTS = {
    "airflow2": "from airflow import DAG\nfrom airflow.operators.trigger_dagrun import TriggerDagRunOperator\n",
    "airflow3": "from airflow.sdk import DAG\n"
    "from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator\n",
}
GIVEN = "2026-01-02T03:04:05+00:00"
NOW = "now"
MADE = {
    "Airflow 2, none given: now": ("airflow2", "", NOW),
    "Airflow 2, None given: now": ("airflow2", "logical_date=None", NOW),
    "Airflow 2, a logical date": ("airflow2", f"logical_date='{GIVEN}'", GIVEN),
    "Airflow 2, an execution date": ("airflow2", f"execution_date='{GIVEN}'", GIVEN),
    "Airflow 3, none given: now": ("airflow3", "", NOW),
    "Airflow 3, None given: none": ("airflow3", "logical_date=None", None),
    "Airflow 3, a logical date": ("airflow3", f"logical_date='{GIVEN}'", GIVEN),
}


@pytest.mark.parametrize(("dialect", "argument", "made"), MADE.values(), ids=MADE)
def test_the_logical_date_is_what_it_is_under_airflow(dags, dialect, argument, made):
    text = f"{IMPORTS[dialect]}with DAG('d', schedule=None):\n"
    dags.write(f"{text}    TriggerDagRunOperator(task_id='t', trigger_dag_id='other', {argument})\n")
    assert dags.run(dialect=dialect)["state"] == "success"
    (body,) = dags.client.triggered
    told = body.get("logical_date")
    assert (NOW if told and told != GIVEN else told) == made
    assert body.get("without_logical_date", False) is (made is None)


def test_under_airflow_2_an_argument_that_is_not_given_is_none_as_it_was_read(dags):
    dags.write(
        f"{IMPORTS['airflow2']}with DAG('d', schedule=None):\n"
        "    TriggerDagRunOperator(task_id='t', trigger_dag_id='other')\n"
    )
    spec = {"task_id": "t", "operator": "TriggerDagRunOperator", "fields": {"logical_date": None}}
    assert dags.run(dialect="airflow2", task=spec)["state"] == "success"


def test_under_airflow_2_the_logical_date_is_a_result_too(dags):
    dags.write(
        f"{IMPORTS['airflow2']}with DAG('d', schedule=None):\n"
        f"    TriggerDagRunOperator(task_id='t', trigger_dag_id='other', logical_date='{GIVEN}')\n"
    )
    dags.run(dialect="airflow2")
    assert dags.result(key="trigger_logical_date_iso") == GIVEN
    assert dags.result(key="trigger_run_id") == f"manual__{GIVEN}"


REFUSALS = {
    "the DAG is paused": (wire.PAUSED, "fail_when_dag_is_paused=True", "failed", "DagIsPaused"),
    "there is no such DAG": (404, "", "failed", "DagNotFound"),
    "the run is there": (409, "", "failed", "DagRunAlreadyExists"),
    "the run is there, and that is no failure": (
        *(409, "skip_when_already_exists=True", "skipped"),
        "Skipping due to skip_when_already_exists is set to True and DagRunAlreadyExists",
    ),
}


@pytest.mark.parametrize("dialect", IMPORTS)
@pytest.mark.parametrize(("status", "argument", "state", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_the_exception_that_airflow_has_for_it(dags, capsys, dialect, status, argument, state, reason):
    dags.client.refusal = RefusedError(status, "in words")
    dags.write(
        f"{IMPORTS[dialect]}with DAG('d', schedule=None):\n"
        f"    TriggerDagRunOperator(task_id='t', trigger_dag_id='other', {argument})\n"
    )
    assert dags.run(dialect=dialect)["state"] == state
    assert reason in capsys.readouterr().out


@pytest.mark.parametrize("dialect", IMPORTS)
@pytest.mark.parametrize(
    ("states", "arguments", "expected"),
    [
        (["running", "success"], "", "success"),
        (["running", "failed"], "", "failed"),
        (["queued", "failed"], "allowed_states=['failed'], failed_states=[]", "success"),
        (["success"], "allowed_states=['failed'], failed_states=['success']", "failed"),
    ],
)
def test_it_waits_until_the_run_is_in_a_state_that_was_named(dags, monkeypatch, dialect, states, arguments, expected):
    left = list(states)
    monkeypatch.setattr(dags.client, "dag_runs", lambda *_, **__: [{"state": left.pop(0)}], raising=False)
    dags.write(
        f"{IMPORTS[dialect]}with DAG('d', schedule=None):\n    TriggerDagRunOperator(task_id='t', "
        f"trigger_dag_id='other', wait_for_completion=True, poke_interval=0, {arguments})\n"
    )
    assert dags.run(dialect=dialect)["state"] == expected
    assert left == []
