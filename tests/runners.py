"""The real task API on a SQLite store, and real runners that speak to it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from goflow_runner import wire

from goflow.domain.canonical import digest_bytes
from goflow.domain.runs import Launch, TaskInstance
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import LaunchState, RunState, RunType, TaskState
from goflow.domain.written import write_out
from goflow.executor.folders import FolderCache
from goflow.executor.tokens import TokenMint
from goflow.server.attempts import MintGuard
from goflow.server.listener import Listener
from goflow.server.task_api import TaskApi
from goflow.server.task_input import InputBuilder
from goflow.store import Store, blobs, launches, logs, recording, runs, tasks, transitions, xcoms
from goflow.store.rows import LogRow, NewTask
from tests.stores import schedule

BASH = "airflow.providers.standard.operators.bash.BashOperator"
PYTHON = "airflow.providers.standard.operators.python.PythonOperator"
LONGEST_WAIT_S = 30.0


def bash(task_id: str, command: str, **fields: Any) -> TaskSpec:
    """A BashOperator without templates."""
    arguments = fields.pop("arguments", {})
    return TaskSpec(
        task_id=task_id, operator="BashOperator", operator_path=BASH, fields={"bash_command": command},
        arguments=arguments, **fields,
    )  # fmt: skip


def python(task_id: str, operator: str = "PythonOperator", **fields: Any) -> TaskSpec:
    """An operator whose doing stands in the DAG file alone."""
    hole = {"$hole": {"reason": "a function", "line": 1, "column": 1, "when": "task"}}
    return TaskSpec(
        task_id=task_id, operator=operator, operator_path=PYTHON, arguments={"python_callable": hole}, **fields
    )


class Bell:
    """A FIFO in which a process says that it is there: ``echo > PATH``, or ``open(PATH, "w").close()``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDWR)

    def wait(self, size: int = 4096, limit_s: float = LONGEST_WAIT_S) -> str:
        """What was said; fails when nothing is for LIMIT_S seconds."""
        assert select.select([self._fd], [], [], limit_s)[0], f"nobody rang {self.path}"
        return os.read(self._fd, size).decode()

    def close(self) -> None:
        os.close(self._fd)


class TaskServer:
    """A task API over STORE, on any free port of this machine; it may go away and come back."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.mint = TokenMint(b"0123456789abcdef")
        self.api = TaskApi(store, MintGuard(self.mint), InputBuilder("/dags", FolderCache(store, folder / "folders")))
        self.address = folder / "task-api"
        self.listener = self._listen(0)
        self.python = sys.executable
        """What runs the runners."""

    def _listen(self, port: int) -> Listener:
        listener = Listener("task API", self.api.application, "127.0.0.1", port)
        listener.start()
        self.address.write_text(listener.url)
        return listener

    def stop(self) -> None:
        """Go away."""
        self.listener.stop()

    def leave(self) -> None:
        """Go away, and let nobody wait for it."""
        self.listener.stop(timeout_s=0)

    def come_back(self) -> None:
        """Listen again, elsewhere, as a daemon does that is started anew."""
        self.listener = self._listen(0)

    def launch(self, *specs: TaskSpec, dag_id: str = "d", file: str = "", run_id: str = "r", **fields: Any) -> Started:
        """A run of a DAG of SPECS, its first task queued with a launch."""
        spec = DagSpec(dag_id=dag_id, tasks=specs, **fields)
        content = textwrap.dedent(file).encode()
        with self.store.transaction() as tx:
            blobs.put_contents(tx, [content])
            manifest = blobs.manifest("/dags", {"f.py": (digest_bytes(content), len(content))})
            blobs.put_folder(tx, manifest)
            recorded = recording.record(
                tx,
                recording.Reading(
                    dag=write_out(spec), file_hash=digest_bytes(content), file_path="f.py", inputs={}, reader_version="1",
                    paused=False, folder_digest=manifest.digest,
                ),
            )  # fmt: skip
            run = runs.create(
                tx, dag_id=dag_id, run_id=run_id, run_type=RunType.MANUAL, run_after=tx.now(), logical_date=tx.now(),
                version_id=recorded.version.id, reading_id=recorded.reading_id, state=RunState.RUNNING, who="test",
            )  # fmt: skip
            made = tasks.create_many(tx, run, [NewTask(task_id=s.task_id, max_tries=s.retries) for s in specs])
        return self.queue(made[0])

    def queue(self, instance: TaskInstance) -> Started:
        """Give INSTANCE a launch."""
        with self.store.transaction() as tx:
            instance = tasks.get(tx, instance.id)
            planned = transitions.plan_launch(tx, schedule(tx, instance), backend="local", new_attempt=True)
            assert planned.launch is not None, planned.why
            transitions.advance_launch(tx, planned.launch.id, LaunchState.PLANNED, LaunchState.CREATED)
        return Started(self, planned.launch.id, instance.id)


@dataclasses.dataclass
class Started:
    """One launch, and what the store knows of it."""

    server: TaskServer
    id: str
    instance_id: int

    @property
    def folder(self) -> Path:
        return self.server.folder / "launches" / self.id

    def environment(self, **more: str) -> dict[str, str]:
        """What a backend gives a runner."""
        self.folder.mkdir(parents=True, exist_ok=True)
        token = self.folder / "token"
        token.write_text(self.server.mint.token(self.id))
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("GOFLOW_")},
            wire.ENV_API_URL: f"file:{self.server.address}",
            wire.ENV_LAUNCH: self.id,
            wire.ENV_TOKEN_FILE: str(token),
            wire.ENV_CLAIMANT: "me",
            wire.ENV_WORK_DIR: str(self.folder),
            **more,
        }

    def start(self, **more: str) -> subprocess.Popen[str]:
        """The runner, as a container would start it; KILL_AFTER_S as text: how patient it is with its task."""
        words = [sys.executable, "-m", "tests.integration.runner.drive"] if "KILL_AFTER_S" in more else None
        return subprocess.Popen(
            words or [self.server.python, "-m", "goflow_runner", "run"],
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, **more: str) -> int:
        """The runner's exit code; what it wrote itself is in ``said``."""
        return self.wait(self.start(**more))

    def wait(self, process: subprocess.Popen[str]) -> int:
        """Wait for the runner; it is killed when it does not end."""
        try:
            self.said, _ = process.communicate(timeout=LONGEST_WAIT_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode

    # What is stored --------------------------------------------------------------------------------------------

    @property
    def launch(self) -> Launch:
        with self.server.store.reading() as tx:
            return launches.get(tx, self.id)

    @property
    def instance(self) -> TaskInstance:
        with self.server.store.reading() as tx:
            return tasks.get(tx, self.instance_id)

    @property
    def state(self) -> TaskState:
        return self.instance.state

    @property
    def lines(self) -> list[LogRow]:
        """Every line that is stored, the runner's own included."""
        with self.server.store.reading() as tx:
            return logs.read(tx, self.id, limit=10_000_000)

    @property
    def output(self) -> list[str]:
        """The task's own lines."""
        return [line.text for line in self.lines if line.stream == "out"]

    @property
    def xcoms(self) -> dict[str, Any]:
        instance = self.instance
        with self.server.store.reading() as tx:
            return xcoms.of_task(tx, instance.dag_run_id, instance.task_id, instance.map_index)


@contextlib.contextmanager
def background(function: Any, *arguments: Any) -> Iterator[dict[str, Any]]:
    """FUNCTION in a thread; its answer is in what is given once the block ends."""
    out: dict[str, Any] = {}
    thread = threading.Thread(target=lambda: out.update(answer=function(*arguments)), daemon=True)
    thread.start()
    yield out
    thread.join(LONGEST_WAIT_S)
    assert not thread.is_alive()


@pytest.fixture
def server(sqlite_store: Store, tmp_path: Path) -> Iterator[TaskServer]:
    """A task API that listens."""
    made = TaskServer(sqlite_store, tmp_path)
    yield made
    made.leave()


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    """What a task rings when it has begun."""
    made = Bell(tmp_path / "bell")
    yield made
    made.close()
