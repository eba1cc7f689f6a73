"""Copies of a mapped task in one Indexed Job on the real cluster: each is still a task of its own."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from goflow.cli._client import Api
from goflow.domain.runs import MOST_IN_JOB, SHARED_NAME, job_name, new_shared_job
from goflow.kube.api import JOBS, KubeApi, Query
from goflow.operators.manifest import job_manifest
from goflow.operators.registry import convert
from goflow.operators.shared import as_shared
from tests.cluster.daemon import daemon_on
from tests.cluster.harness import Cluster
from tests.killing import Marks
from tests.running import Daemon
from tests.unit.operators.test_convert import SITE, request
from tests.unit.operators.test_shared import bash

COPIES = 60
FAILS, MARKED, WAITS, DELETED = 7, 12, 13, 14
"""Map indexes of the copy that fails once, and of those that wait: until it is stopped, until it is let in, and until its
pod is deleted."""

DAG = """
import datetime
import urllib.request

from airflow.sdk import DAG, get_current_context, task

with DAG("many", schedule=None, max_active_tasks=100):

    @task(retries=1, retry_delay=datetime.timedelta(seconds=0))
    def double(x):
        ti = get_current_context()["ti"]

        def tell(word):
            urllib.request.urlopen(f"{address}/{{word}}/{{ti.map_index}}/{{ti.try_number}}", timeout=300)

        tell("began")
        if ti.try_number == 1 and ti.map_index == {fails}:
            raise ValueError("once")
        if ti.try_number == 1 and ti.map_index in {waiting}:
            tell("wait")
        return 2 * x

    double.expand(x=[100 + n for n in range({copies})])
"""


@pytest.fixture
def marks(cluster: Cluster) -> Marks:
    return Marks(cluster.host_address)


@pytest.fixture
def daemon(cluster: Cluster, runner_image: str, namespace: str, tmp_path: Path, marks: Marks) -> Any:
    """A daemon for which fifty copies are many."""
    (tmp_path / "dags").mkdir()
    waiting = (MARKED, WAITS, DELETED)
    text = DAG.format(address=marks.address, copies=COPIES, fails=FAILS, waiting=waiting)
    (tmp_path / "dags" / "many.py").write_text(text)
    made = daemon_on(cluster, namespace, tmp_path / "home", tmp_path / "dags", GOFLOW_INDEXED_JOB_COPIES="50")
    made.start()
    yield made
    marks.gate.set()
    made.stop()


def shown(daemon: Daemon, index: int) -> Any:
    """What REST says of that copy, asked without a command of its own each time."""
    found = daemon.endpoint()
    api = Api(found["url"], found["token"], live=True)
    try:
        return api.get("/api/v2/dags/many/dagRuns/one/taskInstances/double", map_index=index)
    finally:
        api.close()


def pods_of(kube: client.ApiClient, namespace: str, index: int) -> list[str]:
    """The pods with that index."""
    selector = f"batch.kubernetes.io/job-completion-index={index}"
    core: Any = client.CoreV1Api(kube)
    return [pod.metadata.name for pod in core.list_namespaced_pod(namespace, label_selector=selector).items]


def states(daemon: Daemon) -> Counter[str]:
    return Counter(row["state"] for row in daemon.json("tasks", "list", "many", "one") if row["task_id"] == "double")


@pytest.mark.timeout(600)
def test_sixty_copies_run_as_one_job_and_each_by_itself(
    daemon: Daemon, marks: Marks, kube: client.ApiClient, namespace: str
) -> None:
    batch: Any = client.BatchV1Api(kube)

    def names() -> set[str]:
        return {job.metadata.name for job in batch.list_namespaced_job(namespace).items}

    daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"), 60)
    daemon.run("dags", "trigger", "many", "--run-id", "one")
    daemon.wait_for("some of the copies", lambda: len(marks.seen) > 15, 120)
    daemon.kill()
    daemon.start()
    daemon.wait_for("the others", lambda: states(daemon)["success"] == COPIES - 3, 240, 0.5)
    for index in (MARKED, WAITS, DELETED):
        assert marks.seen["wait", str(index), "1"] == 1
    jobs = batch.list_namespaced_job(namespace).items
    ((shared, spec),) = [(job.metadata.name, job.spec) for job in jobs if job.spec.completion_mode == "Indexed"]
    assert (spec.completions, spec.parallelism) == (COPIES, COPIES)
    assert len(names()) <= 2, "one for all of them, and one for the retry"

    daemon.run("tasks", "mark", "many", "one", "double", "failed", "--map-index", str(MARKED))
    daemon.wait_for("its end", lambda: shown(daemon, MARKED)["launches"][0]["state"] == "cleaned", 60, 0.5)
    assert states(daemon) == {"success": COPIES - 3, "failed": 1, "running": 2}, "one is stopped, and no other"
    (pod,) = pods_of(kube, namespace, DELETED)
    client.CoreV1Api(kube).delete_namespaced_pod(pod, namespace, grace_period_seconds=2)
    daemon.wait_for("another Job", lambda: marks.seen["wait", str(DELETED), "1"] == 2, 90, 0.5)
    for index in (MARKED, DELETED):
        assert len(pods_of(kube, namespace, index)) <= 1, "the index has no second pod"
    daemon.run("tasks", "clear", "many", "one", "double", "--only-failed", "--yes")
    daemon.wait_for("the cleared copy", lambda: shown(daemon, MARKED)["state"] == "success", 90, 0.5)
    assert shown(daemon, WAITS)["state"] == "running"
    assert shared in names()
    marks.gate.set()
    daemon.wait_for("the end", lambda: daemon.json("runs", "show", "many", "one")["state"] == "success", 90, 0.5)

    for index in range(COPIES):
        found = shown(daemon, index)
        again = index in {FAILS, MARKED, DELETED}
        assert found["xcoms"]["return_value"] == 200 + 2 * index
        first, *others = found["launches"]
        assert (first["job_name"], first["job_index"]) == (shared, index)
        assert [launch["job_index"] for launch in others] == ([None] if again else [])
        assert all(launch["job_name"] != shared for launch in others)
        began = {number: marks.seen["began", str(index), number] for number in ("1", "2")}
        assert began == {"1": 2 if index == DELETED else 1, "2": 1 if index in {FAILS, MARKED} else 0}
    assert sum(count for (word, *_), count in marks.seen.items() if word == "began") == COPIES + 3

    def goes() -> bool:
        left = batch.list_namespaced_job(namespace, field_selector=f"metadata.name={shared}").items
        return not left or left[0].spec.ttl_seconds_after_finished is not None

    daemon.wait_for("its Job to go with the last of them", goes, 60, 0.5)


def test_the_api_server_takes_a_job_of_as_many_as_share_one(cluster: Cluster, namespace: str) -> None:
    planned = convert(request(bash()))
    key = new_shared_job()
    name = job_name("d" * 200, "t" * 200, key, longest=SHARED_NAME)
    plan = dataclasses.replace(as_shared(planned, key, MOST_IN_JOB), namespace=namespace, job_name=name)
    query: Query = {"fieldValidation": "Strict", "dryRun": "All"}
    api, path = KubeApi(cluster.kubeconfig), JOBS.format(namespace=namespace)
    made = api.request("POST", path, query=query, body=job_manifest(plan, SITE))
    assert (made["spec"]["completions"], made["spec"]["completionMode"]) == (10_000, "Indexed")
    assert made["spec"]["backoffLimitPerIndex"] == 0
