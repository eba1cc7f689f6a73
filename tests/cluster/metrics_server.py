"""The real metrics-server on this machine, beside the test cluster, which serves ``metrics.k8s.io`` through it.

https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.daemon import free_port
from tests.cluster.harness import Cluster, GivenCluster, binaries
from tests.cluster.harness.layout import HOST_ADDRESS
from tests.cluster.harness.processes import wait_until

RESOLUTION_S = 10
"""The shortest that it takes."""
_SPACE = "kube-system"
_NAME = {"name": "metrics-server", "namespace": _SPACE}
_GROUP, _VERSION = "metrics.k8s.io", "v1beta1"


@contextmanager
def metrics_server(cluster: Cluster, kube: client.ApiClient, folder: Path) -> Iterator[None]:
    """It answers for the cluster while the block runs; certificate and log are in FOLDER."""
    if isinstance(cluster, GivenCluster):
        pytest.skip("metrics-server is started beside our own cluster")
    port = free_port(HOST_ADDRESS)
    rights = [f"--{what}kubeconfig={cluster.kubeconfig}" for what in ("", "authentication-", "authorization-")]
    command: list[str | Path] = [
        binaries.program("metrics-server"),
        *rights,
        f"--bind-address={HOST_ADDRESS}",
        f"--secure-port={port}",
        f"--cert-dir={folder}",
        f"--metric-resolution={RESOLUTION_S}s",
        "--kubelet-preferred-address-types=InternalIP",
        "--kubelet-request-timeout=5s",  # less than its resolution
        "--kubelet-insecure-tls",
    ]
    log = folder / "metrics-server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        with _served_at(kube, port):
            try:
                wait_until("metrics-server", lambda: _knows_nodes(kube), 90)
            except Exception as problem:
                problem.add_note(log.read_text()[-2000:])
                raise
            yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def _served_at(kube: client.ApiClient, port: int) -> Iterator[None]:
    core: Any = client.CoreV1Api(kube)
    slices: Any = client.DiscoveryV1Api(kube)
    services: Any = client.ApiregistrationV1Api(kube)
    core.create_namespaced_service(_SPACE, {"metadata": _NAME, "spec": {"ports": [{"name": "https", "port": 443}]}})
    endpoints = {
        "metadata": {**_NAME, "labels": {"kubernetes.io/service-name": _NAME["name"]}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [HOST_ADDRESS]}],
        "ports": [{"name": "https", "port": port}],
    }
    served: dict[str, Any] = {
        "metadata": {"name": f"{_VERSION}.{_GROUP}"},
        "spec": {
            "group": _GROUP,
            "version": _VERSION,
            "service": _NAME,
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        },
    }
    try:
        slices.create_namespaced_endpoint_slice(_SPACE, endpoints)
        services.create_api_service(served)
        yield
    finally:
        services.delete_api_service(served["metadata"]["name"])
        slices.delete_namespaced_endpoint_slice(_NAME["name"], _SPACE)
        core.delete_namespaced_service(_NAME["name"], _SPACE)


def _knows_nodes(kube: client.ApiClient) -> bool:
    objects: Any = client.CustomObjectsApi(kube)
    try:
        return bool(objects.list_cluster_custom_object(_GROUP, _VERSION, "nodes")["items"])
    except client.ApiException as problem:
        if problem.status not in (404, 503):
            raise
        return False
