"""The DAG folders that both sides read and run."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.oracle.environments import AIRFLOW_3, environment

PARALLEL, PARALLEL_TASKS = "bench_parallel", 100
CHAIN, CHAIN_TASKS = "bench_chain", 20
TASKFLOW = "bench_taskflow"
DAG_IDS = (PARALLEL, CHAIN, TASKFLOW)

_TASKS = f'''"""One hundred tasks side by side, twenty one after the other, and twenty that hand a number on."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain, task

with DAG("{PARALLEL}", schedule=None, start_date=datetime(2024, 1, 1), max_active_tasks={PARALLEL_TASKS}):
    for number in range({PARALLEL_TASKS}):
        BashOperator(task_id=f"task_{{number}}", bash_command="true")

with DAG("{CHAIN}", schedule=None, start_date=datetime(2024, 1, 1)):
    chain(*[BashOperator(task_id=f"step_{{number}}", bash_command="true") for number in range({CHAIN_TASKS})])

with DAG("{TASKFLOW}", schedule=None, start_date=datetime(2024, 1, 1)):

    @task
    def add_one(number):
        return number + 1

    total = 0
    for _ in range({CHAIN_TASKS}):
        total = add_one(total)
'''


def task_folder(place: Path) -> Path:
    """A DAG folder with the file of the three DAGs that are run."""
    place.mkdir(parents=True)
    (place / "bench.py").write_text(_TASKS)
    return place


def import_folder(place: Path) -> Path:
    """A DAG folder with the 80 Python files of Airflow 3.3.2's examples: the core's 58, the standard provider's 22."""
    package = environment(AIRFLOW_3).package
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package / "example_dags", place / "core", ignore=leave)
    shutil.copytree(package / "providers/standard/example_dags", place / "standard", ignore=leave)
    return place
