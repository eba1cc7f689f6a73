"""Tasks become plans, and plans Jobs."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from goflow.domain.runs import Launch, TaskInstance, job_name
from goflow.domain.spec import DagSpec, RuntimeSpec, TaskSpec
from goflow.domain.state import LaunchState
from goflow.operators import runner
from goflow.operators.identity import is_ours, label_value, labels_of, sparing
from goflow.operators.manifest import Site, job_manifest
from goflow.operators.objects import json_name, manifest_of
from goflow.operators.plan import Verdict
from goflow.operators.registry import convert, diagnose
from goflow.operators.request import Defaults, PlanRequest
from tests.unit.domain.kit import run_at

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KPO = "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"
BASH = "airflow.providers.standard.operators.bash.BashOperator"
SITE = Site(task_api="http://api:8081", runner_image="runner:1")


def request(task: TaskSpec, dag: DagSpec | None = None, backend: str = "kubernetes") -> PlanRequest:
    launch_id = "0123456789ab" + "c" * 20
    return PlanRequest(
        dag=dag or DagSpec(dag_id="d", tasks=(task,)),
        task=task,
        run=run_at(NOW),
        instance=TaskInstance(id=1, dag_run_id=1, dag_id="d", run_id="manual__2026+00:00", task_id=task.task_id),
        launch=Launch(
            id=launch_id, task_instance_id=1, try_number=1, ordinal=1, state=LaunchState.PLANNED, backend=backend,
            job_name=job_name("d", task.task_id, launch_id),
        ),
        defaults=Defaults(namespace="jobs", runner_image="runner:1", backend=backend),
    )  # fmt: skip


def manifest(task: TaskSpec, **more):
    return job_manifest(convert(request(task, **more)), SITE)


def test_a_bash_task_runs_in_the_runner_image_with_a_token_and_never_twice():
    job = manifest(TaskSpec(task_id="t", operator="BashOperator", operator_path=BASH))
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert (spec["backoffLimit"], pod["restartPolicy"]) == (0, "Never")
    assert "ttlSecondsAfterFinished" not in spec
    assert spec["podFailurePolicy"]["rules"][0]["onPodConditions"][0]["type"] == "DisruptionTarget"
    assert pod["containers"][0]["command"] == ["goflow-runner", "run"]
    assert pod["automountServiceAccountToken"] is False
    token = next(volume for volume in pod["volumes"] if volume["name"] == "goflow-token")
    assert token["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "goflow"
    assert job["metadata"]["annotations"]["goflow/run-id"] == "manual__2026+00:00"
    assert job["metadata"]["labels"]["goflow/run-id"] != "manual__2026+00:00", "no valid label value"
    assert is_ours(job["metadata"], "0123456789ab" + "c" * 20, "goflow")


IN_FULL = {"goflow/run-id": "manual__2026+00:00"}
"""What no label can say of the launch of `request`."""


def test_annotations_say_no_more_than_labels_cannot_say():
    job = manifest(TaskSpec(task_id="t", operator="BashOperator", operator_path=BASH))
    assert job["metadata"]["annotations"] == job["spec"]["template"]["metadata"]["annotations"] == IN_FULL


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"labels": {"goflow/launch-id": "1", "app.kubernetes.io/instance": "flow"}}, True),
        ({"labels": {"goflow/launch-id": "2", "app.kubernetes.io/instance": "flow"}}, False),
        ({"labels": {"goflow/launch-id": "1", "app.kubernetes.io/instance": "other"}}, False),
        ({"annotations": {"goflow/launch-id": "1", "goflow/installation": "flow"}}, True),
        (
            {
                "labels": {"goflow/launch-id": "1", "app.kubernetes.io/instance": "flow"},
                "annotations": {"goflow/installation": "flow/other"},
            },
            False,
        ),
        ({}, False),
    ],
    ids=[
        "its labels say so",
        "another launch's",
        "another installation's",
        "an older daemon has said it in annotations",
        "an installation of which the label has but a part",
        "somebody else's",
    ],
)
def test_a_job_is_ours_if_it_says_so(metadata, expected):
    assert is_ours(metadata, "1", "flow") is expected


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"goflow/dag-id": "d", "goflow/task-id": "a b"}, {"goflow/task-id": "a b"}),
        ({"goflow/try-number": "1", "goflow/map-index": "-1", "goflow/launch-ordinal": "1"}, {}),
        (
            {"goflow/try-number": "2", "goflow/launch-ordinal": "3"},
            {"goflow/try-number": "2", "goflow/launch-ordinal": "3"},
        ),
        ({"goflow/installation": "flow"}, {}),
        ({"goflow/installation": "a/b"}, {"goflow/installation": "a/b"}),
        ({"team": "x", "goflow.example/dag-id": "d"}, {"team": "x", "goflow.example/dag-id": "d"}),
    ],
    ids=[
        "an id that the label has cut",
        "the first try of what is no copy goes without saying",
        "what its labels do not say",
        "the installation is the label that Kubernetes has for it",
        "unless that has no room for it",
        "the author's own stay",
    ],
)
def test_an_annotation_that_says_again_what_a_label_says_is_left_out(annotations, expected):
    labels = {"app.kubernetes.io/instance": "flow", "goflow/dag-id": "d", "goflow/task-id": "a-b-c0ffee", "team": "x"}
    assert sparing(annotations, labels) == expected


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("metadata.annotations['goflow/dag-id']", ("annotations", "goflow/dag-id", "d")),
        ("metadata.annotations", ("annotations", "goflow/map-index", "-1")),
        ("metadata.labels['goflow/try-number']", ("labels", "goflow/try-number", "1")),
    ],
)
def test_a_pod_has_all_of_what_its_author_hands_on(path, found):
    part, name, value = found
    field = {"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}
    template = {"spec": {"containers": [{"name": "base", "env": [field]}]}}
    task = TaskSpec(
        task_id="t", operator="BashOperator", operator_path=BASH, runtime=RuntimeSpec(pod_template=template)
    )
    job = manifest(task)
    assert job["spec"]["template"]["metadata"][part][name] == value
    assert name not in job["metadata"][part]


@pytest.mark.parametrize(("try_number", "label"), [(1, None), (3, "3")])
def test_a_further_try_is_labelled_as_one(try_number, label):
    asked = request(TaskSpec(task_id="t", operator="BashOperator", operator_path=BASH))
    asked = dataclasses.replace(asked, launch=dataclasses.replace(asked.launch, try_number=try_number))
    assert labels_of(asked).get("goflow/try-number") == label


def test_goflow_yaml_settings_reach_the_pod_and_the_tasks_own_word_wins():
    dag_wide = RuntimeSpec(image="whole:1", namespace="whole", environment={"A": "1", "B": "1"})
    task = TaskSpec(
        task_id="t",
        operator="BashOperator",
        operator_path=BASH,
        runtime=RuntimeSpec(image="own:1", environment={"B": "2"}),
    )
    job = manifest(task, dag=DagSpec(dag_id="d", runtime=dag_wide, tasks=(task,)))
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "own:1"
    assert job["metadata"]["namespace"] == "whole"
    assert {"name": "A", "value": "1"} in container["env"]
    assert {"name": "B", "value": "2"} in container["env"]


def test_a_pod_operators_container_is_the_authors_own():
    task = TaskSpec(
        task_id="t",
        operator="KubernetesPodOperator",
        operator_path=KPO,
        fields={"image": "busybox", "cmds": ["sh"], "arguments": ["-c", "true"], "env_vars": {"X": "1"}},
        arguments={"namespace": "there"},
        do_xcom_push=True,
    )
    plan = convert(request(task))
    assert plan.verdict is Verdict.CONTAINER
    job = job_manifest(plan, SITE)
    pod = job["spec"]["template"]["spec"]
    assert job["metadata"]["namespace"] == "there"
    assert (pod["containers"][0]["command"], pod["containers"][0]["args"]) == (["sh"], ["-c", "true"])
    assert pod["initContainers"][0]["restartPolicy"] == "Always", "a native sidecar sends the result"


OWN_WAYS = ["callbacks", "progress_callback", "pre_execute", "post_execute", "config_file", "cluster_context"]


@pytest.mark.parametrize("name", OWN_WAYS)
def test_what_only_the_operator_s_own_execute_does_is_left_to_it_and_told_at_import(name):
    task = TaskSpec(
        task_id="t", operator="KubernetesPodOperator", operator_path=KPO, fields={"image": "x"}, arguments={name: "y"}
    )
    assert convert(request(task)).command == runner.COMMAND
    (told,) = diagnose(DagSpec(dag_id="d", tasks=(task,)), "f.py")
    assert (told.code, name in told.message) == ("GF301", True)


INFO = {"class": "airflow.contrib.kubernetes.pod_runtime_info_env.PodRuntimeInfoEnv"}
NAME = {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


@pytest.mark.parametrize(
    "arguments", [{"name": "NAME", "field_path": "metadata.name"}, {"0": "NAME", "1": "metadata.name"}]
)
def test_airflow_1_10_s_variables_of_the_pod_itself_come_after_its_own(arguments):
    values = {"env_vars": {"A": 1}, "pod_runtime_info_envs": [{"$object": {**INFO, "arguments": arguments}}]}
    task = TaskSpec(
        task_id="t", operator="KubernetesPodOperator", operator_path=KPO, fields={"image": "x"}, arguments=values
    )
    variables = convert(request(task)).container["env"]
    assert variables == [{"name": "A", "value": "1"}, NAME]


def test_a_native_task_with_an_image_of_its_own_is_in_the_pod_that_its_file_gives():
    template = {
        "metadata": {"labels": {"team": "data"}},
        "spec": {
            "nodeSelector": {"disk": "fast"},
            "volumes": [{"name": "data", "emptyDir": {}}],
            "containers": [
                {
                    "name": "main",
                    "image": "another",
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                    "env": [{"name": "A", "value": "of the template"}, {"name": "B", "value": "of the template"}],
                },
                {"name": "beside", "image": "beside"},
            ],
        },
    }
    task = TaskSpec(
        task_id="t",
        operator="NativeOperator",
        operator_path="goflow.native",
        native={"DockerImage": "busybox", "Command": ["true"], "Env": {"A": "own"}},
        runtime=RuntimeSpec(pod_template=template, resources={"limits": {"memory": "1Gi"}}, labels={"own": "label"}),
    )
    made = manifest(task)["spec"]["template"]
    main, beside = made["spec"]["containers"]
    assert (made["spec"]["nodeSelector"], beside["name"]) == ({"disk": "fast"}, "beside")
    assert (made["metadata"]["labels"]["team"], made["metadata"]["labels"]["own"]) == ("data", "label")
    assert (main["image"], main["command"], main["resources"]) == ("busybox", ["true"], {"limits": {"memory": "1Gi"}})
    assert main["volumeMounts"] == [{"name": "data", "mountPath": "/data"}]
    assert main["env"] == [{"name": "A", "value": "own"}, {"name": "B", "value": "of the template"}]


def test_a_native_task_keeps_the_meaning_of_its_keys():
    native = {"DockerImage": "busybox", "Command": ["true"], "Parallelism": 3, "TimeLimit": 60, "RetryPolicy": "Never"}
    job = manifest(TaskSpec(task_id="t", operator="NativeOperator", operator_path="goflow.native", native=native))
    assert (job["spec"]["parallelism"], job["spec"]["completions"]) == (3, 3)
    assert job["spec"]["activeDeadlineSeconds"] == 60
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "busybox"


def test_an_operator_of_another_provider_names_its_package():
    task = TaskSpec(
        task_id="t", operator="HttpOperator", operator_path="airflow.providers.http.operators.http.HttpOperator"
    )
    found = diagnose(DagSpec(dag_id="d", tasks=(task,)), "f.py")
    assert "apache-airflow-providers-http" in found[0].hint


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("run_as_user", "runAsUser"),
        ("host_ip", "hostIP"),
        ("_from", "from"),
        ("volume_id", "volumeID"),
        ("name", "name"),
    ],
)
def test_attribute_names_become_the_apis(attribute, expected):
    assert json_name(attribute) == expected


def test_models_become_manifests_and_free_keys_stay():
    value = {
        "$object": {"class": "V1Pod", "module": "m", "arguments": {"node_selector": {"a_b": "c"}, "host_pid": True}}
    }
    assert manifest_of(value) == {"nodeSelector": {"a_b": "c"}, "hostPID": True}


def test_names_fit_and_differ():
    long = job_name("d" * 200, "t" * 200, "0123456789ab" + "1" * 20)
    other = job_name("d" * 200, "t" * 200, "0123456789ab" + "2" * 20)
    assert len(long) <= 57
    assert long != other
    assert len(label_value("x" * 100)) <= 63


def test_secrets_of_the_namespace_give_variables_by_name_and_nothing_else_of_them():
    runtime = RuntimeSpec(
        environment={"A": "1", "AIRFLOW_CONN_SHOP": "http://for-reading"},
        environment_from_secrets={"AIRFLOW_CONN_SHOP": "shop/uri"},
        pod_template={"spec": {"containers": [{"env": [{"name": "AIRFLOW_CONN_SHOP", "value": "template"}]}]}},
    )
    job = manifest(TaskSpec(task_id="t", operator="BashOperator", operator_path=BASH, runtime=runtime))
    given = {one["name"]: one for one in job["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert given["A"] == {"name": "A", "value": "1"}
    assert given["AIRFLOW_CONN_SHOP"] == {
        "name": "AIRFLOW_CONN_SHOP",
        "valueFrom": {"secretKeyRef": {"name": "shop", "key": "uri"}},
    }
