"""GoFlow's runs against the real API server, controller manager and scheduler, on nodes that kwok simulates.

    python -m benchmarks.kwok [--jobs 2000] [--rounds 2] [--apart] [--record]

A daemon on PostgreSQL has so many runs of one task each, and the time is taken from the moment when their DAG is
unpaused until the last of them has ended; and as many bare Jobs with the same pods are created by hand (16 threads),
until the last of them is complete; and once more with the labels that GoFlow's have, to see what those cost. Each side
has a new cluster, so that none pays for what another has left in the API server's memory, and so many rounds, in turn
and back again, since a machine that is not alone on its hardware changes its speed by a tenth from one minute to the
next; means count. All Jobs are removed as long after their end. What everybody (the daemon, and Kubernetes itself)
asked of the API server meanwhile is counted by the server, and what processor time each program took. Nothing else
should run on the machine.

With --apart the cluster has the machine's first processor to itself, on both sides, and everything else the others: as
where the control plane has machines of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
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


def bare(kube: client.ApiClient, namespace: str, job: dict[str, Any], jobs: int) -> list[float]:
    """So many Jobs like JOB, which has no name, are made: `ends` from the first one's beginning."""
    batch = client.BatchV1Api(kube)

    def create(number: int) -> None:
        batch.create_namespaced_job(namespace, {**job, "metadata": {**job["metadata"], "name": f"bare-{number}"}})

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


@contextmanager
def daemon(cluster: Cluster, namespace: str, work: Path) -> Iterator[tuple[Daemon, str]]:
    """A daemon on PostgreSQL with the DAG of one task, which is paused; and its database."""
    dags = work / "dags"
    dags.mkdir()
    (dags / "one_task.py").write_text(DAG)
    with database(work) as url:
        given = {"GOFLOW_DATABASE_URL": url, "GOFLOW_RESCAN_INTERVAL_S": "30", "GOFLOW_JOB_TTL_S": str(KEEPS_S)}
        running = daemon_on(*(cluster, namespace, work / "home", dags), **given)
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


@dataclass
class Side:
    """What one side took: ENDS as `ends` gives them, requests of everybody, processor time in seconds by program."""

    ends: list[float]
    asked: Counter[str] = field(default_factory=Counter)
    took: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    """The daemon's requests."""


def of_goflow(cluster: Cluster, kube: client.ApiClient, jobs: int, work: Path) -> tuple[Side, dict[str, Any]]:
    """GoFlow's side, and one of its Jobs."""
    api = KubeApi(cluster.kubeconfig)
    with namespace_on(kube) as namespace, daemon(cluster, namespace, work) as (running, url):
        running.run("dags", "unpause", "one_task")
        running.run("dags", "trigger", "one_task", "--run-id", "first", "--wait")
        [job] = client.BatchV1Api(kube).list_namespaced_job(namespace, _preload_content=False).json()["items"]
        running.run("dags", "pause", "one_task")
        order(url, work / "home", jobs)
        own, before, took = own_requests(running), requests(api), processor_time()
        with psycopg.connect(url, autocommit=True) as connection, running.api() as rest:
            rest.patch("/api/v2/dags/one_task", json={"is_paused": False}).raise_for_status()
            taken = ends(lambda: ended(connection) - 1, jobs)
        asked, own, took = requests(api) - before, own_requests(running) - own, processor_time() - took
    return Side(taken, asked, took, own), job


def of_hand(cluster: Cluster, kube: client.ApiClient, jobs: int, job: dict[str, Any]) -> Side:
    """The side of so many Jobs like JOB, which `by_hand` gives."""
    api = KubeApi(cluster.kubeconfig)
    with namespace_on(kube) as namespace:
        before, took = requests(api), processor_time()
        taken = bare(kube, namespace, job, jobs)
        return Side(taken, requests(api) - before, processor_time() - took)


def by_hand(job: dict[str, Any], *, labels: bool) -> dict[str, Any]:
    """A Job with the pods of JOB, one of GoFlow's, without what ties it to GoFlow and to itself; with its LABELS."""
    spec = {key: job["spec"][key] for key in ("backoffLimit", "podFailurePolicy") if key in job["spec"]}
    metadata = {"labels": job["metadata"]["labels"]} if labels else {}
    template = {"metadata": metadata, "spec": job["spec"]["template"]["spec"]}
    spec |= {"template": template, "ttlSecondsAfterFinished": int(KEEPS_S)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def mean(rounds: Sequence[Side]) -> Side:
    """What a round took on average."""
    found = Side([sum(same) / len(rounds) for same in zip(*(one.ends for one in rounds), strict=True)])
    for name in ("asked", "took", "own"):
        counted: Counter[str] = sum((getattr(one, name) for one in rounds), Counter())
        setattr(found, name, Counter({what: count / len(rounds) for what, count in counted.items()}))
    return found


SIDES = ("GoFlow", "bare Jobs", "with its labels")


def table(rounds: Mapping[str, Sequence[Side]], jobs: int) -> str:
    """The figures of all ROUNDS of each side as a Markdown table, with their goals."""
    goflow, bare, labelled = (mean(rounds[name]) for name in SIDES)
    sides = bare, labelled, goflow
    rates = [jobs / side.ends[-1] * 60 for side in sides]
    each = [", ".join(f"{jobs / one.ends[-1] * 60:,.0f}" for one in rounds[name]) for name in (*SIDES[1:], SIDES[0])]
    lines = [
        "| measured | bare Jobs | bare Jobs with GoFlow's labels | GoFlow | goal |",
        "|---|--:|--:|--:|--:|",
        _row(f"{jobs:,} Jobs, finished a minute", *(f"{rate:,.0f}" for rate in rates)),
        _row("GoFlow's rate as a share of bare Jobs'", "", "", f"{rates[2] / rates[0]:.0%}", "at least 90 %"),
        _row("the same of those with its labels", "", "", f"{rates[2] / rates[1]:.0%}"),
        _row("each round by itself", *each),
        *(
            _row(f"{part} of them had ended after, s", *(f"{side.ends[at]:.0f}" for side in sides))
            for part, at in (("a tenth", 9), ("half", 49), ("nine tenths", 89), ("all", 99))
        ),
        _row("requests a Job from everybody, without watches", *(f"{one.asked.total() / jobs:.1f}" for one in sides)),
    ]
    lines += [
        _row(f"processor time a Job, ms: {name}", *(f"{side.took[name] / jobs * 1000:.1f}" for side in sides))
        for name in PROGRAMS
    ]
    lines.append(_row("the same, all together", *(f"{side.took.total() / jobs * 1000:.1f}" for side in sides)))
    lines.append(_row("of the requests the daemon's own", "", "", f"{goflow.own.total() / jobs:.2f}"))
    own = goflow.own.most_common()
    lines += [_row(f"the daemon's `{name}`", "", "", f"{count / jobs:.3f}") for name, count in own]
    return "\n".join(lines)


def _row(*cells: str) -> str:
    return f"| {' | '.join((*cells, '')[:5])} |"


OF_THE_CLUSTER = tuple(name for name in PROGRAMS if name not in {"goflow", "postgres"})


def set_apart() -> None:
    """Give the first processor to the cluster's programs alone, and the others to this one and what it begins."""
    first, *others = sorted(os.sched_getaffinity(0))
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or [""]
        if Path(words[0]).name in OF_THE_CLUSTER:
            mine = {first}
        elif process.pid == os.getpid():
            mine = set(others)
        else:
            continue
        for thread in process.threads():
            os.sched_setaffinity(thread.id, mine)


@contextmanager
def new_cluster(log: Path, *, apart: bool) -> Iterator[tuple[Cluster, client.ApiClient]]:
    """A cluster with the simulated nodes; APART as `set_apart` has it."""
    every = os.sched_getaffinity(0)
    with (
        Cluster() as cluster,
        config.new_client_from_config(str(cluster.kubeconfig)) as kube,
        kubelet(cluster) as port,
        simulated_nodes(cluster, kube, log, port),
    ):
        if apart:
            set_apart()
        yield cluster, kube
        os.sched_setaffinity(0, every)


def main(words: list[str] | None = None) -> None:
    """Measure both, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=2, help="of each side, in turn")
    parser.add_argument("--apart", action="store_true", help="the cluster has a processor of its own")
    parser.add_argument("--record", action="store_true", help="put the figures into docs/benchmarks.md")
    args = parser.parse_args(words)
    rounds: dict[str, list[Side]] = {name: [] for name in SIDES}
    job: dict[str, Any] = {}
    with room("kwok") as work:
        for number in range(args.rounds):
            for name in SIDES if number % 2 == 0 else reversed(SIDES):
                folder = work / f"{number}-{name.replace(' ', '-')}"
                folder.mkdir()
                with new_cluster(folder / "kwok.log", apart=args.apart) as (cluster, kube):
                    if name == "GoFlow":
                        side, job = of_goflow(cluster, kube, args.jobs, folder)
                    else:
                        side = of_hand(cluster, kube, args.jobs, by_hand(job, labels=name == "with its labels"))
                rounds[name].append(side)
    figures = table(rounds, args.jobs)
    print(f"{machine()}\n\n{figures}")
    if args.record:
        write_down("kwok-apart" if args.apart else "kwok", command("benchmarks.kwok", words), machine(), figures)


if __name__ == "__main__":
    sys.exit(main())
