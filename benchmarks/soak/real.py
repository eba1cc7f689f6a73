"""An hour of real time: `goflow standalone` with its local backend, on PostgreSQL, as somebody would leave it running.

DAGs of every kind run each minute or more often, their file changes now and then, REST is asked all the time, and
`goflow db clean` runs every minute, so that rows have a reason not to grow.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import psutil

from benchmarks.goflow_side import GOFLOW, GoFlow, daemon_with, variables_of
from benchmarks.memory import MEGABYTE
from benchmarks.often import often
from benchmarks.room import database
from benchmarks.soak.rows import in_database
from benchmarks.soak.samples import Notebook
from goflow.store.sealer import new_key
from tests.oracle.live import wait_until

DAGS = Path(__file__).parent / "dags"
READ_LIMIT_S = 120.0
LOOK_S, ASK_S, CLEAN_S, CHANGE_S = 10.0, 1.0, 60.0, 180.0
KEPT = ("--older-than", "5m", "--keep", "5")
"""What `goflow db clean` leaves."""
LASTING_S = 90.0
"""How old a process is that belongs to the daemon and not to a task."""
PATHS = (
    "/api/v2/dags",
    "/api/v2/dags/~/dagRuns?limit=20",
    "/api/v2/importErrors",
    "/goflow/v1/status",
    "/metrics",
    "/readyz",
)
CHANGING = '''"""Number {number} of its versions."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("changing", schedule=timedelta(seconds=30), start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="tell", bash_command="echo {number}")
'''


def soak(minutes: float, work: Path, notebook: Notebook) -> None:
    """Work for so many MINUTES below WORK, and write what is seen into NOTEBOOK."""
    dags = work / "dags"
    shutil.copytree(DAGS, dags, ignore=shutil.ignore_patterns("__pycache__"))
    change(dags, 0)
    with database(work) as url:
        variables = variables_of(work / "home", dags) | {
            "GOFLOW_DATABASE_URL": url,
            "GOFLOW_ENCRYPTION_KEY": new_key(),
        }
        command = ["standalone", "--dags", str(dags), "--port", variables["GOFLOW_API_PORT"]]
        with daemon_with(command, variables) as daemon:
            wait_until(daemon.has_scanned, READ_LIMIT_S, "the DAGs to be read")
            with often(lambda: _ask(daemon), ASK_S), often(lambda: _clean(daemon.variables), CLEAN_S):
                _look_on(minutes, daemon, url, dags, notebook)


def change(dags: Path, number: int) -> None:
    """Have version NUMBER of a file in the folder."""
    (dags / "changing.py").write_text(CHANGING.format(number=number))


def _look_on(minutes: float, daemon: GoFlow, url: str, dags: Path, notebook: Notebook) -> None:
    began = time.monotonic()
    version = looks = 0
    while (passed := time.monotonic() - began) < minutes * 60:
        if passed > (version + 1) * CHANGE_S:
            version += 1
            change(dags, version)
        notebook.add({"hours": passed / 3600, **look(daemon, url)})
        looks += 1
        time.sleep(max(0.0, began + looks * LOOK_S - time.monotonic()))
        if daemon.process.poll() is not None:
            raise RuntimeError("the daemon has ended")


def look(daemon: GoFlow, url: str) -> dict[str, float]:
    """Everything that must not grow, and how much work was done."""
    process = psutil.Process(daemon.process.pid)
    home = Path(daemon.variables["GOFLOW_HOME"])
    others = list(_lasting(daemon, process))
    files = sum(len(names) for _, _, names in os.walk(home))
    return {
        "memory_mb": process.memory_info().rss / MEGABYTE,
        "helpers_mb": sum(_pss(other) for other in others) / MEGABYTE,
        "helpers": len(others),
        "threads": process.num_threads(),
        "descriptors": process.num_fds(),
        "files": files,
        **in_database(url),
    }


def _lasting(daemon: GoFlow, process: psutil.Process) -> Iterator[psutil.Process]:
    """The daemon's helpers: processes of its installation that are older than any task's."""
    for other in daemon.installation.processes():
        try:
            if other != process and time.time() - other.create_time() > LASTING_S and "postgres" not in other.name():
                yield other
        except psutil.Error:
            continue


def _pss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except psutil.Error:
        return 0.0


def _ask(daemon: GoFlow) -> None:
    for path in PATHS:
        daemon.api.get(path, timeout=30.0).raise_for_status()
    newest = daemon.api.get("/api/v2/dags/minutely/dagRuns?limit=1&order_by=-run_after").raise_for_status().json()
    for run in newest["dag_runs"]:
        path = f"/api/v2/dags/minutely/dagRuns/{quote(run['dag_run_id'])}/taskInstances"
        daemon.api.get(path, timeout=30.0).raise_for_status()


def _clean(variables: Mapping[str, str]) -> None:
    subprocess.run(
        [GOFLOW, "db", "clean", *KEPT, "--yes"], check=True, env=dict(variables), stdout=subprocess.DEVNULL, timeout=300
    )
