"""A daemon on this machine whose tasks run as Jobs on the test cluster."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from tests.cluster.harness import Cluster
from tests.cluster.harness.images import RUNNER
from tests.running import Daemon


def free_port(host: str) -> int:
    """A port of HOST that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def daemon_on(cluster: Cluster, namespace: str, home: Path, dags: Path, **environment: str) -> Daemon:
    """``goflow standalone --backend kubernetes``: pods reach its task API at the bridge's address, at a fixed port."""
    settings: dict[str, Any] = {
        "GOFLOW_KUBECONFIG": str(cluster.kubeconfig),
        "GOFLOW_NAMESPACE": namespace,
        "GOFLOW_INSTALLATION": namespace,
        "GOFLOW_RUNNER_IMAGE": RUNNER.name,
        "GOFLOW_IMAGE_PULL_POLICY": "Never",
        "GOFLOW_TASK_API_HOST": cluster.host_address,
        "GOFLOW_TASK_API_PORT": str(free_port(cluster.host_address)),
        "GOFLOW_RESCAN_INTERVAL_S": "1",
        "GOFLOW_LOG_FORMAT": "json",
        **environment,
    }
    return Daemon(home, ["standalone", "--backend", "kubernetes", "--dags", str(dags), "--port", "0"], settings)
