"""GoFlow in the test cluster as its users have it there: the chart, installed, with its DAG files in a ConfigMap."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.harness import DAEMON_IMAGE, RUNNER_IMAGE, Cluster, binaries
from tests.cluster.harness.helm import CHART
from tests.cluster.harness.processes import wait_until


@dataclass
class Installation:
    """A release of the chart, and how the tests speak to it: by the command line inside the daemon's pod."""

    cluster: Cluster
    core: Any
    home: str
    """Namespace of the daemon."""
    jobs: str
    """Namespace of the Jobs."""
    files: dict[str, str] = field(default_factory=dict)

    def inside(self, *command: str, ok: bool = True) -> str:
        """Run a command in the daemon's pod and give what it prints; with `ok` it must end with 0."""
        kubectl = [str(binaries.program("kubectl")), "--kubeconfig", str(self.cluster.kubeconfig)]
        done = subprocess.run(
            [*kubectl, "--namespace", self.home, "exec", "deployment/flow-goflow", "--", *command],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if ok and done.returncode:
            pytest.fail(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}\n{self.daemon_log()}")
        return done.stdout + ("" if ok else done.stderr)

    def json(self, *command: str) -> Any:
        """What `goflow COMMAND --json` prints."""
        return json.loads(self.inside("goflow", *command, "--json"))

    def daemon_log(self) -> str:
        """The end of the daemon's log, for a failing test's report."""
        pods = self.core.list_namespaced_pod(self.home, label_selector="app.kubernetes.io/component=daemon").items
        logs = (self.core.read_namespaced_pod_log(pod.metadata.name, self.home, tail_lines=40) for pod in pods)
        return "\n".join(logs)

    def write(self, **files: str) -> None:
        """Make the ConfigMap of DAG files hold these besides what it holds (NAME=text is NAME.py)."""
        self.files |= {f"{name}.py": text for name, text in files.items()}
        self.core.replace_namespaced_config_map("dags", self.home, {"metadata": {"name": "dags"}, "data": self.files})

    def hurry(self) -> None:
        """Have the kubelet look at the daemon's pod now and refresh its ConfigMaps; else it does so each minute."""
        pods = self.core.list_namespaced_pod(self.home, label_selector="app.kubernetes.io/component=daemon").items
        poke = {"metadata": {"annotations": {"goflow.test/poke": uuid.uuid4().hex}}}
        for pod in pods:
            self.core.patch_namespaced_pod(pod.metadata.name, self.home, poke)

    def dag_ids(self) -> set[str]:
        """The DAGs that the daemon knows."""
        return {dag["dag_id"] for dag in self.json("dags", "list")}


@contextmanager
def installed(
    cluster: Cluster,
    kube: client.ApiClient,
    namespace: str,
    helm: Callable[..., str],
    files: dict[str, str],
    **more: dict[str, Any],
) -> Iterator[Installation]:
    """The chart in NAMESPACE with a ConfigMap of FILES (NAME -> text of NAME.py), its daemon ready, its Jobs in a namespace
    of their own. MORE: further values."""
    core: Any = client.CoreV1Api(kube)
    jobs = f"{namespace}-jobs"
    core.create_namespace({"metadata": {"name": jobs}})
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "dags"}, "data": {}})
    installation = Installation(cluster, core, namespace, jobs)
    installation.write(**files)
    values = {
        "image": _image(DAEMON_IMAGE),
        "runner": {"image": _image(RUNNER_IMAGE)},
        "dags": {"configMap": "dags"},
        "jobs": {"namespaces": [jobs]},
        "settings": {"unpaused_at_creation": True, "rescan_interval_s": 1},
        **more,
    }
    try:
        helm("install", "flow", CHART, "--namespace", namespace, values=values, kubeconfig=cluster.kubeconfig)
        wait_until("the daemon", lambda: _is_ready(core, namespace), 120)
        yield installation
    except BaseException:
        print(installation.daemon_log())
        raise
    finally:
        helm("uninstall", "flow", "--namespace", namespace, "--ignore-not-found", kubeconfig=cluster.kubeconfig)
        core.delete_namespace(jobs)


def _image(name: str) -> dict[str, str]:
    repository, _, tag = name.rpartition(":")
    return {"repository": repository, "tag": tag, "pullPolicy": "Never"}


def _is_ready(core: Any, namespace: str) -> bool:
    pods = core.list_namespaced_pod(namespace, label_selector="app.kubernetes.io/component=daemon").items
    return any(c.type == "Ready" and c.status == "True" for pod in pods for c in pod.status.conditions or ())
