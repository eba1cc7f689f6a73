"""Taking a cluster down, whole: after a good run as well as after a crash at any point of one.

Nothing here trusts what the last start wrote down. Processes, mounts, cgroups and network devices of the cluster are
recognised by the work folder and the bridge, which only this cluster has.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.cluster.harness import processes
from tests.cluster.harness.components import COMPONENTS
from tests.cluster.harness.layout import BRIDGE, log_folder, work_folder
from tests.cluster.harness.report import HarnessError

#: Files outside the work folder that no option moves; ours name the work folder, in their text or as their target.
_KUBELET_LOG_LINKS = Path("/var/log/containers")
_CNI_RESULTS = Path("/var/lib/cni/results")


def clear() -> None:
    """End and remove everything of the cluster but its logs. Harmless when nothing is there.

    Nobody is asked politely: nothing of what they would write down is kept, and the API server takes its time.
    Raises HarnessError when something could not be removed, naming it.
    """
    for component in reversed(COMPONENTS):
        if component.name != "containerd":
            processes.stop(component.name, grace=0)
    _end_all(processes_in_containers())
    processes.stop("containerd", grace=0)
    _end_all(_processes_that_name_the_work_folder())
    _end_all(processes_in_containers())
    _unmount()
    _remove_cgroups()
    _remove_network()
    _remove_files()


def exist() -> bool:
    """True when something of a cluster is there: files, the bridge, or processes."""
    work = work_folder()
    kept = {log_folder(), work / "lock", work / "users"}
    files = work.is_dir() and any(path not in kept for path in work.iterdir())
    return files or _bridge_exists() or bool(_processes_that_name_the_work_folder())


def _end_all(found: list[processes.Identity]) -> None:
    for identity in found:
        processes.end(identity, grace=0.0)


def _pids() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != os.getpid()]


def processes_in_containers() -> list[processes.Identity]:
    """Those whose root is an overlay that containerd laid below the work folder, pause containers included."""
    mark = f"{work_folder()}/containerd/root/"
    return _identities(pid for pid in _pids() if mark in _root_mount(pid))


def _root_mount(pid: int) -> str:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
            if line.split()[4] == "/":
                return line
    return ""


def _processes_that_name_the_work_folder() -> list[processes.Identity]:
    """Those with a path below it among their arguments, but for people's own shells, editors and the harness."""
    mark = f"{work_folder()}/".encode()
    programs = {b"etcd", b"containerd", b"containerd-shim-runc-v2", b"containerd-shim", b"runc"}
    programs |= {component.name.encode() for component in COMPONENTS}
    found = []
    for pid in _pids():
        with contextlib.suppress(OSError):
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            program = os.path.basename(arguments[0])
            if program in programs and any(mark in argument for argument in arguments[1:]):
                found.append(pid)
    return _identities(found)


def _identities(pids: Iterable[int]) -> list[processes.Identity]:
    return [identity for pid in pids if (identity := processes.identity_of(pid)) is not None]


def _unmount() -> None:
    """Volumes of pods, overlays and network namespaces, innermost first."""
    inside = f"{work_folder()}/"
    points = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        if point.startswith(inside):
            points.append(point)
    for point in sorted(points, key=len, reverse=True):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)


def _remove_cgroups() -> None:
    """containerd puts containers below /k8s.io when the kubelet has no QoS cgroups; only empty ones can be removed."""
    for top in [*Path("/sys/fs/cgroup").glob("*/k8s.io"), Path("/sys/fs/cgroup/k8s.io")]:
        if top.is_dir():
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)


def _remove_network() -> None:
    if _bridge_exists():
        subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True, check=False)
    for family in ("ip", "ip6"):
        with contextlib.suppress(FileNotFoundError):
            subprocess.run(["nft", "delete", "table", family, "kube-proxy"], capture_output=True, check=False)


def _bridge_exists() -> bool:
    """Asked of the network namespace that this process is in; /sys would tell of the one that it was mounted in."""
    return any(name == BRIDGE for _, name in socket.if_nameindex())


def _remove_files() -> None:
    work = work_folder()
    if _KUBELET_LOG_LINKS.is_dir():
        for link in _KUBELET_LOG_LINKS.iterdir():
            if link.is_symlink() and os.readlink(link).startswith(f"{work}/"):
                link.unlink()
    if _CNI_RESULTS.is_dir():
        for result in _CNI_RESULTS.iterdir():
            with contextlib.suppress(OSError):
                if f"{work}/".encode() in result.read_bytes():
                    result.unlink()
    if not work.is_dir():
        return
    for path in work.iterdir():
        if path in (log_folder(), work / "lock", work / "users"):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        if path.exists():
            raise HarnessError(f"{path} of the last cluster could not be removed: something still uses it")
