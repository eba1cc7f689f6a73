"""A cluster whose processes and whose harness were killed: the next start clears it, and taking down leaves nothing.

Everything happens in a network namespace and a work folder of its own, so that the cluster which other tests use is not
touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.harness import Cluster, GivenCluster
from tests.cluster.harness.layout import BUSYBOX_IMAGE, REPOSITORY

_START_AND_CRASH = f"""
import os, signal
from tests.cluster.harness import Cluster, leftovers, processes
cluster = Cluster()
cluster.start()
container = {{"name": "main", "image": "{BUSYBOX_IMAGE}", "command": ["sleep", "100000"], "imagePullPolicy": "Never"}}
pod = {{"metadata": {{"name": "orphan"}}, "spec": {{"containers": [container]}}}}
cluster.api("/api/v1/namespaces/default/pods", pod)
path = "/api/v1/namespaces/default/pods/orphan"
processes.wait_until("the pod", lambda: cluster.api(path)["status"]["phase"] == "Running", 60)
print(*(identity.pid for identity in leftovers.processes_in_containers()), flush=True)
for identity in processes.recorded().values():
    os.kill(identity.pid, signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""

_START_AGAIN_AND_STOP = """
from tests.cluster.harness import Cluster, HarnessError, leftovers
with Cluster() as cluster:
    print("running", cluster.is_running, len(cluster.api("/api/v1/pods")["items"]), flush=True)
print("left", leftovers.exist(), len(leftovers.processes_in_containers()), flush=True)
"""


@pytest.fixture
def folder(cluster: Cluster) -> Iterator[Path]:
    """A work folder for a second cluster; its path is short because sockets lie below it."""
    if isinstance(cluster, GivenCluster):
        pytest.skip("this machine cannot host a cluster")
    path = Path(tempfile.mkdtemp(prefix="gf-", dir="/var/tmp"))
    yield path
    shutil.rmtree(path)


def _in_a_network_of_its_own(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    shell = 'ip link set lo up && exec "$@"'
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", shell, "sh", sys.executable, "-c", program],
        env={**os.environ, "GOFLOW_TEST_CLUSTER_DIR": str(folder)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_a_start_after_a_crash_clears_what_was_left_and_taking_down_leaves_nothing(folder: Path) -> None:
    crashed = _in_a_network_of_its_own(folder, _START_AND_CRASH)
    assert crashed.returncode == -9, crashed.stderr
    containers = [int(pid) for pid in crashed.stdout.split()]
    assert len(containers) == 2, "the pod's container and its pause container"
    assert all(Path(f"/proc/{pid}").exists() for pid in containers), "they outlive the crash, or nothing is shown here"

    again = _in_a_network_of_its_own(folder, _START_AGAIN_AND_STOP)

    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines() == ["running True 0", "left False 0"]
    assert "clearing what an earlier cluster left behind" in again.stderr
    assert not any(Path(f"/proc/{pid}").exists() for pid in containers)
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()
    left = {path.name for path in folder.iterdir()}
    assert left <= {"logs", "lock", "users"}
