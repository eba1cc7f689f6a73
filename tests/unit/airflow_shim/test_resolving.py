"""The shim finds out what a task's pod is made of, without running it."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import pytest
from airflow._goflow.stand_in import stand_in
from airflow._goflow.tagged import tagged

from goflow.operators.objects import manifest_of
from tests.unit.airflow_shim.kit import Dags

DAG = """
import datetime
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG, task
from kubernetes.client import models as k8s

with DAG("d", user_defined_macros={"loud": lambda text: text.upper()}):
    KubernetesPodOperator(
        task_id="t",
        image="x:" + str(1 + 1),
        arguments=["{{ loud(run_id) }}", "{{ ds }}"],
        name="{{ not a template field }}",
        container_resources=k8s.V1ResourceRequirements(limits={"cpu": "1"}),
        startup_timeout_seconds=datetime.timedelta(minutes=2).total_seconds(),
    )

    @task
    def numbers():
        return [1, 2]

    KubernetesPodOperator.partial(task_id="m", image="x").expand(cmds=numbers().map(lambda n: ["echo", str(n * 10)]))
"""
FIELDS = {"operator": "KubernetesPodOperator", "template_fields": ["image", "arguments", "cmds"]}


def resolve(dags: Dags, *names: str, task_id: str = "t", **more: Any) -> dict[str, Any]:
    return dags.write(DAG).run(task_id, task={"task_id": task_id, **FIELDS}, resolve=list(names), **more)


def test_it_tells_what_is_asked_for_and_all_template_fields(dags: Dags) -> None:
    outcome = resolve(dags, "container_resources", "name")
    assert (outcome["state"], outcome["reason"]) == ("up_for_reschedule", "Resolved")
    resources = outcome["resolved"].pop("container_resources")
    assert outcome["resolved"] == {
        "image": "x:2",
        "arguments": ["R", "2026-01-02"],
        "name": "{{ not a template field }}",
    }
    assert manifest_of(resources) == {"limits": {"cpu": "1"}}


def test_a_copy_gets_its_share(dags: Dags) -> None:
    dags.write(DAG).run("numbers")
    outcome = resolve(dags, "cmds", task_id="m", map_index=1)
    assert outcome["resolved"]["cmds"] == ["echo", "20"]


def test_a_file_that_cannot_tell_is_a_failure_of_the_attempt(dags: Dags) -> None:
    text = DAG.replace("loud(run_id)", "loud(1)")
    outcome = dags.write(text).run("t", task={"task_id": "t", **FIELDS}, resolve=["arguments"])
    assert (outcome["state"], outcome["retry"]) == ("failed", True)
    assert "upper" in outcome["message"]


class Colour(enum.Enum):
    RED = "red"


TAGGED = {
    "plain JSON": ({"a": [1, 2.5, None, True, "x"]}, {"a": [1, 2.5, None, True, "x"]}),
    "a tuple": ((1, "a"), {"$tuple": [1, "a"]}),
    "a set, in order": ({"b", "a"}, {"$set": ["a", "b"]}),
    "keys that are no text": ({1: "a"}, {"$dict": [[1, "a"]]}),
    "a moment, in UTC": (
        dt.datetime(2026, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        {"$datetime": "2026-01-01T00:00:00+00:00"},
    ),
    "a time span": (dt.timedelta(minutes=1), {"$timedelta": 60.0}),
    "a member of an enum": (Colour.RED, "red"),
    "a function": (stand_in, {"$callable": "airflow._goflow.stand_in:stand_in"}),
}


@pytest.mark.parametrize(("value", "json"), TAGGED.values(), ids=TAGGED)
def test_values_are_told_as_the_daemons_own_reader_writes_them(value: Any, json: Any) -> None:
    assert tagged(value) == json
