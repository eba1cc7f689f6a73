"""Where a task runs, and who has the last word: the daemon, `goflow.yaml`, the task's own ``executor_config``."""

from __future__ import annotations

import pytest

from goflow.domain.spec import DagSpec, RuntimeSpec, TaskSpec
from goflow.operators.manifest import job_manifest
from goflow.operators.registry import NotConvertibleError, convert
from tests.unit.operators.test_convert import BASH, SITE, request


def job(whole=None, own=None, override=None):
    config = {"pod_override": override} if override else None
    task = TaskSpec(
        task_id="t",
        operator="BashOperator",
        operator_path=BASH,
        executor_config=config,
        runtime=own or RuntimeSpec(),
    )
    return job_manifest(
        convert(request(task, DagSpec(dag_id="d", tasks=(task,), runtime=whole or RuntimeSpec()))), SITE
    )


def pod_of(**words):
    return job(**words)["spec"]["template"]["spec"]


def main_of(**words):
    return pod_of(**words)["containers"][0]


TEMPLATE = {
    "metadata": {"labels": {"from": "template", "own": "template"}},
    "spec": {
        "serviceAccountName": "of-template",
        "nodeSelector": {"disk": "ssd"},
        "containers": [
            {
                "name": "base",
                "image": "apache/airflow:2.11.2",
                "args": ["never"],
                "env": [{"name": "A", "value": "template"}, {"name": "B", "value": "template"}],
                "resources": {"limits": {"cpu": "1"}},
            },
            {"name": "beside", "image": "beside:1"},
        ],
    },
}
SAID = RuntimeSpec(
    service_account="said",
    environment={"A": "said"},
    resources={"limits": {"cpu": "2"}},
    labels={"from": "said"},
    pod_template=TEMPLATE,
)
OVERRIDE = {
    "metadata": {"labels": {"from": "override", "goflow/task-id": "forged"}},
    "spec": {
        "serviceAccountName": "override",
        "containers": [
            {
                "name": "base",
                "image": "override:1",
                "env": [{"name": "A", "value": "override"}],
                "resources": {"limits": {"cpu": "3"}},
            }
        ],
    },
}


@pytest.mark.parametrize(
    ("words", "account", "image", "limits", "label"),
    [
        ({}, "default", "runner:1", None, None),
        ({"whole": RuntimeSpec(pod_template=TEMPLATE)}, "of-template", "runner:1", {"cpu": "1"}, "template"),
        ({"whole": SAID}, "said", "runner:1", {"cpu": "2"}, "said"),
        ({"whole": SAID, "override": OVERRIDE}, "override", "override:1", {"cpu": "3"}, "override"),
        ({"override": OVERRIDE}, "override", "override:1", {"cpu": "3"}, "override"),
        ({"whole": SAID, "own": RuntimeSpec(image="own:1")}, "said", "own:1", {"cpu": "2"}, "said"),
    ],
    ids=[
        "the daemon's defaults",
        "the pod template of goflow.yaml",
        "its keys over its template",
        "the task's override over both",
        "the override alone",
        "what is said for the task over what is said for the DAG",
    ],
)
def test_who_has_the_last_word(words, account, image, limits, label):
    made = job(**words)
    pod = made["spec"]["template"]
    main = pod["spec"]["containers"][0]
    assert pod["spec"]["serviceAccountName"] == account
    assert (main["name"], main["image"], main["command"]) == ("base", image, ["goflow-runner", "run"])
    assert "args" not in main
    assert (main.get("resources") or {}).get("limits") == limits
    assert pod["metadata"]["labels"].get("from") == label
    assert pod["metadata"]["labels"]["goflow/task-id"] == "t", "GoFlow's own labels are nobody else's to set"


def test_variables_stand_in_the_order_of_their_strength():
    told = [(one["name"], one.get("value")) for one in main_of(whole=SAID, override=OVERRIDE)["env"]]
    own = [pair for pair in told if pair[0] in {"A", "B"}]
    assert own == [("A", "said"), ("B", "template"), ("A", "override")], "Kubernetes takes the later of two"


def test_an_override_keeps_what_the_template_says_besides():
    pod = pod_of(whole=SAID, override={"metadata": {"labels": {"x": "1"}}})
    assert pod["nodeSelector"] == {"disk": "ssd"}
    assert [one["name"] for one in pod["containers"]] == ["base", "beside"]


def test_what_is_said_for_a_task_is_merged_into_what_is_said_for_its_dag():
    whole = RuntimeSpec(
        resources={"limits": {"cpu": "1", "memory": "1Gi"}},
        pod_template={"spec": {"nodeSelector": {"disk": "ssd"}}},
    )
    own = RuntimeSpec(resources={"limits": {"memory": "8Gi"}}, pod_template={"spec": {"priorityClassName": "high"}})
    pod = pod_of(whole=whole, own=own)
    assert pod["containers"][0]["resources"] == {"limits": {"cpu": "1", "memory": "8Gi"}}
    assert (pod["nodeSelector"], pod["priorityClassName"]) == ({"disk": "ssd"}, "high")


@pytest.mark.parametrize(
    "template",
    [{"spec": "x"}, {"spec": {"containers": "base"}}, {"spec": {"containers": [1]}}, {"metadata": {"labels": "x"}}],
    ids=["a text for a spec", "a text for the containers", "a number for a container", "a text for the labels"],
)
def test_a_template_that_is_no_pod_fails_its_task_and_is_not_tried_for_ever(template):
    with pytest.raises(NotConvertibleError, match="its pod cannot be made of what is said for it"):
        job(whole=RuntimeSpec(pod_template=template))
