"""The chart installed with the real helm on the real cluster: what only an API server can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from tests.chart.rendered import RICH
from tests.cluster.harness import Cluster, HarnessError, binaries
from tests.cluster.harness.helm import CHART, render
from tests.cluster.harness.report import run

DAGS = {"dags": {"files": {"empty.py": ""}}}
Install = Callable[..., str]


@pytest.fixture
def install(helm: Callable[..., str], cluster: Cluster, namespace: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Installs the release `flow` in the test's namespace, or upgrades it; without waiting for the daemon."""

    def run(values: dict[str, Any]) -> None:
        helm(
            *("upgrade", "--install", "flow", CHART, "--namespace", namespace),
            values={**DAGS, **values},
            kubeconfig=cluster.kubeconfig,
        )

    yield run
    helm("uninstall", "flow", "--namespace", namespace, "--ignore-not-found", kubeconfig=cluster.kubeconfig)


def test_the_token_that_was_made_up_stays_over_upgrades(
    install: Callable[[dict[str, Any]], None], kube: client.ApiClient, namespace: str
) -> None:
    core: Any = client.CoreV1Api(kube)

    def token() -> Any:
        return core.read_namespaced_secret("flow-goflow", namespace).data["api-token"]

    install({})
    first = token()
    install({"settings": {"parallelism": 3}})
    assert token() == first
    deployment: Any = client.AppsV1Api(kube).read_namespaced_deployment("flow-goflow", namespace)
    variables = {entry.name: entry.value for entry in deployment.spec.template.spec.containers[0].env}
    assert variables["GOFLOW_PARALLELISM"] == "3", "the upgrade took place"


# (what is asked, verb, group, resource, subresource, where, the answer)
RIGHTS = [
    ("make a Job where Jobs run", "create", "batch", "jobs", "", "jobs", True),
    ("set a Job's TTL", "patch", "batch", "jobs", "", "jobs", True),
    ("read a pod's log", "get", "", "pods", "log", "jobs", True),
    ("have a token reviewed", "create", "authentication.k8s.io", "tokenreviews", "", None, True),
    ("make a Job in the daemon's own namespace", "create", "batch", "jobs", "", "home", False),
    ("make a Job in another namespace", "create", "batch", "jobs", "", "default", False),
    ("watch the Jobs of the whole cluster", "watch", "batch", "jobs", "", None, False),
    ("read a Secret", "get", "", "secrets", "", "jobs", False),
    ("read its own Secret", "get", "", "secrets", "", "home", False),
    ("make a bare pod", "create", "", "pods", "", "jobs", False),
    ("run a command in a pod", "create", "", "pods", "exec", "jobs", False),
    ("mint a token", "create", "", "serviceaccounts", "token", "jobs", False),
    ("grant itself a role", "create", "rbac.authorization.k8s.io", "rolebindings", "", "jobs", False),
]


def test_the_api_server_grants_the_daemon_what_it_needs_and_nothing_else(
    install: Callable[[dict[str, Any]], None], kube: client.ApiClient, namespace: str
) -> None:
    core: Any = client.CoreV1Api(kube)
    reviews: Any = client.AuthorizationV1Api(kube)
    jobs = f"{namespace}-jobs"
    core.create_namespace({"metadata": {"name": jobs}})
    try:
        install({"jobs": {"namespaces": [jobs]}})
        answers = {}
        for asked, verb, group, resource, subresource, where, _ in RIGHTS:
            place = {"jobs": jobs, "home": namespace, None: ""}.get(where, where)
            attributes = {"verb": verb, "group": group, "resource": resource, "namespace": place}
            if subresource:
                attributes["subresource"] = subresource
            user = f"system:serviceaccount:{namespace}:flow-goflow"
            spec = {"user": user, "groups": ["system:serviceaccounts"], "resourceAttributes": attributes}
            answers[asked] = bool(reviews.create_subject_access_review({"spec": spec}).status.allowed)
    finally:
        core.delete_namespace(jobs)
    assert answers == {row[0]: row[-1] for row in RIGHTS}


@pytest.mark.parametrize("values", [DAGS, RICH], ids=["the smallest values", "nearly everything"])
def test_the_api_server_knows_every_field_of_every_object(
    cluster: Cluster, namespace: str, helm: Callable[..., str], values: dict[str, Any]
) -> None:
    """What it does not know it would drop without a word, but for this question."""
    objects = render(values, namespace=namespace)
    objects = [o for o in objects if "monitoring.coreos.com" not in o["apiVersion"]]
    kubectl: list[str | Path] = [
        binaries.program("kubectl"),
        "--kubeconfig",
        cluster.kubeconfig,
        "--namespace",
        namespace,
    ]
    kubectl += ["apply", "--dry-run=server", "--validate=strict", "--output", "name", "--filename", "-"]
    answer = run(kubectl, stdin=yaml.safe_dump_all(objects))
    assert len(answer.splitlines()) == len(objects)
    container = next(o for o in objects if o["kind"] == "Deployment")["spec"]["template"]["spec"]["containers"][0]
    container["ressources"] = container.pop("resources")
    with pytest.raises(HarnessError, match="ressources"):
        run(kubectl, stdin=yaml.safe_dump_all(objects))


@pytest.mark.parametrize("values", [DAGS, RICH], ids=["the smallest values", "nearly everything"])
def test_the_daemons_pod_fits_a_namespace_of_the_restricted_standard(
    cluster: Cluster, kube: client.ApiClient, namespace: str, helm: Callable[..., str], values: dict[str, Any]
) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/; the server refuses what does not fit."""
    core: Any = client.CoreV1Api(kube)
    core.patch_namespace(namespace, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    objects = render(values, namespace=namespace)
    (deployment,) = [o for o in objects if o["kind"] == "Deployment" and o["metadata"]["name"] == "flow-goflow"]
    template = deployment["spec"]["template"]
    template["spec"]["serviceAccountName"] = "default"
    pod = {"metadata": {"name": "daemon", **template["metadata"]}, "spec": template["spec"]}
    core.create_namespaced_pod(namespace, pod, dry_run="All", field_validation="Strict")
    template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    with pytest.raises(client.ApiException) as refusal:
        core.create_namespaced_pod(namespace, pod, dry_run="All")
    assert refusal.value.status == 403
    assert "restricted" in str(refusal.value.body)
