"""Airflow's own example files, unmodified, as Jobs on the real cluster, leave what they leave under Airflow."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.harness import Cluster, binaries
from tests.parity.examples import groups
from tests.parity.in_cluster import sample
from tests.parity.report import ClusterScore

COLUMNS = ("dag-id", "run-id", "launch-id")
NONE = "<none>"
"""What kubectl says of a label or an annotation that is not there."""


class JobsSeen:
    """Every Job of a namespace that kubectl has ever shown, by name, with the run and the launch that it says it is for."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[str, ...]] = {}

    @contextmanager
    def watching(self, cluster: Cluster, namespace: str) -> Iterator[None]:
        """Within it ``kubectl get jobs --watch`` runs."""
        said = [f"{part}.goflow/{column}" for column in COLUMNS for part in ("annotations", "labels")]
        columns = ",".join(["NAME:.metadata.name", *(f"C{n}:.metadata.{one}" for n, one in enumerate(said))])
        process = subprocess.Popen(
            [
                binaries.program("kubectl"), "--kubeconfig", cluster.kubeconfig, "get", "jobs",
                "--namespace", namespace, "--selector", "app.kubernetes.io/managed-by=goflow", "--watch",
                "--no-headers", "--output", f"custom-columns={columns}",
            ],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        reader = threading.Thread(target=self._read, args=(process,))
        reader.start()
        try:
            yield
        finally:
            process.terminate()
            reader.join()
            process.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            name, *told = line.split()
            in_full, as_labels = told[::2], told[1::2]
            self.jobs[name] = tuple(
                label if full == NONE else full for full, label in zip(in_full, as_labels, strict=True)
            )


@pytest.mark.timeout(900)
def test_examples_leave_what_they_leave_under_airflow_one_job_for_each_launch(
    cluster: Cluster, kube: Any, runner_image: str, namespace: str, tmp_path: Path
) -> None:
    group = next(group for group in groups() if group.in_cluster)
    seen = JobsSeen()
    with seen.watching(cluster, namespace):
        found, different = sample(
            cluster, client.CoreV1Api(kube), namespace, group, tmp_path / "airflow" / "example_dags"
        )
    unexplained = ClusterScore(group, different, len(seen.jobs), 0).unexplained
    assert [f"{dag_id}.{difference}" for dag_id, difference in unexplained] == []
    runs = {(dag_id, run["run_id"]): run for dag_id, of_dag in found.items() for run in of_dag}
    jobs = Counter(launch for dag_id, run_id, launch in seen.jobs.values() if (dag_id, run_id) in runs)
    assert len(jobs) > 100
    assert {launch: count for launch, count in jobs.items() if count != 1} == {}, "one Job for each launch"
    assert set(jobs) <= {launch for run in runs.values() for launch in run["launches"]}, "and none besides"
