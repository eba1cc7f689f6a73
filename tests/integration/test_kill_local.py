"""The daemon is killed 20 times while local runs are under way; attempts outlive it and are adopted."""

from __future__ import annotations

import pytest

from tests.killing import Marks, check_marks, kill_again_and_again, write_dag
from tests.running import standalone


@pytest.mark.timeout(600)
def test_no_attempt_is_lost_or_doubled(tmp_path):
    marks = Marks("127.0.0.1")
    write_dag(tmp_path / "dags", marks, chains=3, links=4, pause=0.3)
    daemon = standalone(tmp_path / "home", tmp_path / "dags")
    try:
        runs = kill_again_and_again(daemon, 20, 1.5, seed=7)
        check_marks(daemon, marks, runs, 120)
    finally:
        daemon.stop()
