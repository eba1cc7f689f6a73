"""Nodes that kwok plays, and who answers for their kubelets: Jobs on them end at once, by nobody's work but the
cluster's own (``../shared/design/test-cluster.md``)."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from kubernetes import client

from tests.cluster.harness import Cluster, binaries
from tests.cluster.harness.layout import GO_MODULES, work_folder
from tests.oracle.live import wait_until

NODES = 20
LABEL = "kwok.x-k8s.io/node"
STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
KWOK_PORT = 10347


class Kubelet(StreamRequestHandler):
    """Answers for the kubelets of kwok's nodes: each container has an empty log, and that ends. kwok's own answer to
    who follows a log never does (its stub of a runtime cannot say that a container has ended); each kubelet's does. It
    looks at nothing that it is asked: kubelets are on machines of their own, and what this one does is in no figure."""

    def handle(self) -> None:
        """An empty log for each request, until the connection ends. None has a body."""
        for line in self.rfile:
            if line == b"\r\n":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def kubelet(cluster: Cluster) -> Iterator[int]:
    """The port at which `Kubelet` listens."""
    keys = work_folder() / "pki"
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(keys / "serving.crt", keys / "serving.key")
    with ThreadingTCPServer((str(cluster.host_address), 0), Kubelet) as server:
        server.daemon_threads = True
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def simulated_nodes(cluster: Cluster, kube: client.ApiClient, log: Path, port: int) -> Iterator[None]:
    """NODES nodes that kwok plays, as long as the block runs; at PORT somebody answers for their kubelets."""
    kwok = binaries.program("kwok")  # first: a machine that has not built it does not have its module's files either
    module = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"],
        cwd=GO_MODULES / "kwok", capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    stages = [
        file
        for stage in STAGES
        for file in sorted(Path(module, "kustomize/stage", stage).glob("*.yaml"))
        if file.name != "kustomization.yaml"
    ]
    keys = work_folder() / "pki"
    command = [
        kwok,
        f"--kubeconfig={cluster.kubeconfig}",
        "--manage-all-nodes=false",
        "--node-lease-duration-seconds=40",  # without leases the nodes count as gone after 50 s, and nothing goes on
        f"--manage-nodes-with-annotation-selector={LABEL}=fake",
        f"--server-address={cluster.host_address}:{KWOK_PORT}",
        f"--node-ip={cluster.host_address}",
        f"--node-port={port}",
        "--node-name=kwok",  # a node without a host name loses its address when kwok sees it anew
        f"--tls-cert-file={keys / 'serving.crt'}",
        f"--tls-private-key-file={keys / 'serving.key'}",
        *(f"--config={file}" for file in stages),
    ]
    core = client.CoreV1Api(kube)
    names = [f"kwok-{number}" for number in range(NODES)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        for name in names:
            core.create_node(_node(name))
        ready = lambda: all(_is_ready(core.read_node(name)) for name in names)  # noqa: E731
        wait_until(ready, 60, "the simulated nodes", 0.5)
        yield
    except TimeoutError as problem:
        problem.add_note(log.read_text()[-2000:])
        raise
    finally:
        for name in names:
            core.delete_node(name)
        process.terminate()
        process.wait(30)


def _node(name: str) -> dict[str, Any]:
    room = {"cpu": "1000", "memory": "1Ti", "pods": "10000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {LABEL: "fake"}, "annotations": {LABEL: "fake"}},
        "spec": {"taints": [{"key": LABEL, "value": "fake", "effect": "NoSchedule"}]},
        "status": {"capacity": room, "allocatable": room},
    }


def _is_ready(node: Any) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in node.status.conditions or ())
