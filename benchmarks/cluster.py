"""What a GoFlow daemon on this machine needs to run its tasks on the test cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.harness import RUNNER_IMAGE, Cluster, GivenCluster, ensure_images, images
from tests.oracle.postgres import free_port


@contextmanager
def cluster_settings(backend: str) -> Iterator[dict[str, str]]:
    """Settings for BACKEND: none for `local`; for `kubernetes` those of the cluster that KUBECONFIG names, else of the
    project's own, started here if it does not run. Raises HarnessError where this machine can host none."""
    if backend == "local":
        yield {}
        return
    cluster = GivenCluster.from_environment() or Cluster()
    cluster.start()
    try:
        ensure_images(cluster, images.RUNNER)
        yield {
            "KUBECONFIG": str(cluster.kubeconfig),
            "GOFLOW_TASK_API_HOST": cluster.host_address,
            "GOFLOW_TASK_API_PORT": str(free_port()),
            "GOFLOW_RUNNER_IMAGE": RUNNER_IMAGE,
            "GOFLOW_IMAGE_PULL_POLICY": "Never",
        }
    finally:
        cluster.stop()
