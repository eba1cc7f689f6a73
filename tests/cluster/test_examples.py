"""Airflow's own example files, unmodified, as Jobs on the real cluster, to the states that Airflow gives them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from goflow.kube.api import JOBS, KubeApi
from tests.cluster.daemon import daemon_on
from tests.examples_run import differences, make_folder, trigger_all

SEEN_AS = "/opt/goflow/dags"
NO_CONTAINER = {"EmptyOperator", "LatestOnlyOperator"}


@pytest.mark.timeout(1500)
def test_every_example_ends_as_under_airflow(cluster, runner_image, namespace, tmp_path: Path):
    folder = tmp_path / "dags"
    make_folder(folder, SEEN_AS)
    daemon = daemon_on(cluster, namespace, tmp_path / "home", folder)
    daemon.start()
    try:
        daemon.wait_for("all DAGs", lambda: len(daemon.json("dags", "list")) >= 26, 90)
        trigger_all(daemon, "test")
        assert differences(daemon, "test", 600) == []
        jobs_match_attempts(daemon, KubeApi(cluster.kubeconfig), namespace)
    finally:
        daemon.stop()


def jobs_match_attempts(daemon, api: KubeApi, namespace: str) -> None:
    """One Job per attempt of every task that needs a container, while they are still there (TTL 30 s after the end)."""
    found = api.request("GET", JOBS.format(namespace=namespace), query={"labelSelector": "goflow/dag-id=tutorial"})
    seen = Counter(
        (job["metadata"]["annotations"]["goflow/run-id"], job["metadata"]["annotations"]["goflow/task-id"])
        for job in found["items"]
    )
    assert all(count == 1 for count in seen.values()), seen
