"""The components of the cluster: their configuration files and command lines, in the order in which they start."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.harness import binaries
from tests.cluster.harness.layout import (
    API_PORT,
    BRIDGE,
    CLUSTER_DOMAIN,
    CONTROLLER_MANAGER_PORT,
    COREDNS_READY_PORT,
    ETCD_PEER_PORT,
    ETCD_PORT,
    HOST_ADDRESS,
    KUBELET_HEALTH_PORT,
    KUBELET_PORT,
    NODE,
    PAUSE_IMAGE,
    POD_SUBNET,
    PROXY_HEALTH_PORT,
    PROXY_METRICS_PORT,
    SCHEDULER_PORT,
    SERVICE_SUBNET,
    containerd_socket,
    work_folder,
)
from tests.cluster.harness.pki import FRONT_PROXY, Pki

Command = list[str | Path]

ISSUER = f"https://kubernetes.default.svc.{CLUSTER_DOMAIN}"


@dataclass(frozen=True)
class Component:
    """One process: its name, and what makes its files and gives its command line."""

    name: str
    prepare: Callable[[Pki], Command]


def etcd(pki: Pki) -> Command:
    """One member, not synced to disk: a test cluster does not survive a power cut."""
    client, peer = f"http://127.0.0.1:{ETCD_PORT}", f"http://127.0.0.1:{ETCD_PEER_PORT}"
    return [
        binaries.program("etcd"),
        f"--name={NODE}",
        f"--data-dir={work_folder() / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={NODE}={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def containerd(pki: Pki) -> Command:
    """Everything it keeps, network namespaces included, lies below the work folder, and goes with it."""
    work = work_folder()
    _write_json(
        work / "cni" / "10-bridge.conflist",
        {
            "cniVersion": "1.0.0",
            "name": "goflow-test",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": BRIDGE,
                    "isGateway": True,
                    "ipMasq": False,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": str(work / "cni-addresses"),
                        "ranges": [[{"subnet": POD_SUBNET}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
            ],
        },
    )
    config = work / "containerd.toml"
    config.write_text(_CONTAINERD.format(work=work, socket=containerd_socket(), pause=PAUSE_IMAGE))
    return ["/usr/bin/containerd", "--config", config]


#: restrict_oom_score_adj: this machine may lack CAP_SYS_RESOURCE, and every pod would fail to start.
_CONTAINERD = """\
version = 2
root = "{work}/containerd/root"
state = "{work}/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

[grpc]
  address = "{socket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_apparmor = true

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
      Root = "{work}/runc"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{work}/cni"
"""


def api_server(pki: Pki) -> Command:
    """Tokens of service accounts carry the audience that a pod asks for; the kubelet is reached with a certificate."""
    return [
        binaries.program("kube-apiserver"),
        f"--bind-address={HOST_ADDRESS}",
        f"--advertise-address={HOST_ADDRESS}",
        f"--secure-port={API_PORT}",
        f"--etcd-servers=http://127.0.0.1:{ETCD_PORT}",
        f"--service-cluster-ip-range={SERVICE_SUBNET}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={pki.authority}",
        f"--tls-cert-file={pki.certificate('serving')}",
        f"--tls-private-key-file={pki.key('serving')}",
        f"--token-auth-file={pki.tokens}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={pki.key('service-accounts')}",
        f"--service-account-signing-key-file={pki.key('service-accounts')}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-client-certificate={pki.certificate('kubelet-client')}",
        f"--kubelet-client-key={pki.key('kubelet-client')}",
        f"--proxy-client-cert-file={pki.certificate('front-proxy')}",
        f"--proxy-client-key-file={pki.key('front-proxy')}",
        f"--requestheader-client-ca-file={pki.authority}",
        f"--requestheader-allowed-names={FRONT_PROXY}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--max-requests-inflight=1000",
        "--max-mutating-requests-inflight=500",
        "--allow-privileged=true",
    ]


def controller_manager(pki: Pki) -> Command:
    """The rates are far above the defaults, which throttle a burst of Jobs to a crawl."""
    return [
        binaries.program("kube-controller-manager"),
        f"--kubeconfig={pki.kubeconfig('controller-manager')}",
        "--bind-address=127.0.0.1",
        f"--secure-port={CONTROLLER_MANAGER_PORT}",
        f"--cert-dir={work_folder() / 'controller-manager'}",
        "--leader-elect=false",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={pki.key('service-accounts')}",
        f"--root-ca-file={pki.authority}",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
        "--concurrent-job-syncs=50",
    ]


def scheduler(pki: Pki) -> Command:
    """No leader election: there is one."""
    return [
        binaries.program("kube-scheduler"),
        f"--kubeconfig={pki.kubeconfig('scheduler')}",
        "--bind-address=127.0.0.1",
        f"--secure-port={SCHEDULER_PORT}",
        f"--cert-dir={work_folder() / 'scheduler'}",
        "--leader-elect=false",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
    ]


def kubelet(pki: Pki) -> Command:
    """The node. QoS cgroups are off, because cgroup v1 may be mounted; images are never collected as garbage."""
    work = work_folder()
    names = work / "resolv.conf"
    names.write_text("# pods ask the cluster's CoreDNS and nobody else\n")
    config = work / "kubelet.json"
    _write_json(
        config,
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": HOST_ADDRESS,
            "port": KUBELET_PORT,
            "healthzBindAddress": "127.0.0.1",
            "healthzPort": KUBELET_HEALTH_PORT,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(pki.authority)},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "failCgroupV1": False,
            "failSwapOn": False,
            "clusterDNS": [HOST_ADDRESS],
            "clusterDomain": CLUSTER_DOMAIN,
            "resolvConf": str(names),
            "containerRuntimeEndpoint": f"unix://{containerd_socket()}",
            "podLogsDir": str(work / "pod-logs"),
            "volumePluginDir": str(work / "volume-plugins"),
            "maxPods": 250,
            "serializeImagePulls": False,
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "kubeAPIQPS": 500,
            "kubeAPIBurst": 1000,
            "eventRecordQPS": 0,
        },
    )
    return [
        binaries.program("kubelet"),
        f"--config={config}",
        f"--kubeconfig={pki.kubeconfig('node')}",
        f"--hostname-override={NODE}",
        f"--node-ip={HOST_ADDRESS}",
        f"--root-dir={work / 'kubelet'}",
        f"--cert-dir={work / 'kubelet-pki'}",
    ]


def proxy(pki: Pki) -> Command:
    """Services by nftables. Pods share one bridge: every connection is masqueraded, so that answers come back here."""
    config = work_folder() / "kube-proxy.json"
    _write_json(
        config,
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "nftables": {"masqueradeAll": True, "minSyncPeriod": "100ms"},
            "hostnameOverride": NODE,
            "clientConnection": {"kubeconfig": str(pki.kubeconfig("proxy"))},
            "healthzBindAddress": f"127.0.0.1:{PROXY_HEALTH_PORT}",
            "metricsBindAddress": f"127.0.0.1:{PROXY_METRICS_PORT}",
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        },
    )
    return [binaries.program("kube-proxy"), f"--config={config}"]


def coredns(pki: Pki) -> Command:
    """Names of the cluster; any other name is refused, because nothing leaves the machine."""
    config = work_folder() / "Corefile"
    config.write_text(
        f".:53 {{\n  bind {HOST_ADDRESS}\n  errors\n  ready 127.0.0.1:{COREDNS_READY_PORT}\n"
        f"  kubernetes {CLUSTER_DOMAIN} in-addr.arpa {{\n    kubeconfig {pki.kubeconfig('coredns')}\n    ttl 2\n  }}\n"
        "  cache 2\n}\n"
    )
    return [binaries.program("coredns"), "-conf", config]


#: The order of starting; they end in the opposite one.
COMPONENTS = (
    Component("etcd", etcd),
    Component("containerd", containerd),
    Component("kube-apiserver", api_server),
    Component("kube-controller-manager", controller_manager),
    Component("kube-scheduler", scheduler),
    Component("kubelet", kubelet),
    Component("kube-proxy", proxy),
    Component("coredns", coredns),
)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2))
