"""Copies of a mapped task with a Job each, and in one Indexed Job, on the test cluster: seconds, and what everybody
(daemon, controllers, kubelet) asked of the API server meanwhile.

    python -m benchmarks.indexed [--copies 200]

The node takes 250 pods at once. Nothing else should use the cluster.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from kubernetes import client, config

from goflow.kube.api import KubeApi
from tests.cluster.daemon import daemon_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster, ensure_images, images

DAG = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("many", schedule=None, max_active_tasks=10000):
    BashOperator.partial(task_id="copy", bash_command="true").expand(env=[{{"N": str(n)}} for n in range({copies})])
"""
SERIES = re.compile(r"^apiserver_request_total\{(.*)\} ([0-9.e+]+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
WRITES = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE"})


def requests(api: KubeApi) -> Counter[str]:
    """``VERB resource`` to the number of requests so far, watches left out."""
    found: Counter[str] = Counter()
    with api.stream("/metrics") as response:
        for line in response.data.decode().splitlines():
            if (match := SERIES.match(line)) is not None:
                labels = dict(LABEL.findall(match[1]))
                if labels["verb"] != "WATCH":
                    resource = "/".join(part for part in (labels["resource"], labels["subresource"]) if part)
                    found[f"{labels['verb']} {resource}"] += int(float(match[2]))
    return found


def measure(cluster: Cluster, kube: client.ApiClient, copies: int, share_from: int) -> dict[str, Any]:
    """One run of COPIES copies, with SHARE_FROM as the setting ``indexed_job_copies``."""
    api = KubeApi(cluster.kubeconfig)
    with tempfile.TemporaryDirectory() as folder, namespace_on(kube) as namespace:
        dags = Path(folder, "dags")
        dags.mkdir()
        (dags / "many.py").write_text(DAG.format(copies=copies))
        daemon = daemon_on(cluster, namespace, Path(folder, "home"), dags, GOFLOW_INDEXED_JOB_COPIES=str(share_from))
        daemon.start()
        try:
            daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"), 60)
            daemon.run("pools", "set", "default_pool", "10000")
            before = requests(api)
            daemon.run("dags", "trigger", "many", "--run-id", "one", "--wait")
            asked = requests(api) - before
            run = daemon.json("runs", "show", "many", "one")
        finally:
            daemon.stop()
    assert run["state"] == "success", run["state"]
    assert asked["POST jobs"] == (1 if share_from else copies), "others use the cluster, or the copies came apart"
    begun, ended = (dt.datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    return {"seconds": (ended - begun).total_seconds(), "asked": asked}


def told(found: dict[str, Any]) -> str:
    """FOUND in words."""
    asked: Counter[str] = found["asked"]
    parts = {
        "Jobs made": asked["POST jobs"],
        "other writes of Jobs": sum(
            n for name, n in asked.items() if "jobs" in name and name.split()[0] in WRITES
        ) - asked["POST jobs"],
        "writes of pods": sum(n for name, n in asked.items() if " pods" in name and name.split()[0] in WRITES),
        "writes of events": sum(n for name, n in asked.items() if name.split()[1] == "events"),
        "requests in all": sum(asked.values()),
    }  # fmt: skip
    return f"{found['seconds']:.1f} s; " + ", ".join(f"{name} {number:,}" for name, number in parts.items())


def main() -> None:
    """Measure both ways, and print them."""
    parser = argparse.ArgumentParser(description="a Job for each copy of a mapped task, and one for all")
    parser.add_argument("--copies", type=int, default=200)
    copies = parser.parse_args().copies
    with Cluster() as cluster:
        ensure_images(cluster, images.RUNNER)
        with config.new_client_from_config(str(cluster.kubeconfig)) as kube:
            for words, share_from in (("a Job each", 0), ("one Indexed Job", copies)):
                print(f"{copies} copies, {words}: {told(measure(cluster, kube, copies, share_from))}", flush=True)


if __name__ == "__main__":
    main()
