"""GoFlow's side in the test cluster: the sample that `Group.in_cluster` names, on the shim or in an image with Airflow."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from kubernetes import client, config

from tests.cluster import teams
from tests.cluster.daemon import TRIGGER_ACCOUNT, settings_on, start_trigger_runner
from tests.cluster.fixtures import choose_cluster, namespace_on
from tests.cluster.harness import Cluster, ensure_images, team_images
from tests.cluster.harness.images import RUNNER
from tests.parity import report, samples
from tests.parity.backends import InCluster
from tests.parity.examples import PLACE, Group
from tests.parity.outcomes import Difference


def sample(
    cluster: Cluster,
    core: Any,
    namespace: str,
    group: Group,
    folder: Path,
    logs: Path | None = None,
    image: str = "",
    dag_ids: Collection[str] = (),
) -> tuple[dict[str, list[Any]], dict[str, list[Difference]]]:
    """As `samples.run`: the group's sample as Jobs in the empty NAMESPACE, with a trigger runner's pod. IMAGE: one with
    Airflow, in which the tasks run then; the sample is the one for that, too. DAG_IDS: these of them alone."""
    settings = settings_on(cluster, namespace) | {"GOFLOW_TRIGGER_SERVICE_ACCOUNT": TRIGGER_ACCOUNT}
    start_trigger_runner(core, settings)
    chosen = list(dag_ids or (group.in_airflow if image else group.in_cluster))
    return samples.run(group, folder, chosen, InCluster(settings, image), logs)


def main(group: Group, logs: Path, airflow: bool) -> int:
    """Start or join the test cluster, run the sample, in Airflow's image if AIRFLOW, and write its part of docs/parity.md;
    1 where what differs is not explained."""
    with choose_cluster() as cluster, tempfile.TemporaryDirectory(prefix=PLACE) as place:
        ensure_images(cluster, RUNNER)
        image = team_images.ensure(cluster, teams.AIRFLOW) if airflow else ""
        with config.new_client_from_config(str(cluster.kubeconfig)) as api, namespace_on(api) as namespace:
            began = time.monotonic()
            folder = Path(place) / "airflow" / "example_dags"
            core = client.CoreV1Api(api)
            found, different = sample(cluster, core, namespace, group, folder, logs, image=image)
            seconds = time.monotonic() - began
    jobs = sum(len(run["launches"]) for runs in found.values() for run in runs)
    score = report.ClusterScore(group, different, jobs, seconds, airflow)
    print("\n".join(score.lines()))
    print(report.write_cluster(score))
    return 0 if score.good else 1
