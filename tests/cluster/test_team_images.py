"""Images of teams, as docs/images.md says to build them: a provider and packages of their own in the tasks' containers.

The provider is the real one for Kubernetes, on the shim and without Airflow: what GoFlow does not make a Job of runs through
its own `execute`, against the API server that the pod is in.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.daemon import daemon_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster
from tests.running import Daemon

DAGS = Path(__file__).parent / "dags"
#: What the tasks' own code may do.
RULES = [
    {"apiGroups": [""], "resources": ["configmaps", "pods"], "verbs": ["create", "get", "list", "patch", "delete"]},
    {"apiGroups": [""], "resources": ["pods/log", "events"], "verbs": ["get", "list"]},
]


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

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

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
    provider_image: str,
    etl_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ran]:
    """All DAGs of the folder, run at once."""
    work: Path = tmp_path_factory.mktemp("teams")
    folder = work / "dags"
    folder.mkdir()
    for file in DAGS.glob("*.py"):
        shutil.copy(file, folder)
    (folder / "goflow.yaml").write_text(
        f"image: {provider_image}\nservice_account: worker\nrules:\n  - dag: own\n    image: {etl_image}\n"
    )
    with namespace_on(kube) as namespace:
        allow(kube, namespace)
        daemon = daemon_on(cluster, namespace, work / "home", folder)
        daemon.start()
        try:
            daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 3, 60)
            daemon.run("variables", "set", "namespace", namespace)
            for dag in daemon.json("dags", "list"):
                daemon.run("dags", "trigger", dag["dag_id"], "--run-id", "one")
            for dag in daemon.json("dags", "list"):
                daemon.wait_for(f"the end of {dag['dag_id']}", lambda dag=dag: ended(daemon, dag["dag_id"]), 240, 0.5)
            yield Ran(daemon)
        finally:
            daemon.stop()


def ended(daemon: Daemon, dag_id: str) -> bool:
    return daemon.json("runs", "list", dag_id)[0]["state"] in {"success", "failed"}


STATES = {
    "derived": {"name": "success", "pods": "success"},
    "own": {"doubles": "success", "says": "success"},
    "resources": {"create": "success", "read": "success", "delete": "success", "refused": "failed"},
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("dag_id", "states"), STATES.items(), ids=STATES)
def test_every_task_ends_as_it_should(ran: Ran, dag_id: str, states: dict[str, str]) -> None:
    found = ran.states(dag_id)
    assert found == states, {
        name: ran.log(dag_id, name)[-3000:] for name, state in found.items() if state != states.get(name)
    }


def test_a_package_of_the_team_s_and_the_provider_are_in_an_image_built_from_the_runner_s(ran: Ran) -> None:
    assert ran.result("derived", "name") == ["nine-lives", 65532]
    assert any(name.startswith("derived-pods") for name in ran.result("derived", "pods"))


def test_the_runner_works_in_an_image_of_the_team_s(ran: Ran) -> None:
    assert ran.result("own", "doubles") == [[2, 4], 1000]
    assert "etl says [2, 4] of one" in ran.log("own", "says")


def test_the_resource_operators_run_through_their_own_execute(ran: Ran) -> None:
    assert ran.result("resources", "read") == {"run": "one"}
    assert "Forbidden" in ran.log("resources", "refused")
