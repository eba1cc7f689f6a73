"""``runtime: airflow`` in the cluster: Jobs of an image that has Airflow 3.3.2 and nothing of GoFlow's."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.daemon import TRIGGER_ACCOUNT, daemon_on, start_trigger_runner
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster
from tests.integration.airflow_runtime.cases import AirflowCases, start_all
from tests.integration.airflow_runtime.conftest import DAGS, Runs, wait_for_dags
from tests.parity.examples import groups
from tests.parity.in_cluster import sample

EXAMPLES = ("tutorial_taskflow_api", "example_task_mapping_second_order", "example_task_state_store")
"""A few of those that `make parity-airflow` runs."""

#: A task that tells what it finds in its container.
ABOUT = """
import importlib.util
import os
import pwd

import airflow
from airflow.sdk import DAG, task

with DAG("about", schedule=None):

    @task
    def tells():
        found = {name: importlib.util.find_spec(name) is not None for name in ("goflow_runner", "airflow._goflow")}
        user = [os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name, os.environ["HOME"]]
        return {"airflow": [airflow.__version__, airflow.__file__, os.environ["AIRFLOW_HOME"]], "user": user, **found}

    tells()
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """A folder of the node, which this machine is, that the image's user may write to."""
    with tempfile.TemporaryDirectory(prefix="goflow-shared-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def mounted(shared: Path) -> dict[str, Any]:
    """A pod template with the folder in it."""
    return {
        "spec": {
            "volumes": [{"name": "shared", "hostPath": {"path": str(shared)}}],
            "containers": [{"name": "base", "volumeMounts": [{"name": "shared", "mountPath": str(shared)}]}],
        }
    }


@pytest.fixture(scope="module")
def runs(
    cluster: Cluster,
    kube: client.ApiClient,
    runner_image: str,
    airflow_image: str,
    shared: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Runs]:
    """A daemon on the DAGs of the local backend's tests, all of them started, and a trigger runner's pod."""
    place: Path = tmp_path_factory.mktemp("airflow-image")
    shutil.copytree(DAGS, place / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    settings = {"dialect": "airflow3", "runtime": "airflow", "image": airflow_image}
    rules = [{"dag": "outage", "pod_template": mounted(shared)}]
    (place / "dags" / "goflow.yaml").write_text(json.dumps({**settings, "rules": rules}))
    (place / "dags" / "about.py").write_text(ABOUT)
    core: Any = client.CoreV1Api(kube)
    with namespace_on(kube) as namespace:
        account = {"GOFLOW_TRIGGER_SERVICE_ACCOUNT": TRIGGER_ACCOUNT}
        daemon = daemon_on(cluster, namespace, place / "home", place / "dags", **account)
        start_trigger_runner(core, daemon.environment)
        daemon.start()
        try:
            wait_for_dags(daemon, 9)
            made = Runs(daemon)
            start_all(made)
            made.start("about")
            yield made
        finally:
            daemon.stop()


class TestInTheCluster(AirflowCases):
    """All cases."""

    def test_the_image_is_as_it_was(self, runs: Runs) -> None:
        state, _ = runs.end("about")
        assert (state, runs.xcom("about", "tells")) == (
            "success",
            {
                "airflow": [
                    "3.3.2",
                    "/home/airflow/.local/lib/python3.11/site-packages/airflow/__init__.py",
                    "/opt/airflow",
                ],
                "user": [50000, 0, "airflow", "/home/airflow"],
                "goflow_runner": False,
                "airflow._goflow": False,
            },
        )


@pytest.mark.timeout(600)
def test_examples_leave_what_they_leave_under_airflow(
    cluster: Cluster, kube: client.ApiClient, runner_image: str, airflow_image: str, namespace: str, tmp_path: Path
) -> None:
    group = next(group for group in groups() if group.in_airflow)
    folder = tmp_path / "airflow" / "example_dags"
    _, found = sample(cluster, client.CoreV1Api(kube), namespace, group, folder, image=airflow_image, dag_ids=EXAMPLES)
    assert {dag_id: [str(one) for one in different] for dag_id, different in found.items() if different} == {}
