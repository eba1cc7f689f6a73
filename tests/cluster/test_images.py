"""The project's own images, run as strictly as a cluster can: no root, no capability, nothing to write but volumes."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client

from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.given import GivenCluster
from tests.cluster.harness.images import RUNNER, build
from tests.cluster.harness.processes import wait_until
from tests.cluster.harness.rootfs import base_archive

MOST_ADDED_BYTES = 30_000_000

_STRICT = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _strictly(kube: client.ApiClient, namespace: str, image: str, *command: str) -> str:
    """Run a command in a container of an image that may do next to nothing; what it prints, once it ended with 0."""
    core: Any = client.CoreV1Api(kube)
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "Never",
        "command": list(command),
        "securityContext": _STRICT,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    volumes = [{"name": "tmp", "emptyDir": {}}]
    spec = {"restartPolicy": "Never", "volumes": volumes, "containers": [container]}
    pod = {"metadata": {"generateName": "strict-"}, "spec": spec}
    name = core.create_namespaced_pod(namespace, pod).metadata.name

    def phase() -> Any:
        return core.read_namespaced_pod(name, namespace).status.phase

    wait_until(f"the end of {command}", lambda: phase() in ("Succeeded", "Failed"), 90)
    log: str = core.read_namespaced_pod_log(name, namespace)
    assert phase() == "Succeeded", log
    return log


_ABOUT = """
import getpass, os, pathlib, sys
print(os.getuid(), os.getgid(), getpass.getuser(), pathlib.Path.home())
import goflow_runner, MODULES
own = pathlib.Path(goflow_runner.__file__).parent
print([str(p) for p in (own, pathlib.Path(sys.prefix), pathlib.Path("/")) if os.access(p, os.W_OK)])
print((own / "__pycache__").is_dir())
"""


def test_the_runner_runs_without_root_and_has_what_python_tasks_need(
    kube: client.ApiClient, namespace: str, runner_image: str
) -> None:
    program = _ABOUT.replace("MODULES", "airflow, jinja2, pendulum")
    log = _strictly(kube, namespace, runner_image, "python", "-c", program)
    assert log.splitlines() == ["65532 65532 goflow /home/goflow", "[]", "True"]


def test_the_runner_adds_little_to_its_base(cluster: Cluster, runner_image: str) -> None:
    if isinstance(cluster, GivenCluster):
        pytest.skip("the images of a cluster that was given were not built here")
    archive = build(RUNNER)
    assert archive.stat().st_size - base_archive().stat().st_size <= MOST_ADDED_BYTES


def test_the_runner_makes_virtual_environments_that_see_pip(
    kube: client.ApiClient, namespace: str, runner_image: str
) -> None:
    prefix = "/tmp/own/bin/python -c 'import sys; print(sys.prefix)'"
    make = f"python -m venv /tmp/own && /tmp/own/bin/pip --version && {prefix}"
    log = _strictly(kube, namespace, runner_image, "bash", "-c", make)
    assert log.startswith("pip ")
    assert log.endswith("/tmp/own\n")


def test_the_daemon_runs_without_root_and_without_the_shim(
    kube: client.ApiClient, namespace: str, daemon_image: str
) -> None:
    program = _ABOUT.replace("MODULES", "goflow, importlib.util") + "print(importlib.util.find_spec('airflow'))\n"
    log = _strictly(kube, namespace, daemon_image, "python", "-c", program)
    assert log.splitlines() == ["65532 65532 goflow /home/goflow", "[]", "True", "None"]


def test_the_daemons_command_line_is_in_its_image(kube: client.ApiClient, namespace: str, daemon_image: str) -> None:
    assert "Usage: goflow" in _strictly(kube, namespace, daemon_image, "goflow", "--help")
