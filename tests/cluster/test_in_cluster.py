"""GoFlow inside the cluster: installed from the chart, reading a ConfigMap, running Jobs in another namespace."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.harness import DAEMON_IMAGE, RUNNER_IMAGE, Cluster, binaries
from tests.cluster.harness.helm import CHART
from tests.cluster.harness.processes import wait_until

GREETING = """
import datetime

from airflow.decorators import task
from airflow.models.dag import DAG
from airflow.operators.bash import BashOperator

with DAG("greeting", start_date=datetime.datetime(2024, 1, 1), schedule=None, catchup=False):
    shell = BashOperator(task_id="shell", bash_command="echo good morning from {{ dag.dag_id }}")

    @task
    def python():
        print("and from Python")
        return 42

    shell >> python()
"""

LATER = GREETING.replace('"greeting"', '"added_later"')

ELSEWHERE = """
import datetime

from airflow.models.dag import DAG
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

with DAG("elsewhere", start_date=datetime.datetime(2024, 1, 1), schedule=None, catchup=False):
    KubernetesPodOperator(task_id="pod", image="localhost/busybox:1", cmds=["true"], namespace="default")
"""


@dataclass
class Installation:
    """A release of the chart, and how the tests speak to it: by the command line inside the daemon's pod."""

    cluster: Cluster
    core: Any
    home: str
    """Namespace of the daemon."""
    jobs: str
    """Namespace of the Jobs."""
    files: dict[str, str] = field(default_factory=dict)

    def inside(self, *command: str, ok: bool = True) -> str:
        """Run a command in the daemon's pod and give what it prints; with `ok` it must end with 0."""
        kubectl = [str(binaries.program("kubectl")), "--kubeconfig", str(self.cluster.kubeconfig)]
        done = subprocess.run(
            [*kubectl, "--namespace", self.home, "exec", "deployment/flow-goflow", "--", *command],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if ok and done.returncode:
            pytest.fail(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}\n{self.daemon_log()}")
        return done.stdout + ("" if ok else done.stderr)

    def json(self, *command: str) -> Any:
        """What `goflow COMMAND --json` prints."""
        return json.loads(self.inside("goflow", *command, "--json"))

    def daemon_log(self) -> str:
        """The end of the daemon's log, for a failing test's report."""
        pods = self.core.list_namespaced_pod(self.home, label_selector="app.kubernetes.io/component=daemon").items
        logs = (self.core.read_namespaced_pod_log(pod.metadata.name, self.home, tail_lines=40) for pod in pods)
        return "\n".join(logs)

    def write(self, **files: str) -> None:
        """Make the ConfigMap of DAG files hold these besides what it holds (NAME=text is NAME.py)."""
        self.files |= {f"{name}.py": text for name, text in files.items()}
        self.core.replace_namespaced_config_map("dags", self.home, {"metadata": {"name": "dags"}, "data": self.files})

    def hurry(self) -> None:
        """Have the kubelet look at the daemon's pod now and refresh its ConfigMaps; else it does so each minute."""
        pods = self.core.list_namespaced_pod(self.home, label_selector="app.kubernetes.io/component=daemon").items
        poke = {"metadata": {"annotations": {"goflow.test/poke": uuid.uuid4().hex}}}
        for pod in pods:
            self.core.patch_namespaced_pod(pod.metadata.name, self.home, poke)

    def dag_ids(self) -> set[str]:
        """The DAGs that the daemon knows."""
        return {dag["dag_id"] for dag in self.json("dags", "list")}


@pytest.fixture
def installation(
    cluster: Cluster, kube: client.ApiClient, namespace: str, goflow_images: None, helm: Callable[..., str]
) -> Iterator[Installation]:
    """The chart, installed with a ConfigMap of one DAG file; its pod is ready."""
    core: Any = client.CoreV1Api(kube)
    jobs = f"{namespace}-jobs"
    core.create_namespace({"metadata": {"name": jobs}})
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "dags"}, "data": {}})
    installation = Installation(cluster, core, namespace, jobs)
    installation.write(greeting=GREETING)
    values = {
        "image": _image(DAEMON_IMAGE),
        "runner": {"image": _image(RUNNER_IMAGE)},
        "dags": {"configMap": "dags"},
        "jobs": {"namespaces": [jobs]},
        "settings": {"unpaused_at_creation": True, "rescan_interval_s": 1},
    }
    try:
        helm("install", "flow", CHART, "--namespace", namespace, values=values, kubeconfig=cluster.kubeconfig)
        wait_until("the daemon", lambda: _is_ready(core, namespace), 120)
        yield installation
    except BaseException:
        print(installation.daemon_log())
        raise
    finally:
        helm("uninstall", "flow", "--namespace", namespace, "--ignore-not-found", kubeconfig=cluster.kubeconfig)
        core.delete_namespace(jobs)


def _image(name: str) -> dict[str, str]:
    repository, _, tag = name.rpartition(":")
    return {"repository": repository, "tag": tag, "pullPolicy": "Never"}


def _is_ready(core: Any, namespace: str) -> bool:
    pods = core.list_namespaced_pod(namespace, label_selector="app.kubernetes.io/component=daemon").items
    return any(c.type == "Ready" and c.status == "True" for pod in pods for c in pod.status.conditions or ())


def _jobs(kube: client.ApiClient, namespace: str) -> list[Any]:
    batch: Any = client.BatchV1Api(kube)
    found: list[Any] = batch.list_namespaced_job(namespace).items
    return found


def test_a_dag_file_of_a_configmap_runs_as_jobs_in_another_namespace(
    installation: Installation, kube: client.ApiClient
) -> None:
    wait_until("the DAG", lambda: installation.dag_ids() == {"greeting"}, 60)
    installation.inside("goflow", "dags", "trigger", "greeting", "--run-id", "first", "--wait")

    tasks = {task["task_id"]: task["state"] for task in installation.json("tasks", "list", "greeting", "first")}
    assert tasks == {"shell": "success", "python": "success"}
    labels = [job.metadata.labels for job in _jobs(kube, installation.jobs)]
    assert sorted(found["goflow/task-id"] for found in labels) == ["python", "shell"]
    assert {found["app.kubernetes.io/instance"] for found in labels} == {f"{installation.home}.flow"}
    assert _jobs(kube, installation.home) == []
    assert "good morning from greeting" in installation.inside("goflow", "tasks", "logs", "greeting", "first", "shell")
    assert installation.json("tasks", "show", "greeting", "first", "python")["xcoms"] == {"return_value": 42}


def test_a_file_added_to_the_configmap_is_picked_up(installation: Installation) -> None:
    wait_until("the DAG", lambda: installation.dag_ids() == {"greeting"}, 60)
    installation.write(later=LATER)
    installation.hurry()
    wait_until("the added DAG", lambda: installation.dag_ids() == {"greeting", "added_later"}, 90)
    installation.inside("goflow", "dags", "trigger", "added_later", "--wait")


#: Run inside the daemon's pod, as the daemon: its own client and its own account.
_ASK = """
import sys
from goflow.kube.api import KubeApi
from goflow.kube.errors import KubeError
try:
    KubeApi().request("GET", sys.argv[1])
    print("granted")
except KubeError as error:
    print(error.status, error.reason)
"""


def test_what_the_role_does_not_grant_is_refused(installation: Installation) -> None:
    def ask(path: str) -> str:
        return installation.inside("python", "-c", _ASK, path).strip()

    assert ask(f"/apis/batch/v1/namespaces/{installation.jobs}/jobs") == "granted"
    assert ask(f"/apis/batch/v1/namespaces/{installation.home}/jobs") == "403 Forbidden"
    assert ask("/apis/batch/v1/jobs") == "403 Forbidden"
    assert ask(f"/api/v1/namespaces/{installation.home}/secrets") == "403 Forbidden"
    assert ask(f"/api/v1/namespaces/{installation.jobs}/secrets") == "403 Forbidden"


def test_a_task_that_wants_a_namespace_without_a_role_fails_and_says_why(installation: Installation) -> None:
    installation.write(elsewhere=ELSEWHERE)
    installation.hurry()
    wait_until("the DAG", lambda: "elsewhere" in installation.dag_ids(), 90)
    installation.inside("goflow", "dags", "trigger", "elsewhere", "--run-id", "first", "--wait", ok=False)
    (task,) = installation.json("tasks", "list", "elsewhere", "first")
    assert task["state"] == "failed"
    (attempt,) = installation.json("tasks", "show", "elsewhere", "first", "pod")["attempts"]
    assert attempt["reason"] == "NamespaceNotWatched"
    assert "namespace 'default' is not among those" in attempt["message"]
