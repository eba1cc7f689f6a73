"""Every family of operators: which tasks are pods of their own, and what their Jobs look like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goflow.domain.spec import TaskSpec
from goflow.operators import container_function, docker, job, launch_time, native, pod, runner
from goflow.operators.docker import _bytes, _words
from goflow.operators.plan import NotConvertibleError
from goflow.operators.registry import Way, convert, family_of, speaks_for_itself, to_resolve, way_of
from tests.unit.operators.manifests import RECORDED, manifests, read_families
from tests.unit.operators.test_convert import request

DAG = read_families()
RECORDS: dict[str, Any] = json.loads(RECORDED.read_text())
FAMILY = {
    "bash": runner.plan,
    "overridden": runner.plan,
    "pod": pod.plan,
    "pod_of_templates": pod.plan,
    "job": job.plan,
    "job_not_waited_for": job.plan,
    "docker": docker.plan,
    "gke": pod.plan,
    "gke_job": job.plan,
    "eks": pod.plan,
    "watched": runner.plan,
    "hooked": runner.plan,
    "elsewhere": runner.plan,
    "gke_elsewhere": runner.plan,
    "docker_elsewhere": runner.plan,
    "patch": runner.plan,
    "resource": runner.plan,
    "spark": runner.plan,
    "kubernetes": container_function.plan,
    "kubernetes_cmd": container_function.plan,
    "docker_function": container_function.docker_plan,
}


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, Any]]:
    return manifests()


@pytest.mark.parametrize("name", RECORDS)
def test_the_job_is_the_one_on_record(made: dict[str, dict[str, Any]], name: str) -> None:
    assert made[name] == RECORDS[name], "python -m tests.unit.operators.manifests writes what is on record anew"


def test_nothing_is_missing_on_record(made: dict[str, dict[str, Any]]) -> None:
    assert set(made) == set(RECORDS)
    assert {task.task_id for task in DAG.tasks} == set(FAMILY)


@pytest.mark.parametrize(("task_id", "family"), FAMILY.items(), ids=FAMILY)
def test_a_task_belongs_to_its_family(task_id: str, family: Any) -> None:
    assert family_of(DAG.task(task_id)) is family


ELSEWHERE = {
    "gke_elsewhere": "google",
    "docker_elsewhere": "docker",
    "watched": "cncf-kubernetes",
    "hooked": "cncf-kubernetes",
    "elsewhere": "cncf-kubernetes",
    "patch": "cncf-kubernetes",
    "spark": "cncf-kubernetes",
}


@pytest.mark.parametrize(("task_id", "package"), ELSEWHERE.items(), ids=ELSEWHERE)
def test_what_is_no_pod_of_ours_runs_where_its_provider_is(task_id: str, package: str) -> None:
    assert way_of(DAG.task(task_id)) == (Way.PROVIDER, f"apache-airflow-providers-{package}")


@pytest.mark.parametrize("task_id", ["kubernetes", "kubernetes_cmd", "docker_function"])
def test_a_function_is_found_out_first(task_id: str) -> None:
    task = DAG.task(task_id)
    names = to_resolve(DAG, task, "kubernetes", None)
    assert names[0] in {"cmds", "command"}
    assert "function_variables" in names
    assert to_resolve(DAG, task, "kubernetes", {}) == ()
    assert speaks_for_itself(DAG, task, "kubernetes", None), "the first launch is our runner's"
    assert not speaks_for_itself(DAG, task, "kubernetes", {})


def test_on_the_local_backend_docker_speaks_for_itself() -> None:
    task = DAG.task("docker")
    plan = convert(request(task, DAG, backend="local"))
    assert plan.command == runner.COMMAND
    assert speaks_for_itself(DAG, task, "local", None)


def docker_task(**values: Any) -> TaskSpec:
    path = "airflow.providers.docker.operators.docker.DockerOperator"
    return TaskSpec(task_id="t", operator="DockerOperator", operator_path=path, fields={"image": "a"}, arguments=values)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a folder of the Docker machine": ({"mounts": [{"Target": "/d", "Source": "/s", "Type": "bind"}]}, "mounts"),
    "a network of Docker's": ({"network_mode": "container:db"}, "network_mode"),
    "a user by name": ({"user": "airflow"}, "numbers"),
    "devices": ({"device_requests": [1]}, "device_requests"),
    "ports of the machine": ({"port_bindings": {"80": 80}}, "port_bindings"),
}


@pytest.mark.parametrize(("values", "words"), REFUSED.values(), ids=REFUSED)
def test_what_no_pod_can_do_is_refused_in_words(values: dict[str, Any], words: str) -> None:
    task = docker_task(**values)
    assert way_of(task)[0] is Way.NOT_YET
    with pytest.raises(NotConvertibleError, match=words):
        convert(request(task))


SIZES = {"512m": "512Mi", "1g": "1Gi", "64k": "64Ki", 1024: "1024", "1.5g": "1610612736", "10b": "10", "2gb": "2Gi"}


@pytest.mark.parametrize(("said", "expected"), SIZES.items(), ids=map(str, SIZES))
def test_sizes_are_docker_s(said: Any, expected: str) -> None:
    assert _bytes(said) == expected


COMMANDS: dict[str, tuple[Any, Any]] = {
    "a text": ("echo 'a b' c", ("echo", "a b", "c")),
    "a list in brackets": ("['echo', 'a b']", ("echo", "a b")),
    "a list": (["echo", "a b"], ("echo", "a b")),
    "nothing": (None, None),
    "what Kubernetes would expand": ("sh -c 'echo $(A) $$'", ("sh", "-c", "echo $$(A) $$$$")),
}


@pytest.mark.parametrize(("said", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_commands_are_docker_s(said: Any, expected: Any) -> None:
    assert _words(said) == expected


def test_nothing_of_the_task_s_pod_is_in_its_first_launch() -> None:
    assert launch_time.plan is not None
    plan = convert(request(DAG.task("kubernetes"), DAG))
    assert plan.image == "runner:1"
    assert native.PATH not in DAG.task("kubernetes").bases


JOBS: dict[str, tuple[dict[str, Any], str]] = {
    "results of several pods": (
        {"do_xcom_push": True, "completions": 2, "wait_until_job_complete": True},
        "several pods",
    ),
    "no pods to wait for": ({"parallelism": 0, "wait_until_job_complete": True}, "parallelism"),
}


@pytest.mark.parametrize(("values", "words"), JOBS.values(), ids=JOBS)
def test_jobs_that_cannot_be_are_refused(values: dict[str, Any], words: str) -> None:
    path = next(iter(job.PATHS))
    pushes = values.pop("do_xcom_push", False)
    task = TaskSpec(
        task_id="t", operator="KubernetesJobOperator", operator_path=path, fields={"image": "a"}, arguments=values, do_xcom_push=pushes,
    )  # fmt: skip
    with pytest.raises(NotConvertibleError, match=words):
        convert(request(task))
