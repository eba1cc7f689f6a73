"""Where everything of the test cluster lies, and the numbers that several parts must agree on."""

from __future__ import annotations

import os
from pathlib import Path

#: The Kubernetes release. Must agree with `gomod/cluster/go.mod`; the staging modules have the number with major 0.
KUBERNETES_VERSION = "1.37.2"

#: The bridge on the host that pods are plugged into, and this machine's address on it: the node's address, the API
#: server's, and the one under which pods reach servers on the host.
BRIDGE = "gf0"
BRIDGE_MAC = "0a:58:0a:f4:00:01"
HOST_ADDRESS = "10.244.0.1"
POD_SUBNET = "10.244.0.0/16"
BRIDGE_CIDR = "10.244.0.1/16"

SERVICE_SUBNET = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
CLUSTER_DOMAIN = "cluster.local"
NODE = "node1"

API_PORT = 6443
KUBELET_PORT = 10250
#: Loopback ports away from the defaults where Debian's own service of that name would sit.
ETCD_PORT = 12379
ETCD_PEER_PORT = 12380
COREDNS_READY_PORT = 18181
KUBELET_HEALTH_PORT = 10248
CONTROLLER_MANAGER_PORT = 10257
SCHEDULER_PORT = 10259
PROXY_HEALTH_PORT = 10256
PROXY_METRICS_PORT = 10249

#: Any image whose command sleeps will do for the container that holds a pod's network namespace.
PAUSE_IMAGE = "localhost/pause:1"
#: busybox with /bin/sh, for tests that only need some container.
BUSYBOX_IMAGE = "localhost/busybox:1"

REPOSITORY = Path(__file__).resolve().parents[3]
GO_MODULES = Path(__file__).resolve().parents[1] / "gomod"


def cache_folder() -> Path:
    """What outlives a cluster: compiled binaries, root file systems, built images, wheels (`GOFLOW_TEST_CACHE`)."""
    return Path(os.environ.get("GOFLOW_TEST_CACHE") or Path.home() / ".cache" / "goflow-tests")


def work_folder() -> Path:
    """What belongs to the one cluster of this machine and goes with it (`GOFLOW_TEST_CLUSTER_DIR`).

    One fixed place and not a temporary folder, so that a later start finds what a crashed one left behind.
    """
    return Path(os.environ.get("GOFLOW_TEST_CLUSTER_DIR") or "/var/lib/goflow-test-cluster")


def kubeconfig_path() -> Path:
    """The administrator's kubeconfig of the running cluster."""
    return work_folder() / "admin.kubeconfig"


def log_folder() -> Path:
    """One log per component; kept after the cluster is taken down, until the next start."""
    return work_folder() / "logs"


def containerd_socket() -> Path:
    """Where containerd answers, for the kubelet and for `ctr`."""
    return work_folder() / "containerd.sock"
