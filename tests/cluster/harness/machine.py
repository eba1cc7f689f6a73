"""Whether this machine can host a cluster, and the Debian packages that it needs for it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.cluster.harness import binaries
from tests.cluster.harness.report import run, say

#: Debian package -> a file that tells that it is there.
_CLUSTER_PACKAGES = {
    "containerd": "/usr/bin/containerd",
    "runc": "/usr/sbin/runc",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "nftables": "/usr/sbin/nft",
    "iproute2": "/bin/ip",
    "busybox-static": "/bin/busybox",
}
_IMAGE_PACKAGES = {
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "buildah": "/usr/bin/buildah",
}

_CAP_NET_ADMIN = 12
_CAP_SYS_ADMIN = 21


def why_not_hostable() -> str | None:
    """The reason why no cluster can run on this machine, as half a sentence; None when nothing speaks against it."""
    if sys.platform != "linux":
        return f"the cluster needs Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "it needs root, for network namespaces, mounts and cgroups"
    missing = [
        name for name, bit in (("NET_ADMIN", _CAP_NET_ADMIN), ("SYS_ADMIN", _CAP_SYS_ADMIN)) if not _capable(bit)
    ]
    if missing:
        return f"this root lacks the capabilities {', '.join(missing)}"
    if not Path("/sys/fs/cgroup").is_dir() or not any(Path("/sys/fs/cgroup").iterdir()):
        return "no cgroups are mounted in /sys/fs/cgroup"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "the kernel knows no overlayfs"
    absent = missing_packages(_CLUSTER_PACKAGES)
    if absent and shutil.which("apt-get") is None:
        return f"{', '.join(absent)} are not installed and there is no apt-get to install them with"
    return binaries.why_not_buildable(binaries.KUBERNETES, binaries.BESIDE)


def missing_packages(wanted: dict[str, str]) -> list[str]:
    """Names of the Debian packages whose telling file is not there."""
    return [package for package, file in wanted.items() if not Path(file).exists()]


def install_cluster_packages() -> None:
    """Install what running the cluster needs and is missing. Raises HarnessError when apt-get fails."""
    _install(_CLUSTER_PACKAGES)


def install_image_packages() -> None:
    """Install what building images needs and is missing. Raises HarnessError when apt-get fails."""
    _install(_IMAGE_PACKAGES)


def _install(wanted: dict[str, str]) -> None:
    absent = missing_packages(wanted)
    if not absent:
        return
    say(f"installing Debian packages: {' '.join(absent)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    run(["apt-get", *wait, "update", "-q"], env=env)
    run(["apt-get", *wait, "install", "-q", "-y", "--no-install-recommends", *absent], env=env)


def _capable(bit: int) -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> bit & 1)
    return False
