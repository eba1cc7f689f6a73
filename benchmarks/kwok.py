"""GoFlow's runs against the real API server, controller manager and scheduler, on nodes that kwok simulates.

    python -m benchmarks.kwok [--jobs 2000] [--record]

So many bare Jobs are created by hand (16 threads), and the time is taken until the last of them is complete; then, when
nothing is left of them, a daemon on PostgreSQL has as many runs of one task each, whose Jobs have the same pods. Both
kinds are removed by Kubernetes as long after their end. What everybody (the daemon, and Kubernetes itself) asked of the
API server meanwhile is counted by the server, and what processor time each program took. Nothing else should use the
cluster.
"""

from __future__ import annotations

import argparse
import json
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import psycopg
from kubernetes import client, config

from benchmarks.indexed import requests
from benchmarks.machine import machine
from benchmarks.record import command, write_down
from benchmarks.room import database, room
from goflow.executor.kubernetes import KEEPS_S
from goflow.kube.api import KubeApi
from tests.cluster.daemon import daemon_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster, binaries
from tests.cluster.harness.layout import GO_MODULES, work_folder
from tests.oracle.live import wait_until
from tests.running import Daemon

NODES = 20
THREADS = 16
LABEL = "kwok.x-k8s.io/node"
LIMIT_S = 900.0
STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
DAG = f"""
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

with DAG("one_task", schedule=None, max_active_runs=100000, is_paused_upon_creation=True):
    KubernetesPodOperator(
        task_id="only",
        image="busybox:1.37",
        cmds=["true"],
        node_selector={{"{LABEL}": "fake"}},
        tolerations=[{{"key": "{LABEL}", "operator": "Exists"}}],
    )
"""
START_S = 180.0
PROGRAMS = (
    "kube-apiserver",
    "etcd",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "goflow",
    "postgres",
    "kubelet",
)
"""Whose processor time is told apart."""
KWOK_PORT = 10347


class Kubelet(BaseHTTPRequestHandler):
    """Answers for the kubelets of kwok's nodes: each container has an empty log, and that ends. kwok's own answer to
    who follows a log never does (its stub of a runtime cannot say that a container has ended); each kubelet's does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """An empty log."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is noted."""


@contextmanager
def kubelet(cluster: Cluster) -> Iterator[int]:
    """The port at which `Kubelet` listens."""
    keys = work_folder() / "pki"
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(keys / "serving.crt", keys / "serving.key")
    with ThreadingHTTPServer((str(cluster.host_address), 0), Kubelet) as server:
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


def ends(count: Callable[[], int], jobs: int, every_s: float = 0.5) -> list[float]:
    """Seconds from now after which each hundredth part of so many JOBS had ended, as COUNT tells EVERY_S."""
    began, found = time.monotonic(), []
    while len(found) < 100:
        done = count()
        found += [time.monotonic() - began] * (done * 100 // jobs - len(found))
        if time.monotonic() - began > LIMIT_S:
            raise TimeoutError(f"{done} of {jobs} Jobs have ended after {LIMIT_S:.0f} s")
        time.sleep(every_s)
    return found


def bare(kube: client.ApiClient, namespace: str, template: dict[str, Any], jobs: int) -> list[float]:
    """So many Jobs with the pods of TEMPLATE are made: `ends` from the first one's beginning."""
    batch = client.BatchV1Api(kube)

    def create(number: int) -> None:
        body = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": f"bare-{number}"},
            "spec": {**template, "ttlSecondsAfterFinished": KEEPS_S},
        }
        batch.create_namespaced_job(namespace, body)

    over: set[str] = set()

    def ended_so_far() -> int:
        """How many have ended so far. Each is seen then: it stays longer than it takes to come by again."""
        found = batch.list_namespaced_job(namespace, _preload_content=False, resource_version="0")
        there = json.loads(found.data)["items"]
        over.update(job["metadata"]["name"] for job in there if job["status"].get("succeeded"))
        return len(over)

    with ThreadPoolExecutor(THREADS) as pool:
        made = pool.map(create, range(jobs))
        found = ends(ended_so_far, jobs, every_s=1.0)  # each look costs the server all of them
        list(made)
    return found


def processor_time() -> Counter[str]:
    """Seconds of processor time that each of PROGRAMS has taken so far, all of its living processes together."""
    found: Counter[str] = Counter()
    for process in psutil.process_iter(["cmdline", "cpu_times"]):
        words, times = process.info["cmdline"] or [], process.info["cpu_times"]
        name = next(
            (name for name in PROGRAMS if any(Path(word.split(":")[0]).name == name for word in words[:2])), None
        )
        if name is not None and times is not None:
            found[name] += times.user + times.system
    return found


def gone(kube: client.ApiClient, namespace: str) -> None:
    """Wait until nothing is left of NAMESPACE, which is being removed."""
    names = lambda: {one.metadata.name for one in client.CoreV1Api(kube).list_namespace().items}  # noqa: E731
    wait_until(lambda: namespace not in names(), LIMIT_S, "the bare Jobs' namespace to go", 2)


@contextmanager
def daemon(cluster: Cluster, namespace: str, work: Path) -> Iterator[tuple[Daemon, str]]:
    """A daemon on PostgreSQL with the DAG of one task, which is paused; and its database."""
    dags = work / "dags"
    dags.mkdir()
    (dags / "one_task.py").write_text(DAG)
    with database(work) as url:
        running = daemon_on(
            *(cluster, namespace, work / "home", dags), GOFLOW_DATABASE_URL=url, GOFLOW_RESCAN_INTERVAL_S="30"
        )
        running.start(wait=False)
        try:
            running.wait_until_up(START_S)
            running.wait_for("the DAG", lambda: running.json("dags", "list"), 60)
            running.run("pools", "set", "default_pool", "100000")
            yield running, url
        finally:
            running.stop()


def ended(connection: psycopg.Connection[Any]) -> int:
    """How many runs have ended well. Raises RuntimeError when one has not."""
    rows = connection.execute("SELECT status, count(*) FROM dag_runs GROUP BY 1").fetchall()
    states = {str(state): int(count) for state, count in rows}
    if states.get("failed"):
        raise RuntimeError(f"the runs do not end well: {states}")
    return states.get("success", 0)


def own_requests(running: Daemon) -> Counter[str]:
    """``verb resource`` to the number of requests that the daemon has made so far, as its metrics say."""
    found: Counter[str] = Counter()
    for labels, value in running.series("goflow_kube_requests_total"):
        found[f"{labels['verb']} {labels['resource']}"] += int(value)
    return found


def order(url: str, home: Path, runs: int) -> None:
    """So many runs of the DAG, which is paused: they begin when it is not."""
    from goflow.scheduler import operations
    from goflow.store import Store

    store = Store(url, encryption_key=(home / "encryption.key").read_text().strip())
    for number in range(runs):
        operations.trigger(store, "one_task", who="benchmark", run_id=f"run_{number}")
    store.close()


def measure(cluster: Cluster, kube: client.ApiClient, jobs: int, work: Path) -> dict[str, Any]:
    """Both sides: seconds each, and what was asked of the API server meanwhile."""
    api = KubeApi(cluster.kubeconfig)
    with namespace_on(kube) as namespace, daemon(cluster, namespace, work) as (running, url):
        running.run("dags", "unpause", "one_task")
        running.run("dags", "trigger", "one_task", "--run-id", "first", "--wait")
        [job] = client.BatchV1Api(kube).list_namespaced_job(namespace, _preload_content=False).json()["items"]
        running.run("dags", "pause", "one_task")
        with namespace_on(kube) as other:
            before, took = requests(api), processor_time()
            by_hand = bare(kube, other, _template(job), jobs)
            asked_by_hand, took_by_hand = requests(api) - before, processor_time() - took
        gone(kube, other)
        order(url, work / "home", jobs)
        own, before, took, began = own_requests(running), requests(api), processor_time(), time.monotonic()
        running.run("dags", "unpause", "one_task")
        unpaused = time.monotonic() - began
        with psycopg.connect(url, autocommit=True) as connection:
            taken = [unpaused + after for after in ends(lambda: ended(connection) - 1, jobs)]
        asked, own, took = requests(api) - before, own_requests(running) - own, processor_time() - took
    found = {"jobs": jobs, "bare_s": by_hand, "goflow_s": taken}
    return {
        **found,
        "asked": asked,
        "asked_by_hand": asked_by_hand,
        "own": own,
        "took": took,
        "took_by_hand": took_by_hand,
    }


def _template(job: dict[str, Any]) -> dict[str, Any]:
    """What JOB, one of GoFlow's, says of its pods, without what ties it to GoFlow and to itself."""
    spec = {key: job["spec"][key] for key in ("backoffLimit", "podFailurePolicy") if key in job["spec"]}
    return {**spec, "template": {"spec": job["spec"]["template"]["spec"]}}


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown table, with their goals."""
    jobs = found["jobs"]
    rates = [jobs / found[key][-1] * 60 for key in ("bare_s", "goflow_s")]
    asked: Counter[str] = found["asked"]
    by_hand: Counter[str] = found["asked_by_hand"]
    each = [counted.total() / jobs for counted in (by_hand, asked)]
    lines = [
        "| measured | bare Jobs | GoFlow | goal |",
        "|---|--:|--:|--:|",
        f"| {jobs:,} Jobs, finished a minute | {rates[0]:,.0f} | {rates[1]:,.0f} | |",
        f"| GoFlow's rate as a share of the other | | {rates[1] / rates[0]:.0%} | at least 90 % |",
        *(
            f"| {part} of them had ended after, s | {found['bare_s'][at]:.0f} | {found['goflow_s'][at]:.0f} | |"
            for part, at in (("a tenth", 9), ("half", 49), ("nine tenths", 89), ("all", 99))
        ),
        f"| requests a Job from everybody, without watches | {each[0]:.2f} | {each[1]:.2f} | |",
    ]
    for name in PROGRAMS:
        took = [found[key][name] / jobs * 1000 for key in ("took_by_hand", "took")]
        lines.append(f"| processor time a Job, ms: {name} | {took[0]:.1f} | {took[1]:.1f} | |")
    own: Counter[str] = found["own"]
    lines.append(f"| of these the daemon's own | | {own.total() / jobs:.2f} | |")
    lines += [f"| the daemon's `{name}` | | {count / jobs:.3f} | |" for name, count in own.most_common()]
    return "\n".join(lines)


def main(words: list[str] | None = None) -> None:
    """Measure both, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--record", action="store_true", help="put the figures into docs/benchmarks.md")
    args = parser.parse_args(words)
    with (
        Cluster() as cluster,
        room("kwok") as work,
        config.new_client_from_config(str(cluster.kubeconfig)) as kube,
        kubelet(cluster) as port,
        simulated_nodes(cluster, kube, work / "kwok.log", port),
    ):
        found = measure(cluster, kube, args.jobs, work)
    figures = table(found)
    print(f"{machine()}\n\n{figures}")
    if args.record:
        write_down("kwok", command("benchmarks.kwok", words), machine(), figures)


if __name__ == "__main__":
    sys.exit(main())
