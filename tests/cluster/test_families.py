"""Every family's Job on the real cluster: the API server takes it as it is, and those that end by themselves do so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goflow.kube.api import KubeApi
from tests.cluster.daemon import daemon_on
from tests.cluster.harness import Cluster
from tests.cluster.harness.layout import BUSYBOX_IMAGE
from tests.running import Daemon
from tests.unit.operators.manifests import manifests

DAG = """
from datetime import timedelta

from airflow.providers.amazon.aws.operators.eks import EksPodOperator
from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk import DAG, task

BUSYBOX = {{"image": "{busybox}", "image_pull_policy": "Never"}}
FACTOR = 2

with DAG("containers", schedule=None, default_args={{"retries": 0}}):
    DockerOperator(
        task_id="docker",
        image="{busybox}",
        command="sh -c 'echo first; touch $AIRFLOW_TMP_DIR/x && echo $WHO $(id -u)'",
        environment={{"WHO": "{{{{ run_id }}}}"}},
        user=1000,
        mem_limit="64m",
    )
    DockerOperator(task_id="docker_all", image="{busybox}", command=["sh", "-c", "echo a; echo b"], xcom_all=True)
    DockerOperator(task_id="docker_skips", image="{busybox}", command="sh -c 'exit 9'", skip_on_exit_code=9)
    DockerOperator(
        task_id="too_slow", image="{busybox}", command="sleep 600", execution_timeout=timedelta(seconds=8)
    )
    waited = KubernetesJobOperator(
        task_id="waited",
        cmds=["sh", "-c", "echo index $JOB_COMPLETION_INDEX"],
        completions=2,
        parallelism=2,
        completion_mode="Indexed",
        wait_until_job_complete=True,
        **BUSYBOX,
    )
    KubernetesJobOperator(
        task_id="breaks", cmds=["false"], backoff_limit=0, wait_until_job_complete=True, **BUSYBOX
    )
    KubernetesJobOperator(task_id="left_alone", cmds=["sleep", "600"], suspend=True, **BUSYBOX)
    EksPodOperator(task_id="eks", cluster_name="ours", pod_name="x", cmds=["true"], namespace="{namespace}", **BUSYBOX)

    @task
    def number():
        return 20

    @task.kubernetes(image="{runner}", image_pull_policy="Never", do_xcom_push=True, multiple_outputs=True)
    def in_a_pod(x, factor=1):
        import sys

        print("python", sys.version_info.major)
        return {{"twice": x * factor, "of": [x]}}

    @task.kubernetes_cmd(**BUSYBOX)
    def command(x):
        return ["sh", "-c", f"echo it is {{x}} in {{{{{{{{ run_id }}}}}}}}"]

    @task.kubernetes_cmd(**BUSYBOX)
    def no_command():
        return "sh"

    @task.docker(image="{runner}")
    def in_docker(x):
        return x + 1

    in_a_pod(number(), factor=FACTOR)
    command(number.override(task_id="other")())
    no_command()
    in_docker(41)
"""


def test_the_api_server_takes_every_family_s_job(cluster: Cluster, kube: Any, namespace: str) -> None:
    api = KubeApi(cluster.kubeconfig)
    refused = {}
    for number, (name, job) in enumerate(manifests().items()):
        job["metadata"]["namespace"] = namespace
        job["metadata"]["name"] += f"-{number}"
        try:
            api.create_job(namespace, job, dry_run=True)
        except Exception as problem:
            refused[name] = str(problem)
    assert refused == {}


@pytest.fixture(scope="module")
def daemon(
    cluster: Cluster, kube: Any, runner_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    """A daemon that has run the DAG to its end."""
    from tests.cluster.fixtures import namespace_on

    work: Path = tmp_path_factory.mktemp("containers")
    (work / "dags").mkdir()
    with namespace_on(kube) as name:
        text = DAG.format(busybox=BUSYBOX_IMAGE, runner=runner_image, namespace=name)
        (work / "dags" / "containers.py").write_text(text)
        (work / "dags" / "goflow.yaml").write_text("own_clusters: ours\n")
        made = daemon_on(cluster, name, work / "home", work / "dags")
        made.start()
        try:
            made.wait_for("the DAG", lambda: made.json("dags", "list"), 60)
            made.run("dags", "trigger", "containers", "--run-id", "one")
            made.wait_for("the end", lambda: made.json("runs", "list", "containers")[0]["state"] == "failed", 240, 0.5)
            yield made
        finally:
            made.stop()


def shown(daemon: Daemon, task: str) -> dict[str, Any]:
    found: dict[str, Any] = daemon.json("tasks", "show", "containers", "one", task)
    return found


STATES = {
    "docker": "success",
    "docker_all": "success",
    "docker_skips": "skipped",
    "too_slow": "failed",
    "waited": "success",
    "breaks": "failed",
    "left_alone": "success",
    "eks": "success",
    "in_a_pod": "success",
    "command": "success",
    "no_command": "failed",
    "in_docker": "success",
}


@pytest.mark.parametrize(("task", "state"), STATES.items(), ids=STATES)
def test_each_ends_as_under_airflow(daemon: Daemon, task: str, state: str) -> None:
    found = shown(daemon, task)
    assert found["state"] == state, [attempt["message"] for attempt in found["attempts"]]


RESULTS = {
    "docker": {"return_value": "one 1000"},
    "docker_all": {"return_value": ["a", "b"]},
    "in_a_pod": {"return_value": {"twice": 40, "of": [20]}, "twice": 40, "of": [20]},
    "in_docker": {"return_value": 42},
}


@pytest.mark.parametrize(("task", "results"), RESULTS.items(), ids=RESULTS)
def test_its_results_are_those_of_airflow(daemon: Daemon, task: str, results: dict[str, Any]) -> None:
    assert shown(daemon, task)["xcoms"] == results


def test_one_that_takes_longer_than_its_execution_timeout_is_told_so(daemon: Daemon) -> None:
    [attempt] = shown(daemon, "too_slow")["attempts"]
    assert (attempt["reason"], "deadline" in attempt["message"]) == ("Timeout", True), attempt


def test_a_function_s_answer_is_the_command(daemon: Daemon) -> None:
    assert daemon.run("tasks", "logs", "containers", "one", "command").splitlines()[-1].endswith("it is 20 in one")
    assert "list of strings" in shown(daemon, "no_command")["attempts"][-1]["message"]


def test_a_job_that_is_not_waited_for_is_its_author_s(daemon: Daemon, kube: Any) -> None:
    from kubernetes import client

    results = shown(daemon, "left_alone")["xcoms"]
    job = client.BatchV1Api(kube).read_namespaced_job(results["job_name"], results["job_namespace"])
    assert job.spec.suspend is True
    assert job.spec.ttl_seconds_after_finished is None
