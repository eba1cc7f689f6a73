"""The same Jobs made by hand and made by GoFlow, on the test cluster, in one run.

    python -m benchmarks.by_hand [--jobs 50] [--links 10] [--repeats 2]

The Jobs are native tasks: the command ``true`` in an image that the node has, so that no runner is in the pod. Those
made by hand are GoFlow's own manifests, as the API server has them, under other names and without GoFlow's labels:

* *side by side*: all of them by one ``kubectl create``, against one run of a DAG with as many tasks. An end is the
  moment at which the pod's container has ended, as a watch tells it: for GoFlow as it recorded that, by hand as this
  process's own watch did.
* *one after the other*: each made when the one before is ``Complete``, by the Python client and a watch, which costs
  less than ``kubectl wait``; against a run of a chain.

The same again for BashOperators, which our runner executes in the pod: these have no counterpart made by hand. Nothing
else should use the cluster.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from kubernetes import client, config, watch
from urllib3.exceptions import HTTPError

from benchmarks.figures import moment
from benchmarks.machine import machine
from tests.cluster.daemon import daemon_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import RUNNER_IMAGE, Cluster, GivenCluster, ensure_images, images
from tests.running import Daemon

MOST_OF_BY_HAND = 0.95
LONGEST_LINK_S = 1.3
TIMES_FASTER = 2.0
LIMIT_S = 300.0
_OURS = ("goflow/", "app.kubernetes.io/", "batch.kubernetes.io/", "controller-uid", "job-name")
"""What the names of labels and annotations begin with that are GoFlow's, or the Job controller's."""
_BASH = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain

with DAG("fan_runner", schedule=None, max_active_tasks={jobs}):
    for number in range({jobs}):
        BashOperator(task_id=f"task_{{number}}", bash_command="true")

with DAG("chain_runner", schedule=None):
    chain(*[BashOperator(task_id=f"step_{{number}}", bash_command="true") for number in range({links})])
"""


@dataclasses.dataclass(frozen=True)
class Figures:
    """Jobs a second side by side, and seconds a link one after the other."""

    per_s: float
    link_s: float


class Ends:
    """Watches a namespace: when the container of each Job has ended and when the Job was Complete (``time.time``)."""

    def __init__(self, kube: client.ApiClient, namespace: str) -> None:
        self.containers: dict[str, float] = {}
        self.complete: dict[str, float] = {}
        self._changed = threading.Condition()
        core, batch = client.CoreV1Api(kube), client.BatchV1Api(kube)
        for what, take in ((core.list_namespaced_pod, self._pod), (batch.list_namespaced_job, self._job)):
            threading.Thread(target=self._watch, args=(what, namespace, take), daemon=True).start()

    def wait(self, ends: Mapping[str, float], names: set[str]) -> float:
        """When the last of NAMES was among ENDS. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: names <= ends.keys(), LIMIT_S):
                raise TimeoutError(f"{len(names - ends.keys())} Jobs have not ended")
        return max(ends[name] for name in names)

    def _watch(self, what: Callable[..., Any], namespace: str, take: Callable[[dict[str, Any]], None]) -> None:
        """Until the cluster is taken down: a watch that is cut off for another reason keeps `wait` from its end."""
        with contextlib.suppress(HTTPError):
            while True:
                for event in watch.Watch().stream(what, namespace, timeout_seconds=3600):
                    with self._changed:
                        take(event["raw_object"])
                        self._changed.notify_all()

    def _pod(self, pod: dict[str, Any]) -> None:
        name = pod["metadata"].get("labels", {}).get("batch.kubernetes.io/job-name", "")
        statuses = pod.get("status", {}).get("containerStatuses") or [{}]
        if all("terminated" in status.get("state", {}) for status in statuses):
            self.containers.setdefault(name, time.time())

    def _job(self, job: dict[str, Any]) -> None:
        conditions = job.get("status", {}).get("conditions") or []
        if any(one["type"] == "Complete" and one["status"] == "True" for one in conditions):
            self.complete.setdefault(job["metadata"]["name"], time.time())


def dag_folder(place: Path, jobs: int, links: int) -> Path:
    """DAGs ``fan_native``, ``chain_native``, ``fan_runner`` and ``chain_runner``."""
    place.mkdir()
    head = f"DockerImage: {RUNNER_IMAGE}\nCommand: ['true']\nMaxActiveTasks: {jobs}\nTasks:\n"
    fan = "".join(f"  - Name: task_{number}\n" for number in range(jobs))
    chain = "  - Name: step_0\n" + "".join(
        f"  - Name: step_{number}\n    DependsOn: step_{number - 1}\n" for number in range(1, links)
    )
    (place / "native.yaml").write_text(f"Name: fan_native\n{head}{fan}---\nName: chain_native\n{head}{chain}")
    (place / "runner.py").write_text(_BASH.format(jobs=jobs, links=links))
    return place


def by_goflow(daemon: Daemon, kind: str, run_id: str) -> Figures:
    """The figures of a run each of the fan and the chain of KIND."""
    seconds = []
    for dag_id in (f"fan_{kind}", f"chain_{kind}"):
        daemon.run("dags", "trigger", dag_id, "--run-id", run_id, "--wait")
        run, tasks = daemon.json("runs", "show", dag_id, run_id), daemon.json("tasks", "list", dag_id, run_id)
        assert {task["state"] for task in tasks} == {"success"}, tasks
        seconds.append((max(moment(task, "end_date") for task in tasks) - moment(run, "start_date"), len(tasks)))
    (fan_s, jobs), (chain_s, links) = seconds
    return Figures(jobs / fan_s, chain_s / links)


def by_hand(kubeconfig: Path, kube: client.ApiClient, model: dict[str, Any], jobs: int, links: int) -> Figures:
    """The same with Jobs made by hand after MODEL, in a namespace of their own."""
    with namespace_on(kube) as namespace:
        ends = Ends(kube, namespace)
        names = [f"fan-{number}" for number in range(jobs)]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"apiVersion": "v1", "kind": "List", "items": [named(model, name) for name in names]}, file)
            file.flush()
            began = time.time()
            command = ["kubectl", "--kubeconfig", str(kubeconfig), "-n", namespace, "create", "-f", file.name]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            fan_s = ends.wait(ends.containers, set(names)) - began
        ends.wait(ends.complete, set(names))
        batch = client.BatchV1Api(kube)
        began = time.time()
        for number in range(links):
            batch.create_namespaced_job(namespace, named(model, f"step-{number}"))
            chain_s = ends.wait(ends.complete, {f"step-{number}"}) - began
        return Figures(jobs / fan_s, chain_s / links)


def model_of(kube: client.ApiClient, namespace: str) -> dict[str, Any]:
    """A Job of those in NAMESPACE, as a manifest for others like it."""
    job = client.BatchV1Api(kube).list_namespaced_job(namespace, limit=1, _preload_content=False)
    found: dict[str, Any] = json.loads(job.data)["items"][0]
    spec = {name: value for name, value in found["spec"].items() if name not in {"selector", "suspend"}}
    spec.pop("ttlSecondsAfterFinished", None)
    spec["template"] = {**spec["template"], "metadata": stripped(spec["template"]["metadata"])}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": stripped(found["metadata"]), "spec": spec}


def stripped(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """METADATA with those labels and annotations alone that are not GoFlow's or the Job controller's."""
    return {
        part: {name: value for name, value in (metadata.get(part) or {}).items() if not name.startswith(_OURS)}
        for part in ("labels", "annotations")
    }


def named(model: dict[str, Any], name: str) -> dict[str, Any]:
    """MODEL as the manifest of a Job of that name."""
    return {**model, "metadata": {**model["metadata"], "name": name}}


@contextlib.contextmanager
def running(cluster: Any, namespace: str, place: Path, jobs: int, links: int) -> Iterator[Daemon]:
    """A daemon that has read the DAGs and has room for all tasks at once."""
    daemon = daemon_on(cluster, namespace, place / "home", dag_folder(place / "dags", jobs, links))
    daemon.start()
    try:
        daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 4, 60)
        daemon.run("pools", "set", "default_pool", "10000")
        yield daemon
    finally:
        daemon.stop()


def measure(cluster: Any, kube: client.ApiClient, jobs: int, links: int, repeats: int) -> dict[str, Figures]:
    """Medians of REPEATS measurements by ``hand``, and by GoFlow with ``native`` tasks and with its ``runner``."""
    seen: dict[str, list[Figures]] = {"hand": [], "native": [], "runner": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        namespace_on(kube) as namespace,
        running(cluster, namespace, Path(folder), jobs, links) as daemon,
    ):
        daemon.run("dags", "trigger", "chain_native", "--run-id", "warm-up", "--wait")
        model = model_of(kube, namespace)
        for number in range(repeats):
            seen["hand"].append(by_hand(cluster.kubeconfig, kube, model, jobs, links))
            for kind in ("native", "runner"):
                seen[kind].append(by_goflow(daemon, kind, f"measured-{number}"))
    return {
        kind: Figures(median(one.per_s for one in found), median(one.link_s for one in found))
        for kind, found in seen.items()
    }


def told(figures: Mapping[str, Figures], jobs: int, links: int) -> str:
    """The figures as a Markdown table, and whether they are what they should be."""
    hand, native, runner = figures["hand"], figures["native"], figures["runner"]
    ratio, faster = native.per_s / hand.per_s, hand.link_s / native.link_s
    rows = [
        ("measured", "by hand", "GoFlow, native task", "GoFlow, BashOperator"),
        ("---", "--:", "--:", "--:"),
        (f"{jobs} Jobs side by side, a second", *(f"{one.per_s:.2f}" for one in (hand, native, runner))),
        (f"a link of a chain of {links}", *(f"{one.link_s:.2f} s" for one in (hand, native, runner))),
    ]
    goals = [
        (ratio >= MOST_OF_BY_HAND, f"{ratio:.1%} of the throughput by hand (at least {MOST_OF_BY_HAND:.0%})"),
        (native.link_s <= LONGEST_LINK_S, f"{native.link_s:.2f} s a link (at most {LONGEST_LINK_S} s)"),
        (faster >= TIMES_FASTER, f"a chain {faster:.1f} times as fast as by hand (at least {TIMES_FASTER:.0f})"),
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *(f"{'reached' if good else 'MISSED'}: {words}" for good, words in goals)])


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.by_hand", description="Jobs by hand and by GoFlow")
    parser.add_argument("--jobs", type=int, default=50, help="how many side by side")
    parser.add_argument("--links", type=int, default=10, help="how many one after the other")
    parser.add_argument("--repeats", type=int, default=2, help="measurements of each; their median counts")
    args = parser.parse_args()
    with GivenCluster.from_environment() or Cluster() as cluster:
        ensure_images(cluster, images.RUNNER)
        with config.new_client_from_config(str(cluster.kubeconfig)) as kube:
            figures = measure(cluster, kube, args.jobs, args.links, args.repeats)
    print(f"{machine()}\n\n{told(figures, args.jobs, args.links)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
