"""The short form of the chaos (`tests.chaos`): every fault at least once, and the daemon killed again and again."""

from __future__ import annotations

import pytest

from tests.chaos.storm import Course, run
from tests.cluster.harness import GivenCluster

DONE = (
    "API server did not answer",
    "API server restarted",
    "daemon away",
    "daemon frozen",
    "image and Secret came late",
    "no room on any node",
    "node drained",
    "pod deleted",
    "pod deleted by force",
)
"""What must have happened for this to show anything."""


@pytest.mark.timeout(1200)
def test_nothing_is_lost_doubled_or_stuck(cluster, runner_image, tmp_path):
    if isinstance(cluster, GivenCluster):
        pytest.skip("a given cluster's API server and kubelet are not ours to stop")
    told = run(cluster, tmp_path, Course(minutes=8.0, kills=1000, seed=20261129, rounds=1))
    print(told.text())
    assert told.problems == []
    assert [what for what in DONE if not told.done.get(what)] == []
    assert any(what.startswith("node silent") for what in told.done)
    assert told.kills >= 8
    assert told.containers >= 20
