"""A running Airflow 3: API server, scheduler with the LocalExecutor, DAG processor and triggerer on PostgreSQL."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.oracle.environments import Environment
from tests.oracle.postgres import free_port, postgres

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
START_LIMIT_S = 600.0
STOP_LIMIT_S = 30.0
ENDED = ("success", "failed")
T = TypeVar("T")


@dataclass
class Airflow:
    """The processes of one installation, and its REST API."""

    api: httpx.Client
    variables: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def dags(self) -> set[str]:
        """The ids of the DAGs that have been read and stored."""
        return {dag["dag_id"] for dag in self._pages("/api/v2/dags", "dags")}

    def unpause(self, dag_id: str) -> None:
        self.api.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False}).raise_for_status()

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Create a manual run now, as the page's button does."""
        body = {"dag_run_id": run_id, "logical_date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        self.api.post(f"/api/v2/dags/{dag_id}/dagRuns", json=body).raise_for_status()

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        return self._pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs")

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        answer = self.api.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}").raise_for_status()
        run: dict[str, Any] = answer.json()
        return run

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return self._pages(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")

    def wait_for_run(self, dag_id: str, run_id: str, limit_s: float) -> dict[str, Any]:
        """The run, once it has ended. Asks seldom: a busy API server serves its tasks first. Raises TimeoutError."""

        def ended() -> dict[str, Any] | None:
            with suppress(httpx.TimeoutException):
                run = self.run(dag_id, run_id)
                return run if run["state"] in ENDED else None
            return None

        return wait_until(ended, limit_s, f"the end of {dag_id} {run_id}", every_s=1.0)

    def start(self, component: str, executable: Path, log: Path) -> None:
        """Start one of COMPONENTS in a process group of its own."""
        with log.open("ab") as out:
            self.processes[component] = subprocess.Popen(
                [executable, component],
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End every process that was started, and what each of them started."""
        for process in self.processes.values():
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_LIMIT_S
        for process in self.processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()
            _signal_group(process, signal.SIGKILL)  # what its parent left behind

    def _pages(self, path: str, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            answer = self.api.get(path, params={"limit": 100, "offset": len(found)}).raise_for_status().json()
            found += answer[key]
            if not answer[key] or len(found) >= answer["total_entries"]:
                return found


@contextmanager
def airflow(
    installed: Environment, dags: Path, work: Path, settings: Mapping[str, str], start: bool = True
) -> Iterator[Airflow]:
    """Run Airflow on the DAG folder DAGS with its home, logs and database below WORK, and end it.

    SETTINGS are further environment variables. Everything that they and the necessary ones do not name is Airflow's
    default. With START false only PostgreSQL runs, and the caller starts components.
    """
    work.mkdir(parents=True, exist_ok=True)
    with postgres(work / "postgres") as (server, address):
        variables = _variables(installed, dags, work, address) | dict(settings)
        subprocess.run([installed.airflow, "db", "migrate"], check=True, capture_output=True, env=variables)
        api = httpx.Client(base_url=variables["AIRFLOW__API__BASE_URL"], timeout=30)
        running = Airflow(api, variables, {})
        try:
            if start:
                for component in COMPONENTS:
                    running.start(component, installed.airflow, work / f"{component}.log")
                wait_until_healthy(running)
            running.processes["postgres"] = server
            yield running
        finally:
            running.processes.pop("postgres", None)
            running.stop()
            api.close()


def wait_until_healthy(running: Airflow) -> None:
    """Wait until the API answers and every component has reported, and sign in."""

    def healthy() -> bool:
        try:
            parts = running.api.get("/api/v2/monitor/health").raise_for_status().json()
        except httpx.HTTPError:
            return False
        return all(parts[name]["status"] == "healthy" for name in ("scheduler", "dag_processor", "triggerer"))

    wait_until(healthy, START_LIMIT_S, "Airflow's components to be healthy")
    token = running.api.get("/auth/token").raise_for_status().json()["access_token"]
    running.api.headers["Authorization"] = f"Bearer {token}"


def wait_until(look: Callable[[], T | None], limit_s: float, what: str, every_s: float = 0.2) -> T:
    """What LOOK gives as soon as that is true. Raises TimeoutError, naming WHAT was waited for, after LIMIT_S."""
    deadline = time.monotonic() + limit_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit_s:.0f} s for {what}")
        time.sleep(every_s)
    return found


def _variables(installed: Environment, dags: Path, work: Path, address: str) -> dict[str, str]:
    """The environment of every component: nothing of the caller's Airflow settings, one address, one database."""
    url = f"http://127.0.0.1:{free_port()}"
    passed = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return passed | {
        "PATH": f"{installed.root / 'bin'}:{os.environ.get('PATH', '')}",
        "AIRFLOW_HOME": str(work / "home"),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": url.rsplit(":", 1)[1],
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": urlsafe_b64encode(os.urandom(32)).decode(),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{address}/postgres",
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
    }


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
