"""GoFlow's runs against the real API server, controller manager and scheduler, on nodes that kwok simulates.

    python -m benchmarks.kwok [--jobs 2000] [--rounds 2] [--look-s 1] [--apart] [--record]

A daemon on PostgreSQL has so many runs of one task each, and the time is taken from the moment when their DAG is
unpaused until the last of them has ended; and as many bare Jobs with the same pods are created by hand (16 threads),
until the last of them is complete; and once more with the labels that GoFlow's have, to see what those cost. Each side
has a new cluster, so that none pays for what another has left in the API server's memory, and so many rounds, in turn
and back again, since a machine that is not alone on its hardware changes its speed by a tenth and more from one minute
to the next; means count. All Jobs are removed as long after their end. What everybody (the daemon, and Kubernetes
itself) asked of the API server meanwhile is counted by the server, and what processor time each program took. Nothing
else should run on the machine.

Who waits for Jobs made by hand asks for all of them once a second, and that costs the API server something, as the
daemon's watches do on the other side. --look-s 10 shows what it is when hardly anybody asks.

With --apart the cluster has the machine's first processor to itself, on both sides, and everything else the others: as
where the control plane has machines of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from kubernetes import client, config

from benchmarks.indexed import requests
from benchmarks.kwok_nodes import LABEL, kubelet, simulated_nodes
from benchmarks.machine import machine
from benchmarks.record import command, write_down
from benchmarks.room import database, room
from goflow.executor.kubernetes import KEEPS_S
from goflow.kube.api import KubeApi
from tests.cluster.daemon import daemon_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster
from tests.running import Daemon

THREADS = 16
LIMIT_S = 900.0
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


def bare(kube: client.ApiClient, namespace: str, job: dict[str, Any], jobs: int, look_s: float) -> list[float]:
    """So many Jobs like JOB, which has no name, are made: as `ends` gives them, from the first one's beginning. Each
    says itself when it has ended, in whole seconds; all are asked for every LOOK_S."""
    batch = client.BatchV1Api(kube)

    def create(number: int) -> None:
        batch.create_namespaced_job(namespace, {**job, "metadata": {**job["metadata"], "name": f"bare-{number}"}})

    over: dict[str, float] = {}

    def look() -> None:
        """Note which have ended. Each is seen then: it stays longer than it takes to come by again."""
        found = batch.list_namespaced_job(namespace, _preload_content=False, resource_version="0")
        for job in json.loads(found.data)["items"]:
            if at := job["status"].get("completionTime"):
                over[job["metadata"]["name"]] = dt.datetime.fromisoformat(at).timestamp() - began

    began = time.time()
    with ThreadPoolExecutor(THREADS) as pool:
        made = pool.map(create, range(jobs))
        while len(over) < jobs:
            if time.time() - began > LIMIT_S:
                raise TimeoutError(f"{len(over)} of {jobs} Jobs have ended after {LIMIT_S:.0f} s")
            time.sleep(look_s)
            look()
        list(made)
    ended = sorted(over.values())
    return [ended[math.ceil(jobs * part / 100) - 1] for part in range(1, 101)]


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


def of_hand(cluster: Cluster, kube: client.ApiClient, jobs: int, job: dict[str, Any], look_s: float) -> Side:
    """The side of so many Jobs like JOB, which `by_hand` gives; LOOK_S as `bare` has it."""
    api = KubeApi(cluster.kubeconfig)
    with namespace_on(kube) as namespace:
        before, took = requests(api), processor_time()
        taken = bare(kube, namespace, job, jobs, look_s)
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
    parser.add_argument("--look-s", type=float, default=1.0, help="seconds between looks at bare Jobs (default: 1)")
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
                        made = by_hand(job, labels=name == "with its labels")
                        side = of_hand(cluster, kube, args.jobs, made, args.look_s)
                rounds[name].append(side)
    figures = table(rounds, args.jobs)
    print(f"{machine()}\n\n{figures}")
    if args.record:
        write_down("kwok-apart" if args.apart else "kwok", command("benchmarks.kwok", words), machine(), figures)


if __name__ == "__main__":
    sys.exit(main())
