"""Airflow's own example DAG files, run by GoFlow and held against the states to which Airflow itself brings them.

The states were recorded by ``python -m tests.oracle states`` from the real Airflow, with `random` seeded alike.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.oracle.examples import EXAMPLES, SEEDED, copy_examples, task_environment
from tests.oracle.wheels import wheel_folder
from tests.running import Daemon

EXPECTED: dict[str, Any] = json.loads((Path(__file__).parent / "oracle" / "states-3.3.2.json").read_text())["dags"]


def make_folder(folder: Path, seen_as: str, more: str = "") -> None:
    """A DAG folder with the examples, and what seeds and feeds their tasks; tasks see it as SEEN_AS. MORE stands in its
    ``goflow.yaml`` besides."""
    copy_examples(folder)
    shutil.copytree(SEEDED, folder / "_seeded", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(wheel_folder(), folder / "_wheels")
    environment = task_environment(f"{seen_as}/_seeded", f"{seen_as}/_wheels")
    lines = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in environment.items())
    (folder / "goflow.yaml").write_text(f"dialect: airflow3\n{more}environment:\n{lines}")
    (folder / ".airflowignore").write_text("_seeded\n_wheels\n")


def dag_ids() -> list[str]:
    """The DAGs to be triggered, in order."""
    return [dag_id for example in EXAMPLES for dag_id in example.dag_ids]


def triggered_ids() -> list[str]:
    """DAGs that others trigger."""
    return [dag_id for example in EXAMPLES for dag_id in example.triggered]


def states_of(daemon: Daemon, dag_id: str, run_id: str) -> dict[str, str]:
    """``task`` or ``task[index]`` to state, as the recording has them."""
    rows = daemon.json("tasks", "list", dag_id, run_id)
    return {
        row["task_id"] if row["map_index"] < 0 else f"{row['task_id']}[{row['map_index']}]": row["state"]
        for row in rows
    }


def trigger_all(daemon: Daemon, run_id: str, among: Collection[str] | None = None) -> None:
    """Start a run of every example, or of those AMONG them."""
    for dag_id in dag_ids() if among is None else among:
        daemon.run("dags", "trigger", dag_id, "--run-id", run_id)


def differences(daemon: Daemon, run_id: str, timeout_s: float, among: Collection[str] | None = None) -> list[str]:
    """Where the runs, once ended, are not as Airflow's; one line each."""
    found = []
    for dag_id in [*dag_ids(), *triggered_ids()] if among is None else among:
        expected = EXPECTED[dag_id]

        def ended(dag_id: str = dag_id) -> Any:
            rows = daemon.json("runs", "list", dag_id)
            wanted = [row for row in rows if row["run_id"] == run_id or dag_id in triggered_ids()]
            return next((row for row in wanted if row["state"] in {"success", "failed"}), None)

        try:
            run = daemon.wait_for(f"the run of {dag_id}", ended, timeout_s, 0.5)
        except AssertionError:
            rows = daemon.json("runs", "list", dag_id)
            ours = [row["run_id"] for row in rows if row["run_id"] == run_id] or [row["run_id"] for row in rows]
            states = states_of(daemon, dag_id, ours[0]) if ours else {}
            open_tasks = {k: v for k, v in states.items() if v not in {"success", "skipped", "failed"}}
            found.append(f"{dag_id}: not ended; open: {open_tasks}")
            continue
        got = states_of(daemon, dag_id, run["run_id"])
        if run["state"] != expected["run_state"]:
            found.append(f"{dag_id}: the run is {run['state']}, under Airflow {expected['run_state']}")
        found += [
            f"{dag_id}.{task}: {got.get(task)}, under Airflow {expected['tasks'].get(task)}"
            for task in sorted({*got, *expected["tasks"]})
            if got.get(task) != expected["tasks"].get(task)
        ]
    return found
