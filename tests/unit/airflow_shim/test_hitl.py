"""Operators that ask a person: what they ask, and what comes of the answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from airflow._goflow.serialization import serialize

from tests.unit.airflow_shim.kit import Dags

HEAD = """
import datetime
from airflow.providers.standard.operators.hitl import (
    ApprovalOperator, HITLBranchOperator, HITLEntryOperator, HITLOperator
)
from airflow.sdk import DAG, Param, task
with DAG("d"):
    @task
    def left(): ...
    @task
    def right(): ...
    below = [left(), right()]
    t = """
AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def answered(*chosen: str, **filled: Any) -> dict[str, Any]:
    """How a launch goes on after that answer."""
    event = {
        "chosen_options": list(chosen),
        "params_input": filled,
        "responded_at": AT,
        "responded_by_user": {"id": "1", "name": "me"},
        "timedout": False,
    }
    return resumed(event)


def resumed(event: dict[str, Any]) -> dict[str, Any]:
    fired = {"kind": "event", "payload": serialize(event)}
    return {"next_method": "execute_complete", "next_kwargs": {}, "encoding": "goflow", "fired": fired}


def put(dags: Dags, call: str) -> None:
    dags.write(f"{HEAD}{call}\n    t >> below\n")


def test_a_task_asks_and_waits_for_nobodys_trigger(dags: Dags) -> None:
    put(
        dags,
        "HITLOperator(task_id='t', subject='{{ ds }}?', options=['a', 'b'], defaults='b', "
        "params={'n': Param(3, type='integer')}, assigned_users={'id': '1', 'name': 'me'}, response_timeout=datetime.timedelta(seconds=5))",
    )
    outcome = dags.run()
    (question,) = dags.client.questions
    assert (question["subject"], question["options"], question["defaults"]) == ("2026-01-02?", ["a", "b"], ["b"])
    assert (question["params"]["n"]["value"], question["assigned_users"]) == (3, [{"id": "1", "name": "me"}])
    told = outcome["deferral"]
    assert (outcome["state"], told["next_method"], told["timeout_s"]) == ("deferred", "execute_complete", 5.0)
    assert told["classpath"] == "airflow.providers.standard.triggers.hitl.HITLTrigger"


def test_the_answer_is_the_result(dags: Dags) -> None:
    put(dags, "HITLOperator(task_id='t', subject='?', options=['a', 'b'], params={'n': Param(3, type='integer')})")
    assert dags.run(resume=answered("a", n=4))["state"] == "success"
    assert dags.result() == {
        "chosen_options": ["a"],
        "params_input": {"n": 4},
        "responded_at": AT,
        "responded_by_user": {"id": "1", "name": "me"},
    }


REFUSED = [
    ("what is no option", answered("c"), "not in ['a', 'b']"),
    ("another field", answered("a", m=1), "does not match params"),
    ("no answer in time", resumed({"error": "late", "error_type": "timeout"}), "HITLTimeoutError"),
]


@pytest.mark.parametrize(("resume", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_no_answer_fails_the_task(dags: Dags, resume: dict[str, Any], words: str) -> None:
    put(dags, "HITLOperator(task_id='t', subject='?', options=['a', 'b'], params={'n': Param(3, type='integer')})")
    outcome = dags.run(resume=resume)
    assert outcome["state"] == "failed"
    assert words in outcome["message"]


def test_a_rejection_skips_what_is_below_and_an_approval_does_not(dags: Dags) -> None:
    put(dags, "ApprovalOperator(task_id='t', subject='?')")
    assert dags.run(resume=answered("Approve"))["skip_downstream"] == []
    outcome = dags.run(resume=answered("Reject"))
    assert (outcome["state"], sorted(outcome["skip_downstream"])) == ("success", ["left", "right"])
    put(dags, "ApprovalOperator(task_id='t', subject='?', fail_on_reject=True)")
    assert dags.run(resume=answered("Reject"))["message"] == 'Receive "Reject"'


def test_a_branch_goes_on_with_what_is_chosen(dags: Dags) -> None:
    put(dags, "HITLBranchOperator(task_id='t', subject='?', options=['L', 'right'], options_mapping={'L': 'left'})")
    assert dags.run(resume=answered("L"))["skip_downstream"] == ["right"]


def test_a_form_has_one_button(dags: Dags) -> None:
    put(dags, "HITLEntryOperator(task_id='t', subject='?', params={'n': 1})")
    dags.run()
    (question,) = dags.client.questions
    assert (question["options"], question["defaults"]) == (["OK"], ["OK"])
