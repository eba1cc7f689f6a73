"""GoFlow inside the cluster: installed from the chart, reading a ConfigMap, running Jobs in another namespace."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.chart import Installation, installed
from tests.cluster.harness import Cluster
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


@pytest.fixture
def installation(
    cluster: Cluster, kube: client.ApiClient, namespace: str, goflow_images: None, helm: Callable[..., str]
) -> Iterator[Installation]:
    """The chart, installed with a ConfigMap of one DAG file; its pod is ready."""
    with installed(cluster, kube, namespace, helm, {"greeting": GREETING}) as made:
        yield made


@pytest.fixture
def volume(kube: client.ApiClient, namespace: str) -> Iterator[str]:
    """The storage class of one volume, a folder of the node, which this machine is."""
    core: Any = client.CoreV1Api(kube)
    with tempfile.TemporaryDirectory(prefix="goflow-home-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o777)
        spec = {
            "storageClassName": namespace,
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": folder},
        }
        core.create_persistent_volume({"metadata": {"name": namespace}, "spec": spec})
        yield namespace
        core.delete_persistent_volume(namespace)


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


RULES = """
channels: {team: {email: {to: team@example.com}}}
rules: [{name: nights, on: [failed], channels: team}]
"""

#: Run inside the daemon's pod, so that Service and name are those that others in the cluster use.
_SIGN_IN = """
import json, sys, urllib.error, urllib.request
url, password = sys.argv[1:]
body = json.dumps({"username": "admin", "password": password}).encode()
try:
    print(urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})).status)
except urllib.error.HTTPError as refusal:
    print(refusal.code)
"""


def richer(storage_class: str) -> dict[str, Any]:
    """What somebody wants after the first try: a history that stays, people who sign in, rules of alerts."""
    return {
        "home": {"persistence": {"enabled": True, "size": "1Gi", "storageClass": storage_class}},
        "adminPassword": {"value": "correct horse"},
        "ingress": {"create": True, "hosts": ["goflow.example.org"], "tls": [{"secretName": "certificate"}]},
        "alerts": {"config": RULES},
        "triggers": {"replicas": 2},
    }


def left_of(installation: Installation) -> set[str]:
    """Whatever bears the release's labels, or its name where it belongs to the whole cluster, as KIND/NAME."""
    kinds = installation.kubectl("api-resources", "--verbs=list", "--namespaced", "--output=name").stdout.split()
    found = [
        installation.kubectl(
            "get", ",".join(kinds), f"--namespace={namespace}", f"--selector={labels}", "--output=name"
        )
        for namespace in (installation.home, installation.jobs)
        for labels in ("app.kubernetes.io/instance=flow", "owner=helm")
    ]
    everywhere = installation.kubectl("get", "clusterroles,clusterrolebindings", "--output=name").stdout.split()
    ours = {name for name in everywhere if f"/{installation.home}." in name}
    return {name for answer in found for name in answer.stdout.split()} | ours


@pytest.mark.timeout(400)
def test_a_release_is_upgraded_and_removed_and_its_claim_is_what_stays(volume: str, installation: Installation) -> None:
    """From the smallest values to many, and back to nothing; the next installation finds the history of the last."""

    def sign_in(password: str) -> str:
        # Not by its Service: the test cluster's bridge leads no pod back to itself.
        return installation.inside(
            "python", "-c", _SIGN_IN, "http://127.0.0.1:8080/goflow/v1/session", password
        ).strip()

    installation.upgrade(**richer(volume))
    wait_until("the DAG", lambda: installation.dag_ids() == {"greeting"}, 60)
    installation.inside("goflow", "dags", "trigger", "greeting", "--run-id", "kept", "--wait")
    [alerts] = installation.json("alerts", "rules")
    assert [rule["name"] for rule in alerts["rules"]] == ["nights"]
    assert (sign_in("wrong horse"), sign_in("correct horse")) == ("401", "201")
    made = left_of(installation)
    claim = "persistentvolumeclaim/flow-goflow-home"
    assert {claim, "ingress.networking.k8s.io/flow-goflow", "poddisruptionbudget.policy/flow-goflow-triggers"} <= made
    assert f"clusterrole.rbac.authorization.k8s.io/{installation.home}.flow-goflow" in made

    installation.uninstall()
    wait_until("nothing but the claim", lambda: left_of(installation) == {claim}, 90)

    installation.install()
    runs = {run["run_id"]: run["state"] for run in installation.json("runs", "list", "greeting")}
    assert runs == {"kept": "success"}
