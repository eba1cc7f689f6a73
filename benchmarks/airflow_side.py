"""The figures of Airflow 3.3.2: LocalExecutor and PostgreSQL, its own defaults otherwise."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.figures import IMPORTS, import_figures, medians
from benchmarks.memory import Installation
from benchmarks.runs import measure_runs
from benchmarks.workloads import DAG_IDS
from tests.oracle.environments import AIRFLOW_3, environment
from tests.oracle.live import Airflow, airflow, wait_until

RUN_LIMIT_S = 300.0


def measure(folders: Mapping[str, Path], work: Path, repeats: int) -> dict[str, float]:
    """The figures of those parts for which there are FOLDERS, by the keys of MEASURES."""
    found: dict[str, float] = {}
    for part in IMPORTS:
        if part in folders:
            seen = [_imports(folders[part], work / f"{part}-{number}") for number in range(repeats)]
            found |= import_figures(part, medians(seen))
    return found | (_runs(folders["runs"], work / "run", repeats) if "runs" in folders else {})


def _imports(folder: Path, work: Path) -> dict[str, float]:
    """Seconds of `airflow dag-processor --num-runs 1`: it forks for each file, two at a time, and stores its DAGs."""
    installed = environment(AIRFLOW_3)
    empty = work / "empty"
    empty.mkdir(parents=True)
    with airflow(installed, folder, work, {}, start=False) as server:
        url = server.variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")

        def seconds(dags: Path) -> float:
            command = [str(installed.airflow), "dag-processor", "--num-runs", "1"]
            variables = server.variables | {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)}
            began = time.time()
            with (work / "dag-processor.log").open("ab") as log:
                subprocess.run(command, check=True, env=variables, stdout=log, stderr=log)
            return (_stored(url, began)[1] or time.time()) - began

        found = {"startup": seconds(empty), "cold": seconds(folder), "again": seconds(folder)}
        return {**found, "dags": float(_stored(url, 0)[0])}


def _stored(url: str, since: float) -> tuple[int, float | None]:
    """How many DAGs were stored since then, and when the last of them was, in seconds since the epoch."""
    query = (
        "SELECT count(*), extract(epoch FROM max(last_parsed_time)) FROM dag WHERE last_parsed_time >= to_timestamp(%s)"
    )
    with psycopg.connect(url) as connection:
        row = connection.execute(query, (since,)).fetchone()
    assert row is not None
    return int(row[0]), None if row[1] is None else float(row[1])


def _runs(folder: Path, work: Path, repeats: int) -> dict[str, float]:
    with airflow(environment(AIRFLOW_3), folder, work, {}) as running:
        wait_until(lambda: set(DAG_IDS) <= running.dags(), RUN_LIMIT_S, "the DAGs to be read")
        for dag_id in DAG_IDS:
            running.unpause(dag_id)
        return measure_runs(_Side(running), repeats)


@dataclass(frozen=True)
class _Side:
    running: Airflow

    @property
    def installation(self) -> Installation:
        roots = tuple(process.pid for process in self.running.processes.values())
        return Installation(roots, "AIRFLOW_HOME", self.running.variables["AIRFLOW_HOME"])

    def run(self, dag_id: str, run_id: str) -> None:
        self.running.trigger(dag_id, run_id)
        self.running.wait_for_run(dag_id, run_id, RUN_LIMIT_S)

    def rows(self, dag_id: str, run_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        return self.running.run(dag_id, run_id), self.running.tasks(dag_id, run_id)
