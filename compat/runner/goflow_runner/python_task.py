"""A task that needs Python: a child process in which the shim imports the DAG file and executes the one task."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from goflow_runner import interpreters
from goflow_runner.agent import TERMINATION_LOG, Attempt
from goflow_runner.client import PATIENCE_S
from goflow_runner.folder import materialise
from goflow_runner.room import when_there_is_room
from goflow_runner.wire import OutcomeInfo


def fork(attempt: Attempt) -> int:
    """Start the task as a fork of this process, or as a fresh interpreter where its environment asks for one; its pid.

    A fork is there in a millisecond with everything that is imported already; but variables such as PYTHONPATH and
    LD_PRELOAD are read only when an interpreter starts.
    """
    stops = {signal.SIGTERM, signal.SIGINT}
    held = signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # until each of the two processes has its own handlers
    pid = os.fork()
    if pid:
        with contextlib.suppress(PermissionError, ProcessLookupError):  # the child does it too: whoever comes first
            os.setpgid(pid, pid)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        return pid
    code = 70
    try:
        os.setpgid(0, 0)
        for number in stops:
            signal.signal(number, signal.SIG_DFL)  # SIGINT too, as in Airflow's own task processes
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        _redirect(attempt.output.fd)
        if interpreters.needs_new(attempt.task["environment"]):
            _become_new_interpreter(attempt)
        os.environ.clear()
        os.environ.update(attempt.environment)
        code = execute(attempt)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def execute(attempt: Attempt) -> int:
    """Run the task in this process through the shim; its outcome goes to ``outcome.json``."""
    outcome = _execute(attempt)
    staging = attempt.work_dir / "outcome.json.new"

    def tell() -> None:
        staging.write_text(json.dumps(outcome), encoding="utf-8")
        staging.replace(attempt.work_dir / "outcome.json")

    _when_there_is_room(tell)
    return 0 if outcome["state"] != "failed" else 1


def _when_there_is_room(write: Callable[[], None]) -> None:
    """WRITE once there is room for it; the disk of a container is its own, and nobody makes room there. Raises
    OSError."""
    when_there_is_room(write, 0.0 if TERMINATION_LOG.exists() else PATIENCE_S)


def _execute(attempt: Attempt) -> OutcomeInfo:
    client = attempt.client.another()
    folder = materialise(attempt.task["folder"], client, attempt.work_dir)
    try:
        from airflow._goflow import execute as execute_in_shim  # type: ignore[import-untyped,unused-ignore]
    except ImportError as problem:
        message = f"this image has no goflow-airflow-shim ({problem}): install it beside goflow-runner"
        print(message)
        return {"state": "failed", "reason": "NoShim", "message": message, "retry": False}
    outcome: OutcomeInfo = execute_in_shim(attempt.task, client, folder)
    client.close()
    return outcome


class _Unbuffered(io.RawIOBase):
    """Writes to FD, all of it. What a signal's handler prints may come in the middle: a ``BufferedWriter`` would refuse
    it (RuntimeError, reentrant call), and with it the ``on_kill`` of a task that is told to stop while it prints."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        return self._fd

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def write(self, content: Any) -> int:
        left = memoryview(content).cast("B")
        size = len(left)
        while left:
            left = left[os.write(self._fd, left) :]
        return size


def _redirect(output_fd: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output_fd, 1)
    os.dup2(output_fd, 2)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    _print_unbuffered()


def _print_unbuffered() -> None:
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(_Unbuffered(fd), "utf-8", "backslashreplace", line_buffering=True)  # type: ignore[type-var]
        for fd in (1, 2)
    )


def _become_new_interpreter(attempt: Attempt) -> None:
    """Replace this child by ``python -m goflow_runner task``; what it needs lies in the attempt's folder.

    The DAG folder is put in place before: PYTHONPATH may lead into it.
    """
    client = attempt.client.another()
    materialise(attempt.task["folder"], client, attempt.work_dir)
    client.close()

    def write() -> None:
        (attempt.work_dir / "task.json").write_text(json.dumps(attempt.task), encoding="utf-8")

    _when_there_is_room(write)
    arguments = [sys.executable, "-m", "goflow_runner", "task", str(attempt.work_dir)]
    os.execve(sys.executable, arguments, attempt.environment)  # noqa: S606


def run_in_new_interpreter(work_dir: Path) -> int:
    """The other half of `_become_new_interpreter`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _print_unbuffered()
    from goflow_runner.client import TaskClient
    from goflow_runner.output import Output

    task = json.loads((work_dir / "task.json").read_text(encoding="utf-8"))
    client = TaskClient.from_environment(task["launch_id"])
    attempt = Attempt(task, client, Output(None, None), work_dir, dict(os.environ))
    return execute(attempt)
