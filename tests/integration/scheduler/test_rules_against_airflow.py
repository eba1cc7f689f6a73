"""Our trigger rules and real Airflow's, over every combination of up to four upstream tasks."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.state import TaskState
from goflow.scheduler.rules import RULES, Counts, Verdict, judge
from tests.oracle.environments import AIRFLOW_3, environment

STATES = ["success", "failed", "skipped", "upstream_failed", "removed", None]
KINDS = [(state, False) for state in STATES] + [("success", True), ("skipped", True), ("failed", True)]
MODERN = [*sorted(set(RULES) - {"none_failed_or_skipped"}), "always"]


def cases() -> list[dict[str, Any]]:
    return [
        {"rule": rule, "states": states, "map_index": map_index}
        for rule in MODERN
        for size in range(1, 5)
        for states in itertools.combinations_with_replacement(KINDS if size < 4 else KINDS[:6], size)
        for map_index in (-1, 1)
    ]


def ours(case: dict[str, Any]) -> list[Any]:
    counts = Counts(total=len(case["states"]), setups=sum(setup for _, setup in case["states"]))
    for state, setup in case["states"]:
        if state is not None:
            counts.note(TaskState(state), setup=setup)
    verdict = judge(case["rule"], counts, case["map_index"])
    return [verdict.value.value if verdict.ends else None, verdict is Verdict.RUN]


@pytest.mark.timeout(1200)  # the first time it installs Airflow
def test_every_rule_says_what_airflow_says(tmp_path: Path) -> None:
    python = environment(AIRFLOW_3).python
    asked = cases()
    script = Path(__file__).with_name("ask_airflow_rules.py")
    done = subprocess.run(
        [python, script],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    wrong = []
    for case, (state, met) in zip(asked, json.loads(done.stdout), strict=True):
        # A state that Airflow gives is what counts: whether it calls the dependencies met beside it changes nothing.
        truth = [state, met and state is None]
        if ours(case) != truth:
            wrong.append((case, truth, ours(case)))
    assert not wrong, f"{len(wrong)} of {len(asked)}: {wrong[:5]}"
    assert len(asked) > 5000
