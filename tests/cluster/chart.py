"""GoFlow in the test cluster as its users have it there: the chart, installed, with its DAG files in a ConfigMap."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
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
    helm: Callable[..., str]
    home: str
    """Namespace of the daemon."""
    jobs: str
    """Namespace of the Jobs."""
    values: dict[str, Any]
    """What it is installed with."""
    files: dict[str, str] = field(default_factory=dict)

    def install(self) -> None:
        """Install the release, and wait until its daemon is ready."""
        self._helm("install", "flow", CHART, values=self.values)
        wait_until("the daemon", lambda: _is_ready(self.core, self.home), 120)

    def upgrade(self, **more: Any) -> None:
        """Upgrade it with MORE values, and wait until that is what runs."""
        self.values = {**self.values, **more}
        self._helm("upgrade", "flow", CHART, values=self.values)
        done = self.kubectl("rollout", "status", "deployment/flow-goflow", "--timeout=120s")
        if done.returncode:
            pytest.fail(f"{done.stdout}{done.stderr}\n{self.daemon_log()}")

    def uninstall(self) -> None:
        """Remove it, if it is there."""
        self._helm("uninstall", "flow", "--ignore-not-found")

    def _helm(self, *arguments: str | Path, values: dict[str, Any] | None = None) -> None:
        self.helm(*arguments, "--namespace", self.home, values=values, kubeconfig=self.cluster.kubeconfig)

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run kubectl in the daemon's namespace."""
        program = [str(binaries.program("kubectl")), "--kubeconfig", str(self.cluster.kubeconfig)]
        return subprocess.run(
            [*program, "--namespace", self.home, *arguments], capture_output=True, text=True, timeout=180, check=False
        )

    def inside(self, *command: str, ok: bool = True) -> str:
        """Run a command in the daemon's pod and give what it prints; with `ok` it must end with 0."""
        done = self.kubectl("exec", "deployment/flow-goflow", "--", *command)
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
    values = {
        "image": _image(DAEMON_IMAGE),
        "runner": {"image": _image(RUNNER_IMAGE)},
        "dags": {"configMap": "dags"},
        "jobs": {"namespaces": [jobs]},
        "settings": {"unpaused_at_creation": True, "rescan_interval_s": 1},
        **more,
    }
    installation = Installation(cluster, core, helm, namespace, jobs, values)
    installation.write(**files)
    try:
        installation.install()
        yield installation
    except BaseException:
        print(installation.daemon_log())
        raise
    finally:
        installation.uninstall()
        core.delete_namespace(jobs)


def _image(name: str) -> dict[str, str]:
    repository, _, tag = name.rpartition(":")
    return {"repository": repository, "tag": tag, "pullPolicy": "Never"}


def _is_ready(core: Any, namespace: str) -> bool:
    pods = core.list_namespaced_pod(namespace, label_selector="app.kubernetes.io/component=daemon").items
    return any(c.type == "Ready" and c.status == "True" for pod in pods for c in pod.status.conditions or ())
