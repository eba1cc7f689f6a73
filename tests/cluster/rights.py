"""A service account with the rights that the chart gives the daemon, and no others: the rendered objects, applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from tests.chaos.stage import ACCOUNT, GROUP, RULES
from tests.chart.rendered import DAGS, merged
from tests.cluster.harness import Cluster
from tests.cluster.harness.helm import render
from tests.cluster.kubectl import kubectl

RELEASE = "flow"
_OF_THE_CLUSTER = ("ClusterRole", "ClusterRoleBinding")
_KINDS = ("ServiceAccount", "Role", "RoleBinding", *_OF_THE_CLUSTER)


@contextmanager
def rights_of_the_chart(
    cluster: Cluster, kube: client.ApiClient, namespace: str, folder: Path, **values: Any
) -> Iterator[dict[str, str]]:
    """The settings of a daemon that has these rights in NAMESPACE: whose account it is, and its installation, after which
    its Leases are called. Its kubeconfig is written into FOLDER. VALUES are further ones of the chart."""
    given = merged(DAGS, {"jobs": {"installation": namespace}}, values)
    objects = [found for found in render(given, release=RELEASE, namespace=namespace) if found["kind"] in _KINDS]
    [account] = {found["subjects"][0]["name"] for found in objects if found["kind"].endswith("Binding")}
    kubectl(cluster, "apply", objects=objects, namespace=namespace)
    try:
        yield {
            "GOFLOW_KUBECONFIG": str(kubeconfig_for(cluster, kube, namespace, account, folder)),
            "GOFLOW_INSTALLATION": namespace,
        }
    finally:
        whole = [found for found in objects if found["kind"] in _OF_THE_CLUSTER]
        kubectl(cluster, "delete", "--ignore-not-found", objects=whole, namespace=namespace)


def kubeconfig_of(cluster: Cluster, kube: client.ApiClient, namespace: str, folder: Path) -> Path:
    """That of a service account with the daemon's rights over Jobs in NAMESPACE, without helm; they go with it."""
    rbac: Any = client.RbacAuthorizationV1Api(kube)
    core: Any = client.CoreV1Api(kube)
    name = {"metadata": {"name": ACCOUNT}}
    core.create_namespaced_service_account(namespace, name)
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}
    rbac.create_namespaced_role(namespace, {**name, "rules": RULES})
    role = {"apiGroup": GROUP, "kind": "Role", "name": ACCOUNT}
    rbac.create_namespaced_role_binding(namespace, {**name, "roleRef": role, "subjects": [subject]})
    return kubeconfig_for(cluster, kube, namespace, ACCOUNT, folder)


def kubeconfig_for(cluster: Cluster, kube: client.ApiClient, namespace: str, account: str, folder: Path) -> Path:
    """A kubeconfig with the token of that service account."""
    core: Any = client.CoreV1Api(kube)
    asked = {"spec": {"expirationSeconds": 86400}}
    token = core.create_namespaced_service_account_token(account, namespace, asked).status.token
    document = yaml.safe_load(cluster.kubeconfig.read_text())
    document["users"] = [{"name": entry["name"], "user": {"token": token}} for entry in document["users"]]
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return path


def refusals(asked: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Of what a daemon has ASKED (labels of ``goflow_kube_requests_total``) that which it may not; the kubelets are asked
    in vain where that right is not given."""
    refused = [labels for labels in asked if labels["code"] in ("401", "403")]
    return [labels for labels in refused if labels["resource"] != "nodes/proxy"]
