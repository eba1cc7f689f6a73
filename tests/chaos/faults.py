"""The faults, a function each: it does its harm to a `Stage`, undoes it, and counts what it did.

What must be undone is undone whatever happens, since the cluster is everybody's.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator

import urllib3
from kubernetes import client

from tests.chaos.stage import Stage
from tests.chaos.weather import CLEAR, DARK
from tests.chaos.workload import Workload
from tests.cluster.harness.layout import BUSYBOX_IMAGE, NODE

Fault = Callable[[Stage], None]
CALLS = (("POST", "/jobs"), ("POST", "/jobs"), ("POST", "/tokenreviews"), ("PATCH", "/jobs/"), ("GET", "/pods"))
RUNNING = ("Pending", "Running")
LATE_SECRET = "late-secret"
MONITOR_GRACE_S = 50.0
"""After so many seconds of silence a node is unknown (kube-controller-manager's ``node-monitor-grace-period``)."""


def pods_deleted(stage: Stage, *, force: bool = False) -> None:
    """Some pods, running or not yet, are deleted by hand."""
    pods = stage.pods(*RUNNING)
    for pod in stage.moments.sample(pods, min(len(pods), stage.moments.randint(1, 3))):
        with contextlib.suppress(client.ApiException):
            grace = {"grace_period_seconds": 0} if force else {}
            stage.core.delete_namespaced_pod(pod.metadata.name, stage.namespace, **grace)
            stage.count("pod deleted by force" if force else "pod deleted")


def pods_forced(stage: Stage) -> None:
    """The same with ``--force``: the API server forgets them at once, whatever they do."""
    pods_deleted(stage, force=True)


def node_drained(stage: Stage) -> None:
    """The node takes no more pods, and those that there are are evicted."""
    with _cordoned(stage):
        for pod in stage.pods(*RUNNING):
            name = {"name": pod.metadata.name, "namespace": stage.namespace}
            with contextlib.suppress(client.ApiException):
                stage.core.create_namespaced_pod_eviction(pod.metadata.name, stage.namespace, {"metadata": name})
                stage.count("pod evicted")
        stage.over.wait(stage.moments.uniform(2, 5))
    stage.count("node drained")


def no_room(stage: Stage) -> None:
    """The node takes no more pods for a while."""
    with _cordoned(stage):
        stage.over.wait(stage.moments.uniform(6, 12))
    stage.count("no room on any node")


def server_restarted(stage: Stage) -> None:
    """The API server is killed, or ends, and comes back. What it told before etcd's compaction it does not know then."""
    stage.cluster.compact()
    stage.cluster.restart("kube-apiserver", grace=stage.moments.choice((0.0, 5.0)))
    stage.count("API server restarted")


def server_dark(stage: Stage) -> None:
    """Nothing comes through to the API server, and nothing is answered."""
    stage.weather(DARK)
    stage.over.wait(stage.moments.uniform(6, 12))
    stage.weather(CLEAR)
    stage.count("API server did not answer")


def image_and_secret_late(stage: Stage, workload: Workload) -> None:
    """Pods whose image or Secret is not there; then both are. Others whose image or room never comes."""
    with contextlib.suppress(client.ApiException):
        stage.core.delete_namespaced_secret(LATE_SECRET, stage.namespace)
    workload.trigger("never")
    run = workload.trigger("late")
    stage.over.wait(stage.moments.uniform(8, 15))
    stage.cluster.tag_image(BUSYBOX_IMAGE, f"localhost/late-{run}:1")
    secret = {"metadata": {"name": LATE_SECRET}, "stringData": {"word": "x"}}
    with contextlib.suppress(client.ApiException):  # it could not be deleted
        stage.core.create_namespaced_secret(stage.namespace, secret)
    stage.count("image and Secret came late")


def node_silent(stage: Stage) -> None:
    """The kubelet stops in its tracks until its node is unknown and its pods were deleted; then it goes on."""
    stage.cluster.pause("kubelet")
    try:
        leaving = _waits(stage, lambda: _is_unknown(stage) and _are_leaving(stage), MONITOR_GRACE_S + 30)
    finally:
        stage.cluster.go_on("kubelet")
    _waits(stage, lambda: not _is_unknown(stage), 60)
    stage.count("node silent" if leaving else "node silent, with no pod to lose")


def daemon_frozen(stage: Stage) -> None:
    """A daemon stops in its tracks for a while, and then believes that nothing has happened."""
    with stage.daemons.lock:
        daemon = stage.daemons.one()
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            stage.over.wait(stage.moments.uniform(5, 15))
        finally:
            daemon.process.send_signal(signal.SIGCONT)
    stage.count("daemon frozen")


def daemon_killed_at(stage: Stage) -> None:
    """The daemon is killed just before a call, or when that was carried out and it has not heard the answer."""
    method, part = stage.moments.choice(CALLS)
    before = stage.moments.random() < 0.3
    with stage.daemons.lock:
        told = {"method": method, "part": part, "before": before, "wait_s": 10}
        port = stage.proxy("POST", "trap", told, timeout_s=20)["sprung"]
        daemon = stage.daemons.by_port(port) if port else None
        if daemon is None:
            return
        daemon.kill()
        daemon.start(wait=False)
    stage.count(f"daemon killed {'before' if before else 'after'} a {method} of {part.strip('/')}")


def daemons_away(stage: Stage, seconds: float) -> None:
    """There is no daemon for so long. Pods go on, end, and are deleted; etcd forgets what was."""
    with stage.daemons.lock:
        for daemon in stage.daemons.all:
            daemon.kill()
        stage.count("daemon away")
        stage.over.wait(seconds / 3)
        pods_deleted(stage)
        pods_forced(stage)
        stage.over.wait(seconds / 3)
        for pod in stage.pods("Succeeded"):  # as Kubernetes does where there are too many
            with contextlib.suppress(client.ApiException):
                stage.core.delete_namespaced_pod(pod.metadata.name, stage.namespace)
                stage.count("pod that had succeeded deleted while the daemon was away")
        stage.cluster.compact()
        stage.over.wait(seconds / 3)
        for daemon in stage.daemons.all:
            daemon.start(wait=False)


def undo(stage: Stage) -> None:
    """Leave nothing behind: the node takes pods, the kubelet goes on, what is waited for is there."""
    stage.cluster.go_on("kubelet")
    stage.core.patch_node(NODE, {"spec": {"unschedulable": None}})
    stage.weather(CLEAR)


@contextlib.contextmanager
def _cordoned(stage: Stage) -> Iterator[None]:
    stage.core.patch_node(NODE, {"spec": {"unschedulable": True}})
    try:
        yield
    finally:
        stage.core.patch_node(NODE, {"spec": {"unschedulable": None}})


def _is_unknown(stage: Stage) -> bool:
    conditions = stage.core.read_node(NODE).status.conditions
    return any(one.type == "Ready" and one.status != "True" for one in conditions)


def _are_leaving(stage: Stage) -> bool:
    """Whether pods were told to go, for their node's sake."""
    pods = stage.core.list_namespaced_pod(stage.namespace).items
    return any(pod.metadata.deletion_timestamp is not None and pod.status.phase in RUNNING for pod in pods)


def _waits(stage: Stage, check: Callable[[], bool], seconds: float) -> bool:
    """Whether CHECK came true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(client.ApiException, urllib3.exceptions.HTTPError):
            if check():
                return True
        time.sleep(0.5)
    return False
