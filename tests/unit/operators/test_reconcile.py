"""Pods laid over each other, held against Airflow's own ``PodGenerator.reconcile_pods``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goflow.operators.pod_template import merged_pods

CASES = json.loads((Path(__file__).parent / "reconciled_pods.json").read_text())
"""Written by tests/oracle/pods.py with Airflow 3.3.2."""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_two_pods_are_merged_as_airflow_does_it(case):
    assert without_nothing(merged_pods(case["base"], case["over"])) == without_nothing(case["pod"])


def without_nothing(pod):
    """POD without empty lists of containers, which a spec always has."""
    spec = {name: value for name, value in pod.get("spec", {}).items() if value != []}
    return {**{name: value for name, value in pod.items() if name != "spec"}, **({"spec": spec} if spec else {})}
