"""Copies of a mapped task that share one Indexed Job: whose may, and what that Job is."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from goflow.domain.runs import SHARED_NAME, job_name, launch_of, new_shared_job
from goflow.domain.spec import DagSpec, RuntimeSpec, TaskSpec
from goflow.operators.identity import OF_ONE_COPY, is_ours
from goflow.operators.manifest import job_manifest
from goflow.operators.plan import JobPlan
from goflow.operators.registry import convert
from goflow.operators.request import PlanRequest
from goflow.operators.shared import as_shared, may_share
from tests.unit.operators.test_convert import BASH, KPO, SITE, request

KEY = "0123456789ab0000ccccccccccc"
LONGEST_GENERATED = 63 - 5
"""What Kubernetes leaves of a name before it adds a suffix of five (``names.SimpleNameGenerator``)."""


def bash(**more: Any) -> TaskSpec:
    return TaskSpec(
        task_id="t", operator="BashOperator", operator_path=BASH, mapped=True, expand={"env": [{"a": "1"}]}, **more
    )


def override(pod: dict[str, Any]) -> dict[str, Any]:
    return {"pod_override": {"$object": {"class": "V1Pod", "module": "kubernetes.client", "arguments": pod}}}


def from_field(path: str) -> dict[str, Any]:
    env = [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}]
    return {"spec": {"containers": [{"name": "base", "env": env}]}}


HOLE = {"$hole": {"reason": "only its file knows"}}
WHO: dict[str, tuple[TaskSpec, bool]] = {
    "what our runner runs": (bash(), True),
    "what runs in an Airflow image": (bash(runtime=RuntimeSpec(runtime="airflow")), True),
    "a task with a pod template": (bash(runtime=RuntimeSpec(pod_template={"spec": {"nodeSelector": {"a": "b"}}})), True),
    "a task whose pod asks for its own name": (bash(runtime=RuntimeSpec(pod_template=from_field("metadata.name"))), True),
    "a task whose pod asks for its map index": (
        bash(runtime=RuntimeSpec(pod_template=from_field("metadata.labels['goflow/map-index']"))), False),
    "a task whose pod has a name of its own": (bash(runtime=RuntimeSpec(pod_template={"spec": {"hostname": "x"}})), False),
    "the same in pod_override": (bash(executor_config=override({"spec": {"hostname": "x"}})), False),
    "a pod_override that is the same for all": (bash(executor_config=override({"spec": {"node_name": "x"}})), True),
    "a pod_override that only its file knows": (bash(executor_config={"pod_override": HOLE}), False),
    "a container that is not ours, which has its arguments in its pod": (
        TaskSpec(task_id="t", operator="KubernetesPodOperator", operator_path=KPO, mapped=True,
                 fields={"image": "x"}, expand={"arguments": [["a"], ["b"]]}), False),
    "a native task": (TaskSpec(task_id="t", operator="NativeOperator", operator_path="goflow.native",
                               native={"DockerImage": "busybox", "Command": ["true"]}), False),
}  # fmt: skip


@pytest.mark.parametrize(("task", "expected"), WHO.values(), ids=WHO)
def test_who_may_share_a_job(task: TaskSpec, expected: bool) -> None:
    dag = DagSpec(dag_id="d", tasks=(task,))
    assert may_share(dag, task, "kubernetes") is expected
    assert may_share(dag, task, "local") is False


def copy_of(task: TaskSpec, index: int) -> PlanRequest:
    asked = request(task)
    launch = dataclasses.replace(asked.launch, id=launch_of(KEY, index), job_index=index, job_name="d-t-x")
    return dataclasses.replace(asked, launch=launch, instance=dataclasses.replace(asked.instance, map_index=index))


@pytest.mark.parametrize("task", [task for task, may in WHO.values() if may], ids=[w for w, (_, m) in WHO.items() if m])
def test_whose_may_share_differ_in_nothing_else(task: TaskSpec) -> None:
    one, other = (convert(copy_of(task, index)) for index in (0, 7))
    named = {"launch_id", "map_index", "labels", "annotations"}
    assert {name for name in JobPlan.__dataclass_fields__ if getattr(one, name) != getattr(other, name)} == named
    for kind in ("labels", "annotations"):
        mine, theirs = getattr(one, kind), getattr(other, kind)
        assert {name for name in mine if mine[name] != theirs[name]} == OF_ONE_COPY
    shared = [job_manifest(as_shared(plan, KEY, 8), SITE) for plan in (one, other)]
    assert shared[0] == shared[1]


def test_the_job_of_many_has_a_pod_for_each_and_no_second_one() -> None:
    job = job_manifest(as_shared(convert(copy_of(bash(), 3)), KEY, 10_000), SITE)
    spec = job["spec"]
    assert {name: value for name, value in spec.items() if name != "template"} == {
        "completionMode": "Indexed",
        "completions": 10_000,
        "parallelism": 10_000,
        "backoffLimitPerIndex": 0,
        "podFailurePolicy": {
            "rules": [{"action": "FailIndex", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "podReplacementPolicy": "Failed",
    }
    env = {one["name"]: one.get("value") for one in spec["template"]["spec"]["containers"][0]["env"]}
    assert env["GOFLOW_SHARED_JOB"] == KEY
    assert "GOFLOW_LAUNCH_ID" not in env
    for metadata in (job["metadata"], spec["template"]["metadata"]):
        assert metadata["labels"]["goflow/shared-job"] == KEY
        assert OF_ONE_COPY.isdisjoint(metadata["labels"] | metadata["annotations"])
    assert is_ours(job["metadata"], "", "goflow", KEY)
    assert not is_ours(job["metadata"], launch_of(KEY, 3), "goflow")
    assert len(json.dumps(job)) < 5_000, "arguments are fetched; it is as long for one copy as for all"


def test_kubernetes_names_the_pods_without_cutting_anything() -> None:
    name = job_name("d" * 200, "t" * 200, new_shared_job(), longest=SHARED_NAME)
    assert len(f"{name}-9999-") <= LONGEST_GENERATED


def test_ids_of_those_that_share_sort_as_their_indexes() -> None:
    key = new_shared_job()
    ids = [launch_of(key, index) for index in (0, 1, 15, 16, 255, 9999)]
    assert sorted(ids) == ids
    assert {len(launch_id) for launch_id in ids} == {32}
    assert new_shared_job() != key
