"""Airflow's own example DAGs with ``runtime: airflow``: ``python -m tests.integration.airflow_runtime.examples``.

Prints where their tasks end otherwise than under Airflow's own scheduler (`tests.examples_run`), and how many were run.
A hundred times Airflow's start takes minutes: `make test` runs the DAGs beside this file instead.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.examples_run import differences, make_folder, trigger_all
from tests.oracle.environments import AIRFLOW_3, environment
from tests.running import standalone

SAMPLE = (
    "example_bash_operator",
    "example_dynamic_task_mapping",
    "example_dynamic_task_mapping_with_no_taskflow_operators",
    "example_nested_branch_dag",
    "example_setup_teardown",
    "example_setup_teardown_taskflow",
    "example_short_circuit_operator",
    "example_skip_dag",
    "example_task_group",
    "example_task_group_mapping",
    "example_task_mapping_second_order",
    "example_trigger_controller_dag",
    "example_xcom",
    "example_xcom_args",
    "example_xcom_args_with_operators",
    "latest_only_with_trigger",
    "tutorial_dag",
    "tutorial_taskflow_api",
)
RUN_ID = "test"


def main() -> int:
    """Run the sample; the exit code is 1 where something differs."""
    with tempfile.TemporaryDirectory(prefix="goflow-airflow-") as place:
        folder = Path(place) / "dags"
        make_folder(folder, str(folder), f"runtime: airflow\npython: {environment(AIRFLOW_3).python}\n")
        daemon = standalone(Path(place) / "home", folder)
        daemon.start()
        try:
            daemon.wait_for("all DAGs", lambda: len(daemon.json("dags", "list")) >= 26, 120)
            trigger_all(daemon, RUN_ID, SAMPLE)
            found = differences(daemon, RUN_ID, 900, SAMPLE)
        finally:
            daemon.stop()
    print("\n".join(found))
    print(f"{len(SAMPLE)} DAGs, {len({line.split('.')[0].split(':')[0] for line in found})} of them differ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
