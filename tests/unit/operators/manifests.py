"""The Jobs of one task of every family, as they are made of a DAG file, and as they were.

``python -m tests.unit.operators.manifests`` writes the second anew, for a person to look at in the change.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from goflow.domain.spec import DagSpec
from goflow.operators.manifest import job_manifest
from goflow.operators.registry import convert
from goflow.parser.api import Folder, Inputs, parse_file
from tests.unit.operators.test_convert import SITE, request

FAMILIES = Path(__file__).parent / "families"
RECORDED = FAMILIES / "manifests.json"
FOUND_OUT: dict[str, dict[str, Any]] = {
    "kubernetes": {
        "cmds": ["python", "-c", "pass"],
        "arguments": [],
        "function_variables": {"__PYTHON_SCRIPT": "cGFzcw=="},
    },
    "kubernetes_cmd": {"cmds": ["echo", "a"], "arguments": [], "function_variables": {}},
    "docker_function": {"command": ["python", "-c", "pass"], "function_variables": {"__PYTHON_SCRIPT": "cGFzcw=="}},
}
"""What the first launch of a function in an image of the author's hands back."""


def read_families() -> DagSpec:
    """The DAG of `families/dag.py`."""
    result = parse_file(Folder(FAMILIES, parse_path="/opt/goflow/dags"), "dag.py", Inputs())
    (dag,) = result.dags
    return dag


def manifests() -> dict[str, dict[str, Any]]:
    """``{task: Job}``, and ``{task, found out: Job}`` for the second launch of those that have two."""
    dag = read_families()
    made = {}
    for task in dag.tasks:
        asked = request(task, dag)
        made[task.task_id] = job_manifest(convert(asked), SITE)
        if task.task_id in FOUND_OUT:
            resolved = dataclasses.replace(asked, resolved=FOUND_OUT[task.task_id])
            made[f"{task.task_id}, found out"] = job_manifest(convert(resolved), SITE)
    return made


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(manifests(), indent=1, sort_keys=True) + "\n")
