"""Tasks that are one command and nothing else: started as they are, without Python, shim or DAG file.

A native YAML task is one, and so is a BashOperator whose fields hold no template, no hole and nothing of its author's
Python. Everything else goes through the shim.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from goflow_runner import processes
from goflow_runner.wire import OutcomeInfo, TaskInput

if TYPE_CHECKING:
    from goflow_runner.agent import Attempt

BASH_OPERATOR = "airflow.providers.standard.operators.bash.BashOperator"
NATIVE_OPERATOR = "goflow.native"
_PLAIN_ARGUMENTS = frozenset({"bash_command", "env", "append_env", "cwd", "skip_on_exit_code", "output_encoding"})
_TEMPLATE_MARKS = ("{{", "{%", "{#")


class PlainCommand(NamedTuple):
    """What to start: ARGV in CWD with ENVIRONMENT (None: the container's own); which exit codes mean *skipped*."""

    argv: list[str]
    cwd: str | None = None
    environment: Mapping[str, str] | None = None
    append: bool = True
    skip_codes: tuple[int, ...] = ()
    result: bool = False
    """Whether the last line of output is the task's result, as BashOperator's is."""


def plain_command(task: TaskInput) -> PlainCommand | None:
    """The command that is all of TASK; None when the shim is needed."""
    spec = task["task"]
    if spec.get("operator_path") == NATIVE_OPERATOR:
        native = spec.get("native") or {}
        words = [str(word) for word in native.get("Command") or []]
        return PlainCommand(words, environment=native.get("Env") or {}) if words else None
    if spec.get("operator_path") != BASH_OPERATOR or spec.get("mapped") or spec.get("callbacks"):
        return None
    if task.get("dialect") == "airflow2" and (spec.get("inlets") or spec.get("outlets")):
        return None  # they are results there
    arguments = {**(spec.get("arguments") or {}), **(spec.get("fields") or {})}
    if not _is_plain(arguments):
        return None
    skip = arguments.get("skip_on_exit_code", 99)
    return PlainCommand(
        [shutil.which("bash") or "bash", "-c", arguments["bash_command"]],
        cwd=arguments.get("cwd"),
        environment=arguments.get("env"),
        append=bool(arguments.get("append_env", False)) or not arguments.get("env"),
        skip_codes=tuple(skip) if isinstance(skip, list) else (() if skip is None else (int(skip),)),
        result=spec.get("do_xcom_push", True) is not False,
    )


def start(plain: PlainCommand, task: TaskInput, environment: Mapping[str, str], output_fd: int, work_dir: Path) -> int:
    """Start it as the leader of a process group of its own, its output into OUTPUT_FD; its pid."""
    variables = dict(environment) if plain.append else {}
    variables.update({key: str(value) for key, value in (plain.environment or {}).items()})
    variables.update(airflow_variables(task))
    scratch = plain.cwd
    if scratch is None:
        scratch = str(work_dir / "tmp")
        os.makedirs(scratch, exist_ok=True)
    process = subprocess.Popen(  # noqa: S603 - running the author's command is what this is for
        plain.argv,
        cwd=scratch,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=output_fd,
        stderr=output_fd,
        **processes.as_group_leader(),
    )
    process.returncode = 0  # the agent waits for the pid itself; without this Popen would complain when it is dropped
    return process.pid


def outcome(plain: PlainCommand, code: int, attempt: Attempt) -> OutcomeInfo:
    """What the exit code means (BashOperator.execute); the result is reported on the way. Airflow knows a signal that
    ended the command as a negative code, shells as 128 and more.

    Of a command that was told to stop no code means more than that, not even 0: it has not done all that it should.
    """
    if attempt.timed_out or attempt.terminated:
        return died(code, attempt)
    if code in plain.skip_codes:
        shown = code if code >= 0 else 128 - code
        return {"state": "skipped", "exit_code": shown, "reason": "BashExit", "message": f"exit code {code} means skip"}
    if code < 0:
        return died(code, attempt)
    if code == 0:
        attempt.result_is_last_line = plain.result
        return {"state": "success", "exit_code": 0}
    return {
        "state": "failed",
        "exit_code": code,
        "reason": "Exit",
        "message": f"The command returned a non-zero exit code {code}.",
    }


def died(code: int, attempt: Attempt) -> OutcomeInfo:
    """The outcome of a process that ended without a word of its own."""
    shown = code if code >= 0 else 128 - code
    if attempt.timed_out:
        message = f"Timeout, PID: {attempt.stop.child}"  # as Airflow's AirflowTaskTimeout says it
        return {"state": "failed", "exit_code": shown, "reason": "Timeout", "message": message}
    if attempt.terminated:
        return {"state": "failed", "exit_code": shown, "reason": "Terminated", "message": "the task was told to stop"}
    if code < 0:
        message = f"the process was ended by {signal_name(-code)} (exit code {shown})"
        if -code == signal.SIGKILL:
            message += ": killed from outside, or out of memory"
        return {"state": "failed", "exit_code": shown, "reason": "Signal", "message": message}
    return {"state": "failed", "exit_code": code, "reason": "Exit", "message": f"the process ended with code {code}"}


def signal_name(number: int) -> str:
    """``SIGKILL`` and the like; real-time signals have no names of their own."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def airflow_variables(task: TaskInput) -> dict[str, str]:
    """``AIRFLOW_CTX_*``, as Airflow's ``context_to_airflow_vars`` names them."""
    run, dag = task["run"], task["dag"]
    owners = dag.get("owners") or [task["task"].get("owner", "airflow")]
    found = {
        "AIRFLOW_CTX_DAG_OWNER": ",".join(str(owner) for owner in owners),
        "AIRFLOW_CTX_DAG_ID": task["dag_id"],
        "AIRFLOW_CTX_TASK_ID": task["task_id"],
        "AIRFLOW_CTX_LOGICAL_DATE": run["logical_date"],
        "AIRFLOW_CTX_TRY_NUMBER": str(task["try_number"]),
        "AIRFLOW_CTX_DAG_RUN_ID": task["run_id"],
    }
    if task["dialect"] == "airflow2":
        found["AIRFLOW_CTX_EXECUTION_DATE"] = run["logical_date"]
    return {name: value for name, value in found.items() if value}


def _is_plain(arguments: Mapping[str, Any]) -> bool:
    """Whether nothing but literal values of known arguments is there: no template, hole, file or Python object."""
    if any(value not in (None, [], {}) for key, value in arguments.items() if key not in _PLAIN_ARGUMENTS):
        return False
    bash, env = arguments.get("bash_command"), arguments.get("env")
    if not isinstance(bash, str) or bash.endswith((".sh", ".bash")) or _has_marks(bash):
        return False
    if env is not None and not (isinstance(env, dict) and all(_is_text(inner) for inner in env.values())):
        return False
    if str(arguments.get("output_encoding") or "utf-8").lower() not in {"utf-8", "utf8"}:
        return False
    cwd = arguments.get("cwd")
    return cwd is None or _is_text(cwd)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not _has_marks(value)


def _has_marks(text: str) -> bool:
    return any(mark in text for mark in _TEMPLATE_MARKS)
