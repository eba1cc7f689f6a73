"""What a daemon on SQLite without a cluster has nothing to say of: the rest of the dashboard, by a daemon on PostgreSQL whose
tasks are Jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from goflow.store.sealer import new_key
from tests.debian import free_port
from tests.integration.prometheus.expressions import ELSEWHERE, of_dashboard
from tests.integration.prometheus.played import PlayedCluster
from tests.prometheus import Prometheus
from tests.running import Daemon, standalone

pytestmark = pytest.mark.postgres
STAYS = "Name: stays\nDockerImage: any/image\nCommand: [wait]\nPaused: false\n"


@pytest.fixture
def shared(tmp_path: Path, postgres_url: str) -> Iterator[Daemon]:
    """That daemon: it may share its database with others, and its API server is played."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "stays.yaml").write_text(STAYS)
    with closing(PlayedCluster()) as cluster:
        daemon = standalone(
            *(tmp_path / "home", tmp_path / "dags"),
            GOFLOW_KUBECONFIG=str(cluster.kubeconfig(tmp_path)),
            GOFLOW_NAMESPACE="jobs",
            GOFLOW_TASK_API_PORT=str(free_port()),
            GOFLOW_INSTALLATION="played",
            GOFLOW_DATABASE_URL=postgres_url,
            GOFLOW_ENCRYPTION_KEY=new_key(),
            GOFLOW_USAGE_INTERVAL_S="0.5",
        )
        daemon.command += ["--backend", "kubernetes"]
        try:
            daemon.start()
            yield daemon
        finally:
            daemon.stop()


def test_what_needs_a_cluster_or_a_shared_database_is_shown_too(shared: Daemon, tmp_path: Path) -> None:
    prometheus = Prometheus(tmp_path / "prometheus", [shared.endpoint()["url"].removeprefix("http://")])
    prometheus.start()
    try:
        shared.wait_for("the DAG", lambda: shared.json("dags", "list"))
        shared.run("dags", "trigger", "stays")
        for panel in ELSEWHERE:
            text = of_dashboard()[panel]
            shared.wait_for(panel, lambda text=text: prometheus.shows(text), 30, every_s=0.5)
        assert prometheus.labelled("goflow_usage_failures_total", "source") == ["kubelet", "metrics-api"]
    finally:
        prometheus.stop()
