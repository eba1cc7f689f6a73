"""Tasks with ``runtime: airflow``: our runner, brought along, in an image that has nothing of GoFlow's."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from goflow.domain.spec import DagSpec, RuntimeSpec, TaskSpec
from goflow.operators.manifest import Site, job_manifest
from goflow.operators.registry import convert, diagnose, in_airflow
from tests.unit.operators.test_convert import BASH, KPO, request

AIRFLOW = RuntimeSpec(runtime="airflow")
HOLE = {"$hole": {"reason": "requests.get(...)", "line": 3, "column": 1, "when": "launch"}}
BASH_TASK = TaskSpec(task_id="t", operator="BashOperator", operator_path=BASH)
POD_TASK = TaskSpec(
    task_id="t", operator="KubernetesPodOperator", operator_path=KPO, do_xcom_push=False, fields={"image": "own:1"}
)
NATIVE_TASK = TaskSpec(task_id="t", operator="native", operator_path="goflow.native", native={"Command": ["true"]})


def manifest(task: TaskSpec, whole: RuntimeSpec = AIRFLOW, **of_site: Any) -> dict[str, Any]:
    asked = request(task)
    asked = dataclasses.replace(asked, dag=dataclasses.replace(asked.dag, runtime=whole))
    site = Site(task_api="http://goflow:8081", runner_image="runner:1", **of_site)
    return job_manifest(convert(asked), site)["spec"]["template"]["spec"]


def test_the_runner_comes_as_one_file_and_starts_with_the_images_own_python():
    pod = manifest(BASH_TASK, dataclasses.replace(AIRFLOW, image="team/airflow:7"), runner_pull_policy="Never")
    (first,) = pod["initContainers"]
    assert (first["image"], first["imagePullPolicy"]) == ("runner:1", "Never")
    assert first["command"] == ["goflow-runner", "pack", "/var/run/goflow-runner/goflow-runner.pyz"]
    main = pod["containers"][0]
    assert main["image"] == "team/airflow:7"
    assert main["command"] == ["python", "/var/run/goflow-runner/goflow-runner.pyz", "run"]
    mounted = {mount["name"]: mount for mount in main["volumeMounts"]}
    assert mounted["goflow-runner"] == {
        "name": "goflow-runner",
        "mountPath": "/var/run/goflow-runner",
        "readOnly": True,
    }
    assert {"name": "goflow-runner", "emptyDir": {}} in pod["volumes"]


def test_no_token_stands_in_the_manifest():
    environment = {one["name"]: one.get("value", "") for one in manifest(BASH_TASK)["containers"][0]["env"]}
    assert environment["GOFLOW_TOKEN_FILE"] == "/var/run/secrets/goflow/token"
    assert not any("AIRFLOW" in name for name in environment)


def test_goflow_yaml_says_where_python_is():
    main = manifest(BASH_TASK, dataclasses.replace(AIRFLOW, python="/opt/venv/bin/python"))["containers"][0]
    assert (main["image"], main["command"][0]) == ("apache/airflow:latest", "/opt/venv/bin/python")


@pytest.mark.parametrize(
    ("task", "whole", "expected"),
    [
        (BASH_TASK, AIRFLOW, True),
        (BASH_TASK, RuntimeSpec(), False),
        (dataclasses.replace(BASH_TASK, runtime=AIRFLOW), RuntimeSpec(runtime="shim"), True),
        (dataclasses.replace(BASH_TASK, runtime=RuntimeSpec(runtime="shim")), AIRFLOW, False),
        (POD_TASK, AIRFLOW, False),
        (NATIVE_TASK, AIRFLOW, False),
        (dataclasses.replace(BASH_TASK, executor_config={"pod_override": HOLE}), AIRFLOW, False),
    ],
    ids=[
        "asked for the DAG", "not asked for", "asked for the task", "the task says otherwise", "a pod of its own",
        "a native task", "a launch that finds out what the pod is made of",
    ],
)  # fmt: skip
def test_which_launches_are_airflows(task: TaskSpec, whole: RuntimeSpec, expected: bool):
    assert in_airflow(DagSpec(dag_id="d", tasks=(task,), runtime=whole), task, "kubernetes", None) is expected


def test_a_launch_that_finds_out_runs_the_shim_in_the_runner_image():
    task = dataclasses.replace(BASH_TASK, executor_config={"pod_override": HOLE})
    pod = manifest(task, dataclasses.replace(AIRFLOW, image="team/airflow:7"))
    assert (pod["containers"][0]["image"], "initContainers" in pod) == ("runner:1", False)


def test_nothing_is_told_of_it_any_more():
    assert diagnose(DagSpec(dag_id="d", tasks=(BASH_TASK,), runtime=AIRFLOW), "f.py") == []
