"""Airflow's own example files, unmodified, as Jobs on the real cluster, to the states that Airflow gives them."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.daemon import daemon_on
from tests.cluster.harness import Cluster, binaries
from tests.examples_run import dag_ids, differences, make_folder, trigger_all, triggered_ids
from tests.running import Daemon

SEEN_AS = "/opt/goflow/dags"
NO_CONTAINER = {"EmptyOperator", "LatestOnlyOperator"}
COLUMNS = ("dag-id", "run-id", "task-id", "map-index", "try-number")
Attempt = tuple[str, ...]


class JobsSeen:
    """Every Job of a namespace that kubectl has ever shown, by name, with the attempt that it says it is for."""

    def __init__(self) -> None:
        self.jobs: dict[str, Attempt] = {}

    @contextmanager
    def watching(self, cluster: Cluster, namespace: str) -> Iterator[None]:
        """Within it ``kubectl get jobs --watch`` runs."""
        columns = ",".join(
            ["NAME:.metadata.name", *(f"C{n}:.metadata.annotations.goflow/{c}" for n, c in enumerate(COLUMNS))]
        )
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
            name, *attempt = line.split()
            self.jobs[name] = tuple(attempt)


@pytest.mark.timeout(1500)
def test_every_example_ends_as_under_airflow(
    cluster: Cluster, runner_image: str, namespace: str, tmp_path: Path
) -> None:
    folder = tmp_path / "dags"
    make_folder(folder, SEEN_AS)
    daemon, seen = daemon_on(cluster, namespace, tmp_path / "home", folder), JobsSeen()
    daemon.start()
    try:
        with seen.watching(cluster, namespace):
            daemon.wait_for("all DAGs", lambda: len(daemon.json("dags", "list")) >= 26, 90)
            trigger_all(daemon, "test")
            assert differences(daemon, "test", 600) == []
        jobs = Counter(seen.jobs.values())
        assert len(jobs) > 100
        assert {attempt: count for attempt, count in jobs.items() if count != 1} == {}, "one Job for each attempt"
        assert set(jobs) == attempts_of(daemon), "and none is missing"
    finally:
        daemon.stop()


def attempts_of(daemon: Daemon) -> set[Attempt]:
    """Every attempt of the runs that needs a container and has begun."""
    found = set()
    for dag_id in [*dag_ids(), *triggered_ids()]:
        for run in daemon.json("runs", "list", dag_id):
            for task in daemon.json("tasks", "list", dag_id, run["run_id"]):
                if task["operator"] in NO_CONTAINER or task["state"] in {"upstream_failed", "removed"}:
                    continue
                if task["state"] == "skipped" and task["start_date"] is None:
                    continue  # by a branch, not by itself
                key = (dag_id, run["run_id"], task["task_id"], str(task["map_index"]))
                found |= {(*key, str(number)) for number in range(1, task["try_number"] + 1)}
    return found
