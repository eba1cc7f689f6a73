"""The daemon is killed 20 times while its Jobs are under way on the cluster."""

from __future__ import annotations

import pytest

from tests.cluster.daemon import daemon_on
from tests.killing import Marks, check_marks, kill_again_and_again, write_dag


@pytest.mark.timeout(900)
def test_no_attempt_is_lost_or_doubled(cluster, runner_image, namespace, tmp_path):
    marks = Marks(cluster.host_address)
    write_dag(tmp_path / "dags", marks, chains=2, links=3, pause=0.3)
    daemon = daemon_on(cluster, namespace, tmp_path / "home", tmp_path / "dags")
    try:
        runs = kill_again_and_again(daemon, 20, 4.0, seed=11)
        check_marks(daemon, marks, runs, 240)
    finally:
        daemon.stop()
