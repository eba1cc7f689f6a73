"""Images of teams, as docs/images.md says to build them: a provider and packages of their own in the tasks' containers.

The provider is the real one for Kubernetes, on the shim and without Airflow: what GoFlow does not make a Job of runs through
its own `execute`, against the API server that the pod is in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.daemon import daemon_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster
from tests.cluster.harness.layout import BUSYBOX_IMAGE
from tests.cluster.harness.processes import wait_until
from tests.running import Daemon

DAGS = Path(__file__).parent / "dags"
GROUP, VERSION, PLURAL = "sparkoperator.k8s.io", "v1beta2", "sparkapplications"
#: What the tasks' own code may do: the resources of the DAGs, and pods as KubernetesPodOperator makes them.
RULES = [
    {"apiGroups": [""], "resources": ["configmaps", "pods"], "verbs": ["create", "get", "list", "patch", "delete"]},
    {"apiGroups": [""], "resources": ["pods/log", "events"], "verbs": ["get", "list"]},
    {"apiGroups": [GROUP], "resources": [PLURAL, f"{PLURAL}/status"], "verbs": ["create", "get", "list", "delete"]},
]
CRD = {
    # Kubernetes asks who has approved a kind of the group *.k8s.io
    "metadata": {"name": f"{PLURAL}.{GROUP}", "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"}},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": PLURAL, "singular": "sparkapplication", "kind": "SparkApplication"},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        ],
    },
}


class SparkController:
    """Plays Spark's operator, which no registry gives: each SparkApplication gets a driver's pod and a status."""

    def __init__(self, kube: client.ApiClient, namespace: str) -> None:
        self.core: Any = client.CoreV1Api(kube)
        self.custom: Any = client.CustomObjectsApi(kube)
        self.namespace = namespace
        self.seen: dict[str, dict[str, Any]] = {}
        """Applications by name, as they came."""
        self.problem: Exception | None = None
        self._over = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Within it applications are seen to."""
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def left(self) -> list[str]:
        """The applications that are there now."""
        found = self.custom.list_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL)
        return [item["metadata"]["name"] for item in found["items"]]

    def _work(self) -> None:
        while not self._over.wait(0.3):
            try:
                for item in self.custom.list_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL)["items"]:
                    if item["metadata"]["name"] not in self.seen:
                        self._begin(item)
            except Exception as problem:
                self.problem = problem
                return

    def _begin(self, item: dict[str, Any]) -> None:
        name, spec = item["metadata"]["name"], item["spec"]
        self.seen[name] = item
        state: dict[str, Any] = {"state": "RUNNING"}
        if spec["type"] == "Python":
            container = {"name": "spark-kubernetes-driver", "image": BUSYBOX_IMAGE, "imagePullPolicy": "Never"}
            container["command"] = ["sh", "-c", f"echo counted {spec['arguments'][0]}"]  # type: ignore[assignment]
            labels = spec["driver"]["labels"] | {"spark-role": "driver"}
            pod = {"restartPolicy": "Never", "containers": [container]}
            driver = {"metadata": {"name": f"{name}-driver", "labels": labels}, "spec": pod}
            self.core.create_namespaced_pod(self.namespace, driver)
        else:
            state = {"state": "FAILED", "errorMessage": f"no driver for {spec['type']}"}
        status = {"status": {"applicationState": state}}
        self.custom.patch_namespaced_custom_object_status(GROUP, VERSION, self.namespace, PLURAL, name, status)


@pytest.fixture(scope="module")
def crd(kube: client.ApiClient) -> Iterator[None]:
    """Spark's kind of resource, without anybody who sees to it."""
    api: Any = client.ApiextensionsV1Api(kube)
    api.create_custom_resource_definition(CRD)

    def established() -> bool:
        conditions = api.read_custom_resource_definition(f"{PLURAL}.{GROUP}").status.conditions or ()
        return any(found.type == "Established" and found.status == "True" for found in conditions)

    try:
        wait_until("the kind SparkApplication", established, 30)
        yield
    finally:
        api.delete_custom_resource_definition(f"{PLURAL}.{GROUP}")


def allow(kube: client.ApiClient, namespace: str) -> None:
    """A service account for tasks that speak to the API server."""
    core: Any = client.CoreV1Api(kube)
    rbac: Any = client.RbacAuthorizationV1Api(kube)
    name = {"metadata": {"name": "worker"}}
    core.create_namespaced_service_account(namespace, name)
    rbac.create_namespaced_role(namespace, {**name, "rules": RULES})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "worker"}
    subject = {"kind": "ServiceAccount", "name": "worker", "namespace": namespace}
    rbac.create_namespaced_role_binding(namespace, {**name, "roleRef": role, "subjects": [subject]})


class Ran:
    """A daemon that has run every DAG to its end, and what it left."""

    def __init__(self, daemon: Daemon, spark: SparkController) -> None:
        self.daemon = daemon
        self.spark = spark

    def states(self, dag_id: str) -> dict[str, str]:
        return {row["task_id"]: row["state"] for row in self.daemon.json("tasks", "list", dag_id, "one")}

    def result(self, dag_id: str, task: str) -> Any:
        return self.daemon.json("tasks", "show", dag_id, "one", task)["xcoms"].get("return_value")

    def log(self, dag_id: str, task: str) -> str:
        return self.daemon.run("tasks", "logs", dag_id, "one", task)


@pytest.fixture(scope="module")
def ran(
    cluster: Cluster,
    kube: client.ApiClient,
    crd: None,
    provider_image: str,
    etl_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ran]:
    """All DAGs of the folder, run at once."""
    work: Path = tmp_path_factory.mktemp("teams")
    folder = work / "dags"
    folder.mkdir()
    for file in DAGS.iterdir():
        if file.is_file():
            text = file.read_text()
            (folder / file.name).write_text(text.replace("@IMAGE@", BUSYBOX_IMAGE))
    (folder / "goflow.yaml").write_text(
        f"image: {provider_image}\nservice_account: worker\nrules:\n  - dag: own\n    image: {etl_image}\n"
    )
    with namespace_on(kube) as namespace:
        allow(kube, namespace)
        spark = SparkController(kube, namespace)
        daemon = daemon_on(cluster, namespace, work / "home", folder)
        daemon.start()
        try:
            daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 4, 60)
            daemon.run("variables", "set", "namespace", namespace)
            with spark.at_work():
                for dag in daemon.json("dags", "list"):
                    daemon.run("dags", "trigger", dag["dag_id"], "--run-id", "one")
                for dag in daemon.json("dags", "list"):
                    daemon.wait_for(
                        f"the end of {dag['dag_id']}", lambda dag=dag: ended(daemon, dag["dag_id"]), 240, 0.5
                    )
            yield Ran(daemon, spark)
        finally:
            daemon.stop()


def ended(daemon: Daemon, dag_id: str) -> bool:
    return daemon.json("runs", "list", dag_id)[0]["state"] in {"success", "failed"}


STATES = {
    "derived": {"name": "success", "pods": "success"},
    "own": {"doubles": "success", "says": "success"},
    "resources": {"create": "success", "read": "success", "delete": "success", "refused": "failed"},
    "spark": {
        "counts": "success",
        "breaks": "failed",
        "made": "success",
        "removed": "success",
        "runs_a_pod": "success",
    },
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("dag_id", "states"), STATES.items(), ids=STATES)
def test_every_task_ends_as_it_should(ran: Ran, dag_id: str, states: dict[str, str]) -> None:
    found = ran.states(dag_id)
    assert found == states, {
        name: ran.log(dag_id, name)[-3000:] for name, state in found.items() if state != states.get(name)
    }
    assert ran.spark.problem is None


def test_a_package_of_the_team_s_and_the_provider_are_in_an_image_built_from_the_runner_s(ran: Ran) -> None:
    assert ran.result("derived", "name") == ["nine-lives", 65532]
    assert any(name.startswith("derived-pods") for name in ran.result("derived", "pods"))


def test_the_runner_works_in_an_image_of_the_team_s(ran: Ran) -> None:
    assert ran.result("own", "doubles") == [[2, 4], 1000]
    assert "etl says [2, 4] of one" in ran.log("own", "says")


def test_the_resource_operators_run_through_their_own_execute(ran: Ran) -> None:
    assert ran.result("resources", "read") == {"run": "one"}
    assert "Forbidden" in ran.log("resources", "refused")


def test_spark_applications_are_made_watched_and_removed(ran: Ran) -> None:
    (counts,) = (item for name, item in ran.spark.seen.items() if name.startswith("counts"))
    assert counts["spec"]["arguments"] == ["one"]
    assert counts["spec"]["driver"]["labels"]["task_id"] == "counts"
    assert "counted one" in ran.log("spark", "counts")
    assert "no driver for Scala" in ran.log("spark", "breaks")
    assert [name for name in ran.spark.left() if name.startswith(("counts", "made"))] == []


def test_a_class_derived_from_the_pod_operator_makes_its_pod_by_the_provider_s_own_code(ran: Ran) -> None:
    assert "from a pod of one" in ran.log("spark", "runs_a_pod")
