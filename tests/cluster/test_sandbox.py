"""`import_mode: sandbox` on the real cluster: a Job runs the file, and what it made is taken.

The test cluster's network enforces no NetworkPolicy: what is seen here to shut the file in are the pod and the runner's
own filter. The same address is reached by a task of the same DAG, so it is not the network that is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from goflow.importer.errand_job import PURPOSE, READ
from tests.cluster.daemon import daemon_on, free_port
from tests.cluster.harness import Cluster
from tests.cluster.harness.processes import wait_until
from tests.running import Daemon

DAG = """
import json
import os
import socket
import sqlite3

import helper
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task


def attempt(function, *arguments):
    try:
        function(*arguments)
    except OSError as problem:
        return problem.strerror or str(problem)
    return "done"


def connect(host, port):
    socket.create_connection((host, port), 5).close()


FOUND = {{
    "task API": attempt(connect, "{host}", {port}),
    "API server": attempt(connect, "10.96.0.1", 443),
    "name": attempt(socket.getaddrinfo, "kubernetes.default.svc", 443),
    "folder": attempt(open, __file__, "a"),
    "root": attempt(os.mkdir, "/mine"),
    "temporary": attempt(open, "/tmp/mine", "w"),
    "tokens": os.path.exists("/var/run/secrets"),
    "environment": sorted(os.environ),
    "file": __file__,
    "user": os.getuid(),
}}
(word,) = sqlite3.connect(":memory:").execute("select upper('found out')").fetchone()

with DAG("ran", schedule=None, doc_md=json.dumps(FOUND)):
    BashOperator(task_id=f"say_{{word.split()[0].lower()}}", bash_command=f"echo {{word}} by {{helper.NAME}}")

    @task
    def reach():
        connect("{host}", {port})
        print("reached it")

    reach()
"""
EVALUATED = """
from airflow.sdk import DAG
with DAG("evaluated", schedule=None):
    pass
"""


@pytest.fixture
def daemon(cluster: Cluster, namespace: str, runner_image: str, tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose folder has a file that is run to be read, and one that is not. It is not started yet."""
    dags = tmp_path / "dags"
    dags.mkdir()
    port = free_port(cluster.host_address)
    (dags / "goflow.yaml").write_text("environment: {STAGE: test}\nrules: [{path: ran.py, import_mode: sandbox}]\n")
    (dags / "ran.py").write_text(DAG.format(host=cluster.host_address, port=port))
    (dags / "evaluated.py").write_text(EVALUATED)
    (dags / "helper.py").write_text("NAME = 'running it'\n")
    made = daemon_on(cluster, namespace, tmp_path / "home", dags, GOFLOW_TASK_API_PORT=str(port))
    yield made
    made.stop()


def test_a_job_runs_the_file_even_if_the_daemon_dies_meanwhile(
    daemon: Daemon, kube: client.ApiClient, namespace: str
) -> None:
    batch: Any = client.BatchV1Api(kube)

    def jobs() -> list[str]:
        found = batch.list_namespaced_job(namespace, label_selector=f"{PURPOSE}={READ}").items
        return [job.metadata.name for job in found]

    daemon.start()
    wait_until("the Job that reads the file", jobs, 60)
    (name,) = jobs()
    daemon.kill()
    daemon.start()
    daemon.wait_for("the other file", lambda: "evaluated" in ids(daemon), 60)
    daemon.wait_for("the file that is run", lambda: "ran" in ids(daemon), 120)
    assert set(jobs()) <= {name}, "the second daemon found the first one's Job"

    spec = daemon.json("dags", "show", "ran")["spec"]
    assert spec["read_by"] == "sandbox"
    found = json.loads(spec["doc"])
    assert found == {
        "task API": "Address family not supported by protocol",
        "API server": "Address family not supported by protocol",
        "name": "Temporary failure in name resolution",
        "folder": "Read-only file system",
        "root": "Read-only file system",
        "temporary": "done",
        "tokens": False,
        "environment": ["STAGE"],
        "file": "/opt/goflow/dags/ran.py",
        "user": 65532,
    }

    daemon.run("dags", "trigger", "ran", "--run-id", "one")
    daemon.wait_for(
        "the run", lambda: daemon.json("runs", "list", "ran")[0]["state"] in {"success", "failed"}, 120, 0.5
    )
    assert daemon.run("tasks", "logs", "ran", "one", "say_found").rstrip().endswith("FOUND OUT by running it")
    assert "reached it" in daemon.run("tasks", "logs", "ran", "one", "reach")
    wait_until("the Job to be deleted", lambda: not jobs(), 30)
    core: Any = client.CoreV1Api(kube)
    wait_until("its Secrets to go with it", lambda: not core.list_namespaced_secret(namespace).items, 60)


def ids(daemon: Daemon) -> set[str]:
    return {dag["dag_id"] for dag in daemon.json("dags", "list")}
