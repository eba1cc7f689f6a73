"""SubDagOperator of Airflow 2: the run of the DAG inside it."""

from __future__ import annotations

import pytest

from tests.unit.airflow_shim.kit import MOMENT

TEXT = """
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.subdag import SubDagOperator
with DAG("d", schedule=None):
    inner = DAG("d.t", schedule=None)
    EmptyOperator(task_id="leaf", dag=inner)
    SubDagOperator(task_id="t", subdag=inner, conf={"a": 1}, propagate_skipped_state=%r) >> EmptyOperator(task_id="u")
"""


def run(dags, state, leaf="success", propagated=None):
    """The operator, where the inner run is in STATE as soon as there is one."""
    made = dags.client.trigger_dag_run
    ended = {"run_id": "r", "state": state, "logical_date": MOMENT}
    dags.client.trigger_dag_run = lambda body: dags.client.runs.update({"d.t": [ended]}) or made(body)
    dags.client.states["d.t"] = {"leaf": {"-1": leaf}}
    return dags.write(TEXT % propagated).run(dialect="airflow2")


def test_it_makes_the_run_inside_its_own_and_ends_as_that_does(dags):
    assert run(dags, "success")["state"] == "success"
    assert dags.client.triggered == [
        {"dag_id": "d.t", "run_id": "r", "conf": {"a": 1}, "inside": True, "reset_dag_run": False}
    ]


def test_it_fails_where_the_run_inside_fails(dags):
    outcome = run(dags, "failed")
    assert (outcome["state"], "Expected state: SUCCESS" in outcome["message"]) == ("failed", True)


def test_a_run_that_has_failed_begins_anew(dags):
    dags.client.runs["d.t"] = [{"run_id": "r", "state": "failed", "logical_date": MOMENT}]
    assert run(dags, "success")["state"] == "success"
    assert dags.client.triggered[0]["reset_dag_run"] is True


def test_a_run_that_is_there_is_taken(dags):
    dags.client.runs["d.t"] = [{"run_id": "r", "state": "success", "logical_date": MOMENT}]
    assert run(dags, "success")["state"] == "success"
    assert dags.client.triggered == []


@pytest.mark.parametrize(("propagated", "skips"), [(None, []), ("any_leaf", ["u"]), ("all_leaves", ["u"])])
def test_skipped_leaves_skip_what_follows_where_that_is_asked_for(dags, propagated, skips):
    outcome = run(dags, "success", leaf="skipped", propagated=propagated)
    assert (outcome["state"], outcome.get("skip_downstream") or []) == ("success", skips)
