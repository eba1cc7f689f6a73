"""From the start of a task's process to its Python function, as a container starts it, on both sides.

GoFlow: ``python -m goflow_runner run``, the command of the runner's containers, which claims the launch, fetches the
DAG folder and imports the file. Airflow: ``python -m airflow.sdk.execution_time.execute_workload``, the command of its
KubernetesExecutor's containers, begun by an executor that does nothing else, beside a running Airflow. Both have their
server on this machine and their modules compiled.
"""

from __future__ import annotations

import compileall
import json
import sys
import time
from pathlib import Path
from statistics import median

from goflow.store import Store
from goflow.store.sealer import new_key
from tests.oracle.environments import AIRFLOW_3, environment
from tests.oracle.live import airflow, wait_until
from tests.runners import TaskServer, python

DAG_ID = "bench_start"
REPOSITORY = Path(__file__).resolve().parents[1]
TASKS = 5
"""Starts in one run; the first of all is not counted."""
RUN_LIMIT_S = 300.0

_FILE = """
import json
import time
from datetime import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.python import PythonOperator

def note():
    now = time.time()
    with open({marks!r}, "a") as file:
        file.write(json.dumps(["runs", now]) + "\\n")

with DAG("{dag_id}", schedule=None, start_date=datetime(2024, 1, 1), max_active_tasks=1):
    for number in range({tasks}):
        PythonOperator(task_id=f"t{{number}}", python_callable=note)
"""
_EXECUTOR = '''
import json
import os
import subprocess
import sys
import time

from airflow.executors.base_executor import BaseExecutor


class ContainerExecutor(BaseExecutor):
    """Begins each task with the command that KubernetesExecutor gives its containers, as a process of this machine."""

    def start(self):
        self._children = {}

    def _process_workloads(self, workload_items):
        for workload in workload_items:
            self.queued_tasks.pop(workload.key)
            self.running.add(workload.key)
            module = "airflow.sdk.execution_time.execute_workload"
            words = [sys.executable, "-m", module, "--json-string", workload.model_dump_json()]
            began = time.time()
            self._children[workload.key] = subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True)
            with open(os.environ["BENCH_MARKS"], "a") as file:
                file.write(json.dumps(["starts", began]) + "\\n")

    def sync(self):
        for key, child in list(self._children.items()):
            if child.poll() is not None:
                del self._children[key]
                (self.fail if child.returncode else self.success)(key)

    def end(self):
        for child in self._children.values():
            child.wait()
'''


def airflow_figures(work: Path, repeats: int) -> dict[str, float]:
    """Airflow 3.3.2's figure."""
    dags, modules, marks = work / "dags", work / "modules", work / "marks"
    for folder in (dags, modules):
        folder.mkdir(parents=True)
    (dags / "start.py").write_text(_FILE.format(marks=str(marks), dag_id=DAG_ID, tasks=TASKS))
    (modules / "container_executor.py").write_text(_EXECUTOR)
    settings = {
        "AIRFLOW__CORE__EXECUTOR": "container_executor.ContainerExecutor",
        "PYTHONPATH": str(modules),
        "BENCH_MARKS": str(marks),
    }
    with airflow(environment(AIRFLOW_3), dags, work / "airflow", settings) as running:
        wait_until(lambda: running.dags() >= {DAG_ID}, RUN_LIMIT_S, "the DAG to be read")
        running.unpause(DAG_ID)
        for number in range(repeats):
            running.trigger(DAG_ID, f"measured-{number}")
            running.wait_for_run(DAG_ID, f"measured-{number}", RUN_LIMIT_S)
    return {"start_s": seconds_between(marks)}


def goflow_figures(work: Path, repeats: int) -> dict[str, float]:
    """GoFlow's figure."""
    work.mkdir(parents=True)
    compileall.compile_dir(REPOSITORY / "compat", quiet=1)  # as an image's modules are
    marks = work / "marks"
    store = Store(f"sqlite:///{work / 'goflow.db'}", encryption_key=new_key())
    store.upgrade()
    server = TaskServer(store, work)
    server.api.inputs.folders = None  # the folder is fetched, as a container fetches it
    file = _FILE.format(marks=str(marks), dag_id=DAG_ID, tasks=TASKS)
    try:
        for number in range(repeats * TASKS):
            tasks = [python(f"t{index}") for index in range(TASKS)]
            launch = server.launch(*tasks, dag_id=DAG_ID, file=file, run_id=f"measured-{number}")
            with marks.open("a") as out:
                out.write(json.dumps(["starts", time.time()]) + "\n")
            if launch.run():
                raise RuntimeError("\n".join(launch.output) or launch.said)
    finally:
        server.stop()
        store.close()
    return {"start_s": seconds_between(marks)}


def seconds_between(marks: Path) -> float:
    """The median from a start to the line that its function wrote. Raises ValueError where they do not alternate."""
    found = [json.loads(line) for line in marks.read_text().splitlines()]
    starts = [at for word, at in found if word == "starts"]
    runs = [at for word, at in found if word == "runs"]
    if len(starts) != len(runs) or any(run < start for start, run in zip(starts, runs, strict=True)):
        raise ValueError(f"{len(starts)} starts, {len(runs)} runs")
    taken = [run - start for start, run in zip(starts, runs, strict=True)]
    print("starts, in s:", " ".join(f"{seconds:.3f}" for seconds in taken), file=sys.stderr)
    return float(median(taken[1:]))
