"""What tasks and assets remember (AIP-103, Airflow 3.3), as a task sees it."""

from __future__ import annotations

import datetime as dt

import pytest

HEAD = """
from datetime import timedelta
from airflow.sdk import DAG, Asset, task
from airflow.sdk.execution_time.context import NEVER_EXPIRE
A, B = Asset(name="a", uri="s3://a"), Asset("b")
with DAG("d", schedule=None):
    @task(inlets=[%s], outlets=[%s])
    def t(task_state_store=None, asset_state_store=None):
        %s
    t()
"""


def run(dags, body, inlets="", outlets=""):
    return dags.write(HEAD % (inlets, outlets, body)).run()


def test_a_task_finds_again_what_an_earlier_attempt_kept(dags):
    run(dags, "task_state_store.set('job', {'id': 7})")
    run(dags, "return [task_state_store.get('job'), task_state_store.get('none', 'default')]")
    assert dags.result() == [{"id": 7}, "default"]


def test_it_can_be_forgotten(dags):
    for forgetting in ("delete('job')", "clear()"):
        run(
            dags,
            f"task_state_store.set('job', 1); task_state_store.{forgetting}; return task_state_store.get('job', 0)",
        )
        assert dags.result() == 0


RETENTIONS = {"": 30, ", retention=timedelta(days=2)": 2, ", retention=NEVER_EXPIRE": None}


@pytest.mark.parametrize(("argument", "days"), RETENTIONS.items())
def test_it_lasts_as_long_as_was_asked_for(dags, argument, days):
    assert run(dags, f"task_state_store.set('job', 1{argument})")["state"] == "success"
    ((_, expires_at),) = dags.client.expiries.items()
    assert (days is None) == (expires_at is None)
    if days is not None:
        left = dt.datetime.fromisoformat(expires_at) - dt.datetime.now(dt.UTC)
        assert abs(left - dt.timedelta(days=days)) < dt.timedelta(minutes=5)


def test_none_cannot_be_kept(dags):
    outcome = run(dags, "task_state_store.set('job', None)")
    assert (outcome["state"], "Cannot set value as None" in outcome["message"]) == ("failed", True)


def test_an_asset_remembers_under_its_name(dags):
    run(dags, "asset_state_store[A].set('watermark', 5)", "A", "B")
    run(dags, "return [asset_state_store[A].get('watermark'), asset_state_store[B].get('watermark', 0)]", "A", "B")
    assert dags.result() == [5, 0]


def test_a_single_asset_need_not_be_named(dags):
    run(dags, "asset_state_store.set('watermark', 5); return asset_state_store.get('watermark')", "A")
    assert dags.result() == 5


REFUSED = {
    "an asset of another task": ("asset_state_store[B]", "is not in this task's inlets or outlets"),
    "no asset of two": ("asset_state_store.get('x')", "Task has 2 concrete inlets and outlets"),
}


@pytest.mark.parametrize(("body", "words"), REFUSED.values(), ids=REFUSED)
def test_what_airflow_refuses_is_refused(dags, body, words):
    outcome = run(dags, body, "A", "Asset('c')")
    assert outcome["state"] == "failed"
    assert words in outcome["message"]
