"""GoFlow's side in the test cluster: the sample that `Group.in_cluster` names."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from kubernetes import client, config

from tests.cluster.daemon import TRIGGER_ACCOUNT, settings_on, start_trigger_runner
from tests.cluster.fixtures import choose_cluster, namespace_on
from tests.cluster.harness import Cluster, ensure_images
from tests.cluster.harness.images import RUNNER
from tests.parity import report, samples
from tests.parity.backends import InCluster
from tests.parity.examples import PLACE, Group
from tests.parity.outcomes import Difference


def sample(
    cluster: Cluster, core: Any, namespace: str, group: Group, folder: Path, logs: Path | None = None
) -> tuple[dict[str, list[Any]], dict[str, list[Difference]]]:
    """As `samples.run`: the group's sample as Jobs in the empty NAMESPACE, with a trigger runner's pod."""
    settings = settings_on(cluster, namespace) | {"GOFLOW_TRIGGER_SERVICE_ACCOUNT": TRIGGER_ACCOUNT}
    task_api = f"http://{settings['GOFLOW_TASK_API_HOST']}:{settings['GOFLOW_TASK_API_PORT']}"
    start_trigger_runner(core, namespace, task_api)
    return samples.run(group, folder, list(group.in_cluster), InCluster(settings), logs)


def main(group: Group, logs: Path) -> int:
    """Start or join the test cluster, run the sample, and write its part of docs/parity.md; 1 where what differs is not
    explained."""
    with choose_cluster() as cluster, tempfile.TemporaryDirectory(prefix=PLACE) as place:
        ensure_images(cluster, RUNNER)
        with config.new_client_from_config(str(cluster.kubeconfig)) as api, namespace_on(api) as namespace:
            began = time.monotonic()
            folder = Path(place) / "airflow" / "example_dags"
            found, different = sample(cluster, client.CoreV1Api(api), namespace, group, folder, logs)
            seconds = time.monotonic() - began
    jobs = sum(len(run["launches"]) for runs in found.values() for run in runs)
    score = report.ClusterScore(group, different, jobs, seconds)
    print("\n".join(score.lines()))
    print(report.write_cluster(score))
    return 0 if score.good else 1
