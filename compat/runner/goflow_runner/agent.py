"""One launch, from claim to finish.

The agent is the container's first process (on the local backend a process in a session of its own). It claims the
launch, puts the DAG folder in place, runs the task as a child, passes signals on to it, ships its output and tells the
end. It never imports user code itself: a task that crashes its interpreter still gets its log and its end told.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from goflow_runner import command
from goflow_runner.client import RefusedError, ServerAwayError, TaskClient
from goflow_runner.output import Output
from goflow_runner.wire import EXIT_NO_SERVER, EXIT_NOT_CLAIMED, Finish, OutcomeInfo, TaskInput

KILL_AFTER_S = 25.0
"""From SIGTERM to SIGKILL for the task, five seconds less than Kubernetes' default grace period of 30."""
TIMEOUT_MARGIN_S = 30.0
"""The task enforces its execution_timeout itself, so that on_kill runs; the agent steps in this much later."""
TERMINATION_LOG = Path("/dev/termination-log")
LONGEST_TERMINATION = 4000
"""Bytes: Kubernetes keeps 4,096 of a termination message."""


@dataclass
class Attempt:
    """What the agent holds while a task runs."""

    task: TaskInput
    client: TaskClient
    output: Output
    work_dir: Path
    environment: dict[str, str]
    child: int = 0
    terminated: bool = False
    timed_out: bool = False
    kill_at: float | None = None
    result_is_last_line: bool = False


def run(
    launch_id: str,
    environment: Mapping[str, str],
    *,
    claimant: str,
    work_dir: Path,
    execute_python: Callable[[Attempt], int],
) -> int:
    """Run the launch to its end; the exit code for the container.

    EXECUTE_PYTHON starts a child process that runs the task through the shim and gives back its pid; it differs between
    a container (a fork of this process) and the local backend's zygote, which has imported the shim already.
    """
    client = TaskClient.from_environment(launch_id, environment)
    try:
        task = client.claim(claimant)
    except RefusedError as refusal:
        if refusal.status in {409, 410}:
            return EXIT_NOT_CLAIMED
        _leave_word({"state": "failed", "reason": "Refused", "message": str(refusal)})
        return 1
    except ServerAwayError as problem:
        _leave_word({"state": "failed", "reason": "NoServer", "message": str(problem)})
        return EXIT_NO_SERVER
    work_dir.mkdir(parents=True, exist_ok=True)
    output = Output(work_dir / "output.jsonl", client)
    given = {**environment, **task["environment"]}
    given.setdefault("AIRFLOW_HOME", str(work_dir / "airflow"))  # Airflow always sets it, and commands rely on it
    attempt = Attempt(task, client, output, work_dir, given)
    restore = _pass_signals_on(attempt)
    started = time.monotonic()
    try:
        outcome = _run_task(attempt, execute_python)
    except Exception as problem:  # the runner's own failure is the attempt's, told in words
        output.say(f"the runner failed: {type(problem).__name__}: {problem}")
        outcome = {"state": "failed", "reason": "Runner", "message": f"{type(problem).__name__}: {problem}"}
    restore()
    outcome["usage"] = _usage(time.monotonic() - started)
    return _tell(attempt, outcome)


def _run_task(attempt: Attempt, execute_python: Callable[[Attempt], int]) -> OutcomeInfo:
    plain = command.plain_command(attempt.task)
    if plain is not None:
        attempt.child = command.start(plain, attempt.task, attempt.environment, attempt.output.fd, attempt.work_dir)
        attempt.output.start()
        return command.outcome(plain, _wait(attempt), attempt)
    attempt.child = execute_python(attempt)
    attempt.output.start()  # after the fork: a thread that holds a lock meanwhile would leave it locked in the child
    code = _wait(attempt)
    told = attempt.work_dir / "outcome.json"
    if told.exists():
        outcome = cast(OutcomeInfo, json.loads(told.read_text(encoding="utf-8")))
        outcome.setdefault("exit_code", code)
        if attempt.terminated and outcome["state"] != "success":
            outcome["reason"] = "Terminated"
        return outcome
    return command.died(code, attempt.terminated, attempt.timed_out)


def _wait(attempt: Attempt) -> int:
    """The child's exit code (negative: the signal that ended it), after SIGKILL where SIGTERM was not enough."""
    limit = attempt.task["task"].get("execution_timeout")
    deadline = time.monotonic() + limit + TIMEOUT_MARGIN_S if limit else None
    if isinstance(limit, int | float) and command.plain_command(attempt.task) is not None:
        deadline = time.monotonic() + limit  # nothing inside a plain command watches the clock
    pidfd = os.pidfd_open(attempt.child)
    try:
        while True:
            with contextlib.suppress(InterruptedError):
                _ready(pidfd, _pause(deadline, attempt.kill_at))
            pid, status = os.waitpid(attempt.child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            now = time.monotonic()
            if attempt.kill_at is not None and now >= attempt.kill_at:
                _signal_group(attempt.child, signal.SIGKILL)
                attempt.kill_at = now + 5
            if deadline is not None and now >= deadline:
                attempt.timed_out, deadline = True, None
                attempt.output.say(f"execution_timeout of {limit} s is over: the task is told to stop")
                _signal_group(attempt.child, signal.SIGTERM)
                attempt.kill_at = now + KILL_AFTER_S
    finally:
        os.close(pidfd)


def _ready(pidfd: int, timeout: float) -> None:
    import select

    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    poller.poll(timeout * 1000)


def _pause(*moments: float | None) -> float:
    """Seconds until the nearest of MOMENTS, at most five: signals come in between and change them."""
    now = time.monotonic()
    return max(0.0, min([5.0, *(moment - now for moment in moments if moment is not None)]))


def _pass_signals_on(attempt: Attempt) -> Callable[[], None]:
    """SIGTERM and SIGINT go to the task's process group; the end is told as ``Terminated``."""

    def pass_on(number: int, _frame: object) -> None:
        attempt.terminated = True
        attempt.kill_at = time.monotonic() + KILL_AFTER_S
        if attempt.child:
            _signal_group(attempt.child, signal.SIGTERM)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _usage(wall_s: float) -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 6),
        "max_rss_bytes": used.ru_maxrss * 1024,
        "wall_seconds": round(wall_s, 6),
    }


def _tell(attempt: Attempt, outcome: OutcomeInfo) -> int:
    """Tell the end: to the termination message first, since that needs no server, then to the server."""
    lines = attempt.output.close()
    report = attempt.work_dir / "report.json"
    finish: Finish = cast(Finish, json.loads(report.read_text(encoding="utf-8"))) if report.exists() else {}
    if attempt.result_is_last_line:
        finish["xcoms"] = [{"key": "return_value", "value": attempt.output.last_line.rstrip(), "length": None}]
    finish["outcome"] = outcome
    finish["lines"] = lines
    _write_atomically(attempt.work_dir / "finish.json", finish)
    _leave_word({**outcome, **{key: value for key, value in finish.items() if key == "xcoms"}})
    try:
        attempt.client.finish(finish)
    except RefusedError as refusal:
        if refusal.status != 409:  # 409: the end was decided elsewhere meanwhile
            return EXIT_NO_SERVER
    except ServerAwayError:
        return EXIT_NO_SERVER
    if outcome["state"] in {"success", "skipped", "up_for_reschedule", "deferred"}:
        return 0
    code = outcome.get("exit_code")
    return code if isinstance(code, int) and 0 < code < 126 else 1


def _leave_word(word: Mapping[str, Any]) -> None:
    """Leave WORD in the container's termination message, cut of its results when it is too long for that."""
    if not TERMINATION_LOG.exists():
        return
    text = json.dumps(word)
    if len(text.encode()) > LONGEST_TERMINATION:
        text = json.dumps({key: word[key] for key in word if key in {"state", "reason", "retry", "exit_code"}})
    with contextlib.suppress(OSError):
        TERMINATION_LOG.write_text(text, encoding="utf-8")


def _write_atomically(path: Path, value: object) -> None:
    staging = path.with_suffix(".new")
    staging.write_text(json.dumps(value), encoding="utf-8")
    staging.replace(path)
