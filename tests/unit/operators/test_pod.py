"""KubernetesPodOperator's arguments become the pod that Airflow would make of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from goflow.domain.spec import DagSpec, TaskSpec
from goflow.operators.manifest import job_manifest
from goflow.operators.plan import NotConvertibleError
from goflow.operators.pod_template import merged_pods
from goflow.operators.registry import convert, diagnose
from goflow.operators.values import NotKnownError, share_of, with_results
from tests.unit.operators.test_convert import KPO, SITE, request

RESULTS = {("numbers", "return_value"): [1, 2], ("words", "return_value"): {"a": "x", "b": "y"}}
TEMPLATE = """
apiVersion: v1
kind: Pod
metadata: {labels: {team: data, app: theirs}, namespace: there}
spec:
  nodeSelector: {disk: ssd}
  serviceAccountName: builder
  containers:
    - name: base
      image: template:1
      args: [from-template]
      env: [{name: A, value: template}]
      resources: {limits: {cpu: "2"}}
    - {name: beside, image: beside:1}
"""


def pull(task_id: str, key: str) -> Any:
    return RESULTS[(task_id, key)]


def xcom(task_id: str, **more: Any) -> dict[str, Any]:
    return {"$xcom": {"task_id": task_id, "key": "return_value", **more}}


def model(name: str, /, **arguments: Any) -> dict[str, Any]:
    return {"$object": {"class": name, "module": "kubernetes.client.models", "arguments": arguments}}


def secret(*arguments: Any) -> dict[str, Any]:
    numbered = {str(number): value for number, value in enumerate(arguments)}
    return {"$object": {"class": "Secret", "module": "airflow.providers.cncf.kubernetes.secret", "arguments": numbered}}


def pod_task(**values: Any) -> TaskSpec:
    mapped = {name: values.pop(name) for name in ("mapped", "expand") if name in values}
    return TaskSpec(
        task_id="t", operator="KubernetesPodOperator", operator_path=KPO, do_xcom_push=False,
        template_fields=("image", "cmds", "arguments", "env_vars"), fields={"image": "own:1", **values}, **mapped,
    )  # fmt: skip


def pod_of(task: TaskSpec, map_index: int = -1) -> dict[str, Any]:
    asked = request(task)
    asked = dataclasses.replace(
        asked,
        instance=dataclasses.replace(asked.instance, map_index=map_index),
        pull=pull,
        read_file={"/opt/goflow/dags/pod.yaml": TEMPLATE}.__getitem__,
    )
    template: dict[str, Any] = job_manifest(convert(asked), SITE)["spec"]["template"]
    return template


def main_of(task: TaskSpec, map_index: int = -1) -> dict[str, Any]:
    container: dict[str, Any] = pod_of(task, map_index)["spec"]["containers"][0]
    return container


VOLUME = model(
    "V1Volume", name="data", persistent_volume_claim=model("V1PersistentVolumeClaimVolumeSource", claim_name="c")
)
IN_CONTAINER: dict[str, tuple[dict[str, Any], str, Any]] = {
    "cmds": ({"cmds": ["sh", "-c"]}, "command", ["sh", "-c"]),
    "arguments": ({"arguments": ["a", 1]}, "args", ["a", "1"]),
    "arguments that are results": ({"arguments": ["x", xcom("numbers")]}, "args", ["x", "[1, 2]"]),
    "plain variables": ({"env_vars": {"B": "2", "A": 1}}, "env", [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]),
    "variables as models": (
        {"env_vars": [model("V1EnvVar", name="A", value_from=model("V1EnvVarSource", field_ref=model("V1ObjectFieldSelector", field_path="status.podIP")))]},
        "env",
        [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
    ),
    "a secret as a variable": (
        {"secrets": [secret("env", "pw", "s", "k")]},
        "env",
        [{"name": "PW", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    ),
    "a whole secret and a config map": (
        {"secrets": [secret("env", None, "s")], "configmaps": ["m"]},
        "envFrom",
        [{"configMapRef": {"name": "m"}}, {"secretRef": {"name": "s"}}],
    ),
    "a secret as a volume": (
        {"secrets": [secret("volume", "/etc/s", "s")]},
        "volumeMounts",
        [{"name": "secretvol0", "mountPath": "/etc/s", "readOnly": True}],
    ),
    "mounts": (
        {"volume_mounts": [model("V1VolumeMount", name="data", mount_path="/d", read_only=True)]},
        "volumeMounts",
        [{"name": "data", "mountPath": "/d", "readOnly": True}],
    ),
    "resources": (
        {"container_resources": model("V1ResourceRequirements", limits={"memory": "1Gi"})},
        "resources",
        {"limits": {"memory": "1Gi"}},
    ),
    "pull policy": ({"image_pull_policy": "Always"}, "imagePullPolicy", "Always"),
}  # fmt: skip
IN_POD: dict[str, tuple[dict[str, Any], str, Any]] = {
    "volumes": ({"volumes": [VOLUME]}, "volumes", [{"name": "data", "persistentVolumeClaim": {"claimName": "c"}}]),
    "a secret's volume": (
        {"secrets": [secret("volume", "/s", "s")]}, "volumes", [{"name": "secretvol0", "secret": {"secretName": "s"}}],
    ),
    "node selector": ({"node_selector": {"a_b": "c"}}, "nodeSelector", {"a_b": "c"}),
    "service account": ({"service_account_name": "sa"}, "serviceAccountName", "sa"),
    "pull secrets": ({"image_pull_secrets": "a,b"}, "imagePullSecrets", [{"name": "a"}, {"name": "b"}]),
    "runtime class": ({"runtime_class_name": "gvisor"}, "runtimeClassName", "gvisor"),
    "grace period": ({"termination_grace_period": 7}, "terminationGracePeriodSeconds", 7),
    "tolerations": (
        {"tolerations": [model("V1Toleration", key="k", operator="Exists")]}, "tolerations", [{"key": "k", "operator": "Exists"}],
    ),
    "a template's node selector": ({"pod_template_file": "/opt/goflow/dags/pod.yaml"}, "nodeSelector", {"disk": "ssd"}),
    "a template's service account": ({"pod_template_file": "/opt/goflow/dags/pod.yaml"}, "serviceAccountName", "builder"),
}  # fmt: skip


@pytest.mark.parametrize(("values", "key", "expected"), IN_CONTAINER.values(), ids=IN_CONTAINER)
def test_what_reaches_the_container(values: dict[str, Any], key: str, expected: Any) -> None:
    assert main_of(pod_task(**values))[key] == expected


@pytest.mark.parametrize(("values", "key", "expected"), IN_POD.values(), ids=IN_POD)
def test_what_reaches_the_pod(values: dict[str, Any], key: str, expected: Any) -> None:
    assert pod_of(pod_task(**values))["spec"][key] == expected


def test_a_template_gives_what_the_arguments_leave_open() -> None:
    pod = pod_of(pod_task(image=None, pod_template_file="/opt/goflow/dags/pod.yaml", env_vars={"B": "own"}))
    main, beside = pod["spec"]["containers"]
    assert (main["name"], main["image"], main["args"]) == ("base", "template:1", ["from-template"])
    assert main["env"] == [{"name": "A", "value": "template"}, {"name": "B", "value": "own"}]
    assert main["resources"] == {"limits": {"cpu": "2"}}
    assert beside["name"] == "beside"
    assert pod["metadata"]["labels"]["team"] == "data"
    assert pod["metadata"]["labels"]["goflow/task-id"] == "t"


def test_arguments_win_over_the_spec_and_the_spec_over_the_template() -> None:
    over = model(
        "V1Pod", spec=model("V1PodSpec", containers=[model("V1Container", name="base", image="spec:1", args=["spec"])])
    )
    task = pod_task(pod_template_file="/opt/goflow/dags/pod.yaml", full_pod_spec=over)
    assert (main_of(task)["image"], main_of(task)["args"]) == ("own:1", ["spec"])


def test_a_template_that_is_not_there_is_said() -> None:
    with pytest.raises(NotConvertibleError, match=r"pod_template_file .*nowhere\.yaml"):
        convert(request(pod_task(pod_template_file="/opt/goflow/dags/nowhere.yaml")))


def test_pods_are_merged_as_the_provider_does_it() -> None:
    base = {
        "spec": {"volumes": [1], "containers": [{"env": [1], "image": "a"}, {"image": "b"}]},
        "metadata": {"labels": {"x": "1"}},
    }
    over = {"spec": {"volumes": [2], "containers": [{"env": [2], "args": []}]}, "metadata": {"labels": {"y": "2"}}}
    assert merged_pods(base, over) == {
        "metadata": {"labels": {"x": "1", "y": "2"}},
        "spec": {"volumes": [1, 2], "containers": [{"env": [1, 2], "image": "a"}, {"image": "b"}]},
    }


SHARES: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "a list": ({"a": [1, 2]}, [{"a": 1}, {"a": 2}]),
    "two lists, the last one turning fastest": (
        {"a": [1, 2], "b": ["x", "y"]},
        [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}],
    ),
    "a result": ({"a": xcom("numbers")}, [{"a": 1}, {"a": 2}]),
    "a dictionary, as pairs": ({"a": xcom("words")}, [{"a": ["a", "x"]}, {"a": ["b", "y"]}]),
    "dictionaries of arguments": ({"*": [{"a": 1}, {"b": 2}]}, [{"a": 1}, {"b": 2}]),
}  # fmt: skip


@pytest.mark.parametrize(("expand", "shares"), SHARES.values(), ids=SHARES)
def test_each_copy_gets_its_share(expand: dict[str, Any], shares: list[dict[str, Any]]) -> None:
    assert [share_of(expand, index, pull) for index in range(len(shares))] == shares


def test_a_mapped_pod_has_its_copys_arguments() -> None:
    task = pod_task(mapped=True, expand={"arguments": [["one"], ["two"]]})
    assert [main_of(task, index)["args"] for index in (0, 1)] == [["one"], ["two"]]


@pytest.mark.parametrize(
    "value",
    [{"$hole": {"reason": "now()"}}, {"$xcom": {"zip": []}}, {"$xcom": {"map": {}}}],
    ids=["a hole", "zip", "map"],
)
def test_what_only_python_can_work_out_is_said(value: dict[str, Any]) -> None:
    with pytest.raises(NotKnownError):
        with_results([value], pull)


def test_the_local_backend_says_that_it_has_no_containers() -> None:
    with pytest.raises(NotConvertibleError, match="kubernetes backend"):
        convert(request(pod_task(), backend="local"))


def test_a_class_that_makes_its_pod_its_own_way_runs_through_its_own_execute() -> None:
    task = dataclasses.replace(pod_task(), overrides=("execute",))
    assert convert(request(task)).command == ("goflow-runner", "run")
    (told,) = diagnose(DagSpec(dag_id="d", tasks=(task,)), "f.py")
    assert told.code == "GF301"
    assert "execute of its own" in told.message
