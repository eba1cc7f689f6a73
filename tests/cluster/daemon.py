"""A daemon on this machine whose tasks run as Jobs on the test cluster."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goflow.operators.manifest import TOKEN_AUDIENCE
from tests.cluster.harness import Cluster
from tests.cluster.harness.images import RUNNER
from tests.running import Daemon


def free_port(host: str) -> int:
    """A port of HOST that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def settings_on(cluster: Cluster, namespace: str) -> dict[str, str]:
    """The environment of a daemon on this machine whose Jobs are made in NAMESPACE: pods reach its task API at the
    bridge's address, at a fixed port."""
    return {
        "GOFLOW_BACKEND": "kubernetes",
        "GOFLOW_KUBECONFIG": str(cluster.kubeconfig),
        "GOFLOW_NAMESPACE": namespace,
        "GOFLOW_INSTALLATION": namespace,
        "GOFLOW_JOB_TTL_S": "30",  # a small node: two hundred Jobs fill it
        "GOFLOW_RUNNER_IMAGE": RUNNER.name,
        "GOFLOW_IMAGE_PULL_POLICY": "Never",
        "GOFLOW_TASK_API_HOST": cluster.host_address,
        "GOFLOW_TASK_API_PORT": str(free_port(cluster.host_address)),
    }


def daemon_on(cluster: Cluster, namespace: str, home: Path, dags: Path, **environment: str) -> Daemon:
    """``goflow standalone --backend kubernetes`` with `settings_on`."""
    settings = {
        **settings_on(cluster, namespace),
        "GOFLOW_RESCAN_INTERVAL_S": "1",
        "GOFLOW_LOG_FORMAT": "json",
        **environment,
    }
    return Daemon(home, ["standalone", "--backend", "kubernetes", "--dags", str(dags), "--port", "0"], settings)


TRIGGER_ACCOUNT = "triggers"
"""Service account of `start_trigger_runner`'s pod: the setting ``trigger_service_account`` of its daemon."""


def start_trigger_runner(core: Any, settings: Mapping[str, str]) -> None:
    """A trigger runner's pod, as the chart's Deployment makes them, for a daemon with SETTINGS (`settings_on`); it goes with
    their namespace."""
    namespace = settings["GOFLOW_NAMESPACE"]
    task_api = f"http://{settings['GOFLOW_TASK_API_HOST']}:{settings['GOFLOW_TASK_API_PORT']}"
    core.create_namespaced_service_account(namespace, {"metadata": {"name": TRIGGER_ACCOUNT}})
    token = {"serviceAccountToken": {"path": "token", "audience": TOKEN_AUDIENCE, "expirationSeconds": 3600}}
    container = {
        "name": "triggers",
        "image": RUNNER.name,
        "imagePullPolicy": "Never",
        "command": ["goflow-runner", "triggers"],
        "env": [
            {"name": "GOFLOW_TASK_API", "value": task_api},
            {"name": "GOFLOW_TOKEN_FILE", "value": "/var/run/secrets/goflow/token"},
            {"name": "GOFLOW_WORK_DIR", "value": "/goflow"},
            {"name": "GOFLOW_TRIGGER_RUNNER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "GOFLOW_CLAIMANT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
        ],
        "volumeMounts": [
            {"name": "token", "mountPath": "/var/run/secrets/goflow", "readOnly": True},
            {"name": "work", "mountPath": "/goflow"},
        ],
    }
    spec = {
        "serviceAccountName": TRIGGER_ACCOUNT,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532},
        "containers": [container],
        "volumes": [{"name": "token", "projected": {"sources": [token]}}, {"name": "work", "emptyDir": {}}],
    }
    core.create_namespaced_pod(namespace, {"metadata": {"name": "triggers"}, "spec": spec})
