"""The cluster as tests see it: started, used by many, taken down."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.cluster.harness import archive, binaries, leftovers, machine, pki, processes, usage
from tests.cluster.harness.components import COMPONENTS, Component
from tests.cluster.harness.layout import (
    API_PORT,
    API_SERVICE_ADDRESS,
    BRIDGE,
    BRIDGE_CIDR,
    BRIDGE_MAC,
    BUSYBOX_IMAGE,
    COREDNS_READY_PORT,
    ETCD_PORT,
    HOST_ADDRESS,
    NODE,
    PAUSE_IMAGE,
    PROXY_HEALTH_PORT,
    containerd_socket,
    kubeconfig_path,
    work_folder,
)
from tests.cluster.harness.report import HarnessError, run, say

_CTR = ["ctr", "--namespace", "k8s.io"]


class Cluster:
    """The one cluster of this machine. Entering it starts it, or joins those who use it already; leaving takes it down
    when nobody else uses it and nobody asked to keep it (`python -m tests.cluster.harness up`)."""

    _uses = 0
    """How many uses this process has begun and not ended: every fixture that starts a cluster is one."""

    @property
    def host_address(self) -> str:
        """Where pods reach servers on this machine, when they listen there."""
        return HOST_ADDRESS

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return kubeconfig_path()

    @staticmethod
    def prepare() -> None:
        """Make what a start needs: minutes the first time, nothing afterwards. Raises HarnessError."""
        binaries.ensure(binaries.KUBERNETES)
        binaries.ensure(binaries.BESIDE)
        machine.install_cluster_packages()

    def start(self, *, keep: bool = False) -> None:
        """Have it running and use it from now on; with `keep` it stays up until somebody takes it down by hand.

        A cluster that runs and is used or kept is joined. Anything else that is found is the leftover of a crash and is
        cleared first. Raises HarnessError, with the tail of the log that tells, when it does not come up.
        """
        self.prepare()
        with usage.transition():
            if not self._joinable():
                self._bring_up()
            usage.enter()
            Cluster._uses += 1
            if keep:
                usage.keep(True)

    def stop(self) -> None:
        """Use it no more, and take it down when nobody else does and nobody asked to keep it. Harmless twice."""
        Cluster._uses = max(0, Cluster._uses - 1)
        if Cluster._uses:
            return
        with usage.transition():
            usage.leave()
            if not usage.is_kept() and not usage.users() and leftovers.exist():
                say("taking the cluster down")
                leftovers.clear()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """True when every component lives and the API server says that it is ready."""
        known = processes.recorded()
        return all(c.name in known and known[c.name].is_alive for c in COMPONENTS) and _api_is_ready()

    def restart(self, name: str, *, grace: float = 0.0) -> None:
        """End a component (SIGKILL, or SIGTERM first where there is GRACE, in seconds) and start it anew as it was; the
        API server is ready again on return. Nobody joins meanwhile. Raises HarnessError when it does not come up."""
        with usage.transition():
            command = processes.command_of(name)
            processes.stop(name, grace)
            processes.start(name, command)
            processes.wait_until("the API server", _api_is_ready, 60, needs=["kube-apiserver"])

    def pause(self, name: str) -> None:
        """Stop a component in its tracks (SIGSTOP), until `go_on`."""
        os.kill(processes.recorded()[name].pid, signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """Let a paused component go on; harmless for one that is not."""
        os.kill(processes.recorded()[name].pid, signal.SIGCONT)

    def compact(self) -> None:
        """Have etcd forget every version but the newest, as the API server has it do every five minutes
        (https://etcd.io/docs/v3.7/dev-guide/api_grpc_gateway/)."""
        found = _etcd("/v3/kv/range", {"key": "AA=="})
        _etcd("/v3/kv/compaction", {"revision": found["header"]["revision"]})

    def load_image(self, docker_archive: Path, name: str) -> None:
        """Give the node an image from a docker-archive that holds `name`; pods use it with `imagePullPolicy: Never`."""
        self._ctr("images", "import", str(docker_archive))
        if name not in self.images():
            raise HarnessError(f"{docker_archive} holds no image of the name {name}")

    def tag_image(self, name: str, further_name: str) -> None:
        """Let the node know an image by another name too, whatever that name meant before."""
        self._ctr("images", "tag", "--force", name, further_name)

    def images(self) -> dict[str, str]:
        """The images that the node has: name -> digest of its manifest."""
        rows = [line.split() for line in self._ctr("images", "list").splitlines()[1:]]
        return {row[0]: row[2] for row in rows}

    def api(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """GET, or POST when there is a body, as administrator. Raises HarnessError with the API server's answer."""
        token = yaml.safe_load(self.kubeconfig.read_text())["users"][0]["user"]["token"]
        request = urllib.request.Request(
            f"https://{HOST_ADDRESS}:{API_PORT}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10, context=_tls()) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            raise HarnessError(
                f"{path} answered {error.code}: {error.read().decode(errors='replace')[:500]}"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise HarnessError(f"{path}: the API server does not answer: {error}") from error

    def _ctr(self, *arguments: str) -> str:
        return run([*_CTR, "--address", str(containerd_socket()), *arguments], timeout=120)

    def _joinable(self) -> bool:
        return (usage.is_kept() or bool(usage.users())) and self.is_running

    def _bring_up(self) -> None:
        if leftovers.exist():
            say("clearing what an earlier cluster left behind")
        usage.keep(False)
        leftovers.clear()
        say("starting a cluster")
        for log in (work_folder() / "logs").glob("*.log"):
            log.unlink()
        try:
            self._start_components()
        except BaseException:
            leftovers.clear()
            raise
        say(f"the cluster is ready; logs are in {work_folder() / 'logs'}")

    def _start_components(self) -> None:
        """First what the API server needs, then it, then all that need it, at once."""
        _make_bridge()
        keys = pki.create(work_folder() / "pki")
        store, runtime, api, *others = COMPONENTS
        _start(store, keys)
        _start(runtime, keys)
        processes.wait_until("etcd", lambda: _answers(f"http://127.0.0.1:{ETCD_PORT}/health"), 30, needs=["etcd"])
        _start(api, keys)
        processes.wait_until("containerd", containerd_socket().exists, 30, needs=["containerd"])
        self.load_image(archive.pause(), PAUSE_IMAGE)
        self.load_image(archive.busybox(), BUSYBOX_IMAGE)
        processes.wait_until("the API server", _api_is_ready, 60, needs=["etcd", "kube-apiserver"])
        kubeconfig_path().write_text(keys.kubeconfig("admin").read_text())
        kubeconfig_path().chmod(0o600)
        self._grant_coredns()
        for component in others:
            _start(component, keys)
        names = [component.name for component in COMPONENTS]
        for what, check in (
            ("the node", self._node_is_ready),
            ("the default service account", self._account_is_there),
            ("kube-proxy", lambda: _answers(f"http://127.0.0.1:{PROXY_HEALTH_PORT}/healthz")),
            ("the service kubernetes", self._service_is_routed),
            ("CoreDNS", lambda: _answers(f"http://127.0.0.1:{COREDNS_READY_PORT}/ready")),
        ):
            processes.wait_until(what, check, 60, needs=names)

    def _grant_coredns(self) -> None:
        """The role that CoreDNS' kubernetes plugin asks for (https://coredns.io/plugins/kubernetes/)."""
        base = "/apis/rbac.authorization.k8s.io/v1"
        name = {"name": "system:coredns"}
        rules = [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
        ]
        self.api(f"{base}/clusterroles", {"metadata": name, "rules": rules})
        group = "rbac.authorization.k8s.io"
        role = {"apiGroup": group, "kind": "ClusterRole", **name}
        subject = {"apiGroup": group, "kind": "User", **name}
        self.api(f"{base}/clusterrolebindings", {"metadata": name, "roleRef": role, "subjects": [subject]})

    def _node_is_ready(self) -> bool:
        try:
            conditions = self.api(f"/api/v1/nodes/{NODE}")["status"].get("conditions", [])
        except HarnessError:
            return False
        return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)

    def _account_is_there(self) -> bool:
        try:
            self.api("/api/v1/namespaces/default/serviceaccounts/default")
            self.api("/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
        except HarnessError:
            return False
        return True

    def _service_is_routed(self) -> bool:
        try:
            return API_SERVICE_ADDRESS in run(["nft", "list", "table", "ip", "kube-proxy"])
        except HarnessError:
            return False


def _etcd(path: str, asked: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(f"http://127.0.0.1:{ETCD_PORT}{path}", data=json.dumps(asked).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def _start(component: Component, keys: pki.Pki) -> None:
    processes.start(component.name, component.prepare(keys))


def _make_bridge() -> None:
    # Without an address of its own a bridge takes the lowest one of its ports, which changes as pods come and go: pods
    # that have the old one in their ARP caches then lose the host for up to half a minute.
    run(["ip", "link", "add", BRIDGE, "address", BRIDGE_MAC, "type", "bridge"])
    run(["ip", "address", "add", BRIDGE_CIDR, "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(work_folder() / "pki" / "ca.crt"))


def _api_is_ready() -> bool:
    try:
        return _answers(f"https://{HOST_ADDRESS}:{API_PORT}/readyz", _tls())
    except OSError:
        return False


def _answers(url: str, context: ssl.SSLContext | None = None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2, context=context) as response:
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):
        return False
