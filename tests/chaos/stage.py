"""Where the chaos takes place: a namespace of the cluster, the proxy, the witness, and the daemon or daemons."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config

from tests.chaos.daemons import Daemons
from tests.chaos.weather import Weather
from tests.chaos.witness import Witness
from tests.cluster.daemon import free_port
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster
from tests.cluster.harness.processes import wait_until

DAGS = Path(__file__).parent / "dags"
ACCOUNT = "chaos-daemon"
RULES = [
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "list", "watch", "patch", "delete"]},
    {
        "apiGroups": ["batch"],
        "resources": ["cronjobs"],
        "verbs": ["create", "list", "watch", "patch", "update", "delete"],
    },
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch", "delete"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update"]},
]
"""What the chart grants the daemon in a namespace of its Jobs, and in its own."""
GROUP = "rbac.authorization.k8s.io"


class Stage:
    """Everything that faults work on. MOMENTS is where all chance comes from."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path, seed: int, daemons: int) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.folder = folder
        self.moments = random.Random(seed)
        self.kube = config.new_client_from_config(str(cluster.kubeconfig))
        self.core: Any = client.CoreV1Api(self.kube)
        self.witness = Witness(cluster.host_address, folder)
        self.proxy_port = free_port("127.0.0.1")
        self._proxy = self._start_proxy(seed)
        self._write_dags()
        self.daemons = Daemons(
            cluster,
            namespace,
            folder,
            kubeconfig=self._kubeconfig(),
            number=daemons,
            moments=random.Random(f"{seed} daemons"),
        )
        self.done: Counter[str] = Counter()
        """How often what was done."""
        self.over = threading.Event()
        """Set when no further fault is to begin."""

    def say(self, what: str, **more: object) -> None:
        """Write down what is done, with the moment."""
        with (self.folder / "story.jsonl").open("a", encoding="utf-8") as story:
            story.write(json.dumps({"at": round(time.monotonic(), 3), "what": what, **more}) + "\n")

    def count(self, what: str) -> None:
        """It was done once more."""
        self.done[what] += 1
        self.say(what)

    # The proxy -----------------------------------------------------------------------------------------------------

    def weather(self, weather: Weather) -> None:
        """What the proxy does from now on."""
        self.proxy("PUT", "weather", asdict(weather))

    def proxy(self, method: str, what: str, body: dict[str, Any] | None = None, timeout_s: float = 10.0) -> Any:
        """Ask the proxy itself."""
        url = f"http://127.0.0.1:{self.proxy_port}/chaos/{what}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method)
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return json.load(answer)

    # The cluster ---------------------------------------------------------------------------------------------------

    def pods(self, *phases: str) -> list[Any]:
        """The pods of the namespace in one of PHASES that nobody has deleted yet."""
        items = self.core.list_namespaced_pod(self.namespace).items
        return [pod for pod in items if pod.status.phase in phases and pod.metadata.deletion_timestamp is None]

    def close(self) -> None:
        """End what was begun here; the namespace is its maker's."""
        self.daemons.stop()
        self._proxy.kill()
        self._proxy.wait()
        self.witness.close()
        self.kube.close()

    # How it is set up ----------------------------------------------------------------------------------------------

    def _start_proxy(self, seed: int) -> subprocess.Popen[bytes]:
        words = ["--kubeconfig", str(self.cluster.kubeconfig), "--port", str(self.proxy_port), "--seed", str(seed)]
        with (self.folder / "proxy.log").open("ab") as out:
            process = subprocess.Popen([sys.executable, "-m", "tests.chaos.proxy", *words], stdout=out, stderr=out)

        def answers() -> bool:
            with contextlib.suppress(OSError):
                return self.proxy("GET", "done") == {}
            return False

        wait_until("the proxy", answers, 30)
        return process

    def _write_dags(self) -> None:
        dags = self.folder / "dags"
        shutil.copytree(DAGS, dags, ignore=shutil.ignore_patterns("__pycache__"))
        for path in dags.glob("*.py"):
            text = path.read_text().replace('("@HOST@", 0)', f"({self.witness.host!r}, {self.witness.port})")
            path.write_text(text.replace("@HOST@", self.witness.host).replace("@PORT@", str(self.witness.port)))

    def _kubeconfig(self) -> Path:
        """The daemon's own: it comes by the proxy, and has the rights that the chart gives it."""
        rbac: Any = client.RbacAuthorizationV1Api(self.kube)
        name = {"metadata": {"name": ACCOUNT}}
        self.core.create_namespaced_service_account(self.namespace, name)
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": self.namespace}
        rbac.create_namespaced_role(self.namespace, {**name, "rules": RULES})
        role = {"apiGroup": GROUP, "kind": "Role", "name": ACCOUNT}
        rbac.create_namespaced_role_binding(self.namespace, {**name, "roleRef": role, "subjects": [subject]})
        reviewer = {"metadata": {"name": f"{ACCOUNT}-{self.namespace}"}, "subjects": [subject]}
        role = {"apiGroup": GROUP, "kind": "ClusterRole", "name": "system:auth-delegator"}
        rbac.create_cluster_role_binding({**reviewer, "roleRef": role})
        asked = {"spec": {"expirationSeconds": 86400}}
        token = self.core.create_namespaced_service_account_token(ACCOUNT, self.namespace, asked).status.token
        path = self.folder / "daemon.kubeconfig"
        context = {"cluster": "proxy", "user": ACCOUNT}
        text = yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "proxy", "cluster": {"server": f"http://127.0.0.1:{self.proxy_port}"}}],
                "users": [{"name": ACCOUNT, "user": {"token": token}}],
                "contexts": [{"name": "proxy", "context": context}],
                "current-context": "proxy",
            }
        )
        path.write_text(text)
        path.chmod(0o600)
        return path


@contextlib.contextmanager
def stage_on(cluster: Cluster, folder: Path, seed: int, daemons: int = 1) -> Iterator[Stage]:
    """A stage in a namespace of its own, which goes with it."""
    folder.mkdir(parents=True, exist_ok=True)
    with config.new_client_from_config(str(cluster.kubeconfig)) as kube, namespace_on(kube) as namespace:
        stage = Stage(cluster, namespace, folder, seed, daemons)
        try:
            yield stage
        finally:
            stage.close()
            client.RbacAuthorizationV1Api(kube).delete_cluster_role_binding(f"{ACCOUNT}-{namespace}")
