"""What the benchmark of Jobs made by hand makes of GoFlow's, and how it tells what it found."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.by_hand import Figures, dag_folder, named, stripped, told
from tests.cluster.harness import RUNNER_IMAGE

HAND = Figures(per_s=2.0, link_s=2.6)


def test_a_job_made_by_hand_has_no_label_of_goflow_or_the_job_controller() -> None:
    labels = {"goflow/dag-id": "d", "app.kubernetes.io/managed-by": "goflow", "job-name": "j", "controller-uid": "u"}
    mine = stripped({"name": "j", "uid": "u", "labels": {**labels, "team": "a"}, "annotations": None})
    assert mine == {"labels": {"team": "a"}, "annotations": {}}
    assert named({"kind": "Job", "metadata": mine}, "other")["metadata"] == {**mine, "name": "other"}


@pytest.mark.parametrize(
    ("native", "missed"),
    [
        (Figures(1.95, 1.2), 0),
        (Figures(1.8, 1.2), 1),
        (Figures(1.95, 1.31), 2),
    ],
    ids=["good", "too few", "too slow"],
)
def test_each_goal_is_said_to_be_reached_or_missed(native: Figures, missed: int) -> None:
    text = told({"hand": HAND, "native": native, "runner": Figures(1.0, 1.5)}, 50, 10)
    assert text.count("MISSED") == missed
    assert text.count("reached") == 3 - missed
    assert "| a link of a chain of 10 | 2.60 s |" in text


def test_the_dags_have_as_many_tasks_as_were_asked_for(tmp_path: Path) -> None:
    native = (dag_folder(tmp_path / "dags", 3, 2) / "native.yaml").read_text()
    assert native.count("- Name: task_") == 3
    assert native.count("DependsOn") == 1
    assert native.count(RUNNER_IMAGE) == 2
