"""A task that runs in the image's own Airflow: its supervisor as the attempt's child, in place of the shim.

The supervisor is started as an executor of Airflow's starts it in a container: with a workload in JSON. Its Execution
API is the attempt's `relay`; the DAG folder, as it was, is its one DAG bundle. What it tells there is the word about
how the task ended; here its exit and its output are looked after.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goflow_runner import command, processes
from goflow_runner.airflow_lines import Lines
from goflow_runner.folder import materialise
from goflow_runner.relay import Relay
from goflow_runner.wire import HITL_TRIGGER, DeferralInfo, FolderInfo, OutcomeInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from goflow_runner.agent import Attempt

BUNDLE = "goflow"
MODULE = "airflow.sdk.execution_time.execute_workload"
LONGEST_CALL_S = 86_400
"""Seconds that Airflow's client waits for the relay, which has a patience of its own."""


def run(attempt: Attempt, wait: Callable[[Attempt, float], int], margin_s: float) -> OutcomeInfo:
    """Run the task to its end. WAIT gives the child's exit code, its execution_timeout enforced MARGIN_S late: Airflow
    enforces it itself."""
    info = attempt.task["airflow"]
    assert info is not None
    client = attempt.client.another()
    folder = materialise(attempt.task["folder"], client, attempt.work_dir)
    relay = Relay(client, lambda: attempt.stop.told)
    relay.start()
    try:
        lines = Lines()
        attempt.output.translate = lines.line
        python = info["python"] or "python"
        if shutil.which(python, path=attempt.environment.get("PATH")) is None:
            return _no_airflow(f"there is no {python}")
        arguments = [python, "-m", MODULE, "--json-path", str(_workload(attempt, relay))]
        child = _start(arguments, attempt, _environment(attempt, folder, relay))
        attempt.stop.task_begins(child)
        attempt.output.start()
        code = wait(attempt, margin_s)
        attempt.output.drain()
        if lines.has_no_airflow:
            return _no_airflow(f"{python} has no Airflow 3")
        return _outcome(attempt, relay.word, code, lines.last_error)
    finally:
        relay.stop()
        client.close()


def _start(arguments: list[str], attempt: Attempt, environment: Mapping[str, str]) -> int:
    process = subprocess.Popen(  # noqa: S603 - Airflow, in the image that the author named
        arguments,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=attempt.output.fd,
        stderr=attempt.output.fd,
        **processes.as_group_leader(),
    )
    process.returncode = 0  # the agent waits for the pid itself; without this Popen would complain when it is dropped
    return process.pid


def _workload(attempt: Attempt, relay: Relay) -> Path:
    """The file that has the workload, its token in it: the relay's, which is good for nothing elsewhere."""
    info = attempt.task["airflow"]
    assert info is not None
    path = attempt.work_dir / "workload.json"
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({**info["workload"], "token": relay.secret}, file)
    return path


def _environment(attempt: Attempt, folder: Path, relay: Relay) -> dict[str, str]:
    """The attempt's environment with what Airflow is to know: the relay, and the folder as its DAG bundle."""
    bundle = {
        "name": BUNDLE,
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(folder), "refresh_interval": 0},
    }
    made = {
        **attempt.environment,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": relay.url,
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": str(LONGEST_CALL_S),
        "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "1000000",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    made.setdefault("USER", _user_name())  # Airflow refuses to run as somebody without a name
    made.setdefault("AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL", "1")  # only then it sees that its task has ended
    made.setdefault("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(attempt.work_dir / "airflow-logs"))
    made.setdefault("PYTHONDONTWRITEBYTECODE", "1")  # the folder is shared by attempts, and stays what it was
    made.setdefault("PYTHONUNBUFFERED", "1")
    roots = _roots(attempt.task["folder"], str(folder))
    if roots:
        made["PYTHONPATH"] = os.pathsep.join([*roots, *filter(None, [made.get("PYTHONPATH")])])
    return made


def _user_name() -> str:
    """Who this is; a pod may run as any number."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "airflow"


def _roots(info: FolderInfo, folder: str) -> list[str]:
    """The import roots where they lie here: in FOLDER or beside it."""
    prefix = info["path"].rstrip("/")
    inside = [(root, root == prefix or root.startswith(f"{prefix}/")) for root in info["import_roots"]]
    return [folder + root[len(prefix) :] if here else root for root, here in inside]


def _outcome(attempt: Attempt, word: Mapping[str, Any] | None, code: int, error: str) -> OutcomeInfo:
    """What the server is told once more at the end, and what the termination message holds: it knows it already, unless
    it was away for too long. An exit without a word is no success: Airflow tells that one itself."""
    state = (word or {}).get("state")
    if attempt.timed_out or (attempt.terminated and state != "success"):
        return {**command.died(code, attempt), "called_back": state is not None}
    match state:
        case "success" | "skipped":
            return {"state": state, "exit_code": code}
        case "failed" | "up_for_retry":
            message = error or "the task failed; its log says why"
            told: OutcomeInfo = {
                "state": "failed",
                "reason": "Exception",
                "message": message,
                "retry": state == "up_for_retry",
                "called_back": True,
                "exit_code": code,
            }
            delay = (word or {}).get("retry_delay_seconds")
            return told if delay is None else {**told, "retry_delay_s": delay}
        case "up_for_reschedule":
            assert word is not None
            return {"state": state, "reschedule_at": word.get("reschedule_date"), "exit_code": code}
        case "deferred" | "awaiting_input":
            assert word is not None
            return {"state": "deferred", "deferral": _deferral(word), "exit_code": code}
    if code:
        return command.died(code, attempt)
    message = error or "Airflow's supervisor ended without a word about its task; the log says why"
    return {"state": "failed", "reason": "NoWord", "message": message, "exit_code": code}


def _deferral(word: Mapping[str, Any]) -> DeferralInfo:
    """What the task waits for, by the supervisor's WORD: a trigger (``TIDeferredStatePayload``) or a person
    (``TIAwaitingInputStatePayload``)."""
    asks = word["state"] == "awaiting_input"
    return {
        "classpath": HITL_TRIGGER if asks else word["classpath"],
        "kwargs": {} if asks else word.get("trigger_kwargs") or {},
        "next_method": word["next_method"],
        "next_kwargs": word.get("next_kwargs") or {},
        "timeout_s": seconds(word.get("timeout" if asks else "trigger_timeout")),
        "from_folder": not asks,
        "encoding": "airflow",
    }


def seconds(told: str | float | None) -> float | None:
    """A duration as Airflow's client writes it: in ISO 8601, a year of 365 days (pydantic's ``timedelta``)."""
    if not isinstance(told, str):
        return told
    found = _DURATION.fullmatch(told)
    if found is None:
        raise ValueError(f"{told!r} is no duration")
    parts = zip((31_536_000, 86_400, 3_600, 60, 1), found.groups()[1:], strict=True)
    return (-1 if found[1] else 1) * sum(unit * float(number or 0) for unit, number in parts)


_DURATION = re.compile(r"(-)?P(?:(\d+)Y)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def _no_airflow(why: str) -> OutcomeInfo:
    message = f"{why}: runtime: airflow needs an image with Airflow 3, or in goflow.yaml a `python` that has it"
    return {"state": "failed", "reason": "NoAirflow", "message": message, "retry": False}
