"""The figures of GoFlow, through its command line; only whether it has taken the folder is asked of its API."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.cluster import cluster_settings
from benchmarks.figures import IMPORTS, import_figures, medians
from benchmarks.memory import Installation
from benchmarks.runs import measure_runs
from tests.oracle.live import wait_until
from tests.oracle.postgres import free_port

GOFLOW = Path(sys.executable).with_name("goflow")
RUN_LIMIT_S = 300.0
STOP_LIMIT_S = 30.0
POLL_S = 0.05
LOG_LINES = 30  # of the daemon's log, shown when a measurement fails


@dataclass(frozen=True)
class GoFlow:
    """A daemon under measurement, with a home of its own."""

    process: subprocess.Popen[bytes]
    variables: Mapping[str, str]
    api: httpx.Client

    @property
    def installation(self) -> Installation:
        """The daemon, what it started, and what was started and has left it."""
        return Installation((self.process.pid,), "GOFLOW_HOME", self.variables["GOFLOW_HOME"])

    def ask(self, *arguments: str) -> Any:
        """What `goflow ARGUMENTS --json` prints. Raises CalledProcessError."""
        return _ask(self.variables, *arguments)

    def has_scanned(self) -> bool:
        """Whether the whole DAG folder was taken once. Raises RuntimeError where the daemon has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon has ended: see bench.log in {self.variables['GOFLOW_HOME']}")
        try:
            status = self.api.get("/goflow/v1/status").raise_for_status().json()
        except httpx.TransportError:
            return False  # not up yet
        return bool(status["importer"]["scans"])

    def run(self, dag_id: str, run_id: str) -> None:
        """Trigger a run and wait for its end. Raises CalledProcessError if it failed."""
        subprocess.run(
            [GOFLOW, "dags", "trigger", dag_id, "--run-id", run_id, "--wait"],
            check=True, env=self.variables, stdout=subprocess.DEVNULL, timeout=RUN_LIMIT_S,
        )  # fmt: skip

    def rows(self, dag_id: str, run_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        run = next(run for run in self.ask("runs", "list", dag_id) if run["run_id"] == run_id)
        return run, self.ask("tasks", "list", dag_id, run_id)


def measure(folders: Mapping[str, Path], work: Path, repeats: int, backend: str) -> dict[str, float]:
    """The figures of those parts for which there are FOLDERS, by the keys of MEASURES. BACKEND is `local` or
    `kubernetes`, on the test cluster."""
    found: dict[str, float] = {}
    for part in IMPORTS:
        if part in folders:
            seen = [_imports(folders[part], work / f"{part}-{number}") for number in range(repeats)]
            found |= import_figures(part, medians(seen))
    if "runs" in folders:
        with cluster_settings(backend) as settings:
            found |= _runs(folders["runs"], work / "run", repeats, backend, settings)
    return found


def _imports(folder: Path, work: Path) -> dict[str, float]:
    """Seconds from the start of `goflow daemon` until its importer has taken the folder; new DAGs are paused there."""
    empty = work / "empty"
    empty.mkdir(parents=True)

    def seconds(dags: Path, home: str) -> tuple[float, int]:
        began = time.monotonic()
        with daemon_with(["daemon"], variables_of(work / home, dags) | {"GOFLOW_BACKEND": "local"}) as daemon:
            wait_until(daemon.has_scanned, RUN_LIMIT_S, "the importer's first scan", POLL_S)
            return time.monotonic() - began, len(daemon.ask("dags", "list"))

    startup, _ = seconds(empty, "empty-home")
    cold, dags = seconds(folder, "home")
    again, _ = seconds(folder, "home")
    return {"startup": startup, "cold": cold, "again": again, "dags": float(dags)}


def _runs(folder: Path, work: Path, repeats: int, backend: str, settings: Mapping[str, str]) -> dict[str, float]:
    variables = variables_of(work / "home", folder) | dict(settings)
    command = ["standalone", "--dags", str(folder), "--backend", backend, "--port", variables["GOFLOW_API_PORT"]]
    with daemon_with(command, variables) as daemon:
        wait_until(daemon.has_scanned, RUN_LIMIT_S, "the DAGs to be read")
        return measure_runs(daemon, repeats)


def variables_of(home: Path, dags: Path) -> dict[str, str]:
    """The environment of a daemon with HOME, which is made, and the folder DAGS."""
    home.mkdir(parents=True, exist_ok=True)
    return dict(os.environ) | {
        "GOFLOW_HOME": str(home),
        "GOFLOW_DAGS_FOLDER": str(dags),
        "GOFLOW_API_PORT": str(free_port()),
        "GOFLOW_API_TOKEN": secrets.token_hex(16),
        "GOFLOW_TASK_API_PORT": "0",
    }


@contextmanager
def daemon_with(arguments: list[str], variables: Mapping[str, str]) -> Iterator[GoFlow]:
    """`goflow ARGUMENTS` with those VARIABLES, as long as the block runs. Where that fails, the end of its
    log is shown."""
    home = Path(variables["GOFLOW_HOME"])
    api = httpx.Client(
        base_url=f"http://127.0.0.1:{variables['GOFLOW_API_PORT']}",
        headers={"Authorization": f"Bearer {variables['GOFLOW_API_TOKEN']}"},
    )
    with (home / "bench.log").open("ab") as log:
        process = subprocess.Popen([GOFLOW, *arguments], env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        yield GoFlow(process, variables, api)
    except BaseException:
        print("".join((home / "bench.log").read_text().splitlines(keepends=True)[-LOG_LINES:]), file=sys.stderr)
        raise
    finally:
        api.close()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ask(variables: Mapping[str, str], *arguments: str) -> Any:
    command = [str(GOFLOW), *arguments, "--json"]
    answer = subprocess.run(command, check=True, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(answer.stdout)
