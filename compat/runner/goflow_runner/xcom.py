"""The result of a container that is not ours: what it wrote to ``/airflow/xcom/return.json`` is sent at its end."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from goflow_runner import agent, log_lines, results
from goflow_runner.client import RefusedError, ServerAwayError, TaskClient
from goflow_runner.wire import ENV_LAUNCH, ENV_RESULTS, EXIT_NO_SERVER, RESULT_LINE, UnsentResult, XComValue

PATIENCE_S = 25.0
"""Seconds for which the server is asked again at the end: most pods have 30 before their containers are killed."""
OVER = ".over"
"""The file that is made when the main container has ended."""
LOOK_S = 0.5
"""How often it is looked for."""
SOON_S = 2.0
"""Seconds after which a result that no termination message has room for is written to the log as well."""


def serve(path: Path, *, multiple_outputs: bool = False) -> int:
    """Wait until the main container has ended: Kubernetes has `OVER` made beside PATH then, and sends SIGTERM, which a
    process that has only begun does not hear, since it is its container's first. Then send PATH, with MULTIPLE_OUTPUTS
    each key of the map in it as a result of its own as well.

    0 when the result is stored or there is none; 1 when it cannot be one (it is no JSON, or larger than the daemon's
    settings allow), which the server is told as the task's failure; 96 when the server stayed away. Until it has been
    told, the pod keeps what it would be told (`UnsentResult`): the daemon asks the pod before it believes the end.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    over = path.with_name(OVER)
    while signal.sigtimedwait({signal.SIGTERM, signal.SIGINT}, LOOK_S) is None and not over.exists():
        pass
    return send(path, multiple_outputs=multiple_outputs)


def send(path: Path, *, multiple_outputs: bool = False) -> int:
    """What `serve` does once told to stop."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return 0
    if not text.strip():  # as Airflow's own sidecar takes it
        return 0
    word: UnsentResult = {}
    try:
        word["xcoms"] = _results(text, multiple_outputs)
    except (_NoJsonError, results.ResultTooLarge, RuntimeError, OSError) as problem:
        word["failed"] = f"{path} cannot be the task's result: {problem}"
        print(word["failed"], file=sys.stderr)
    client = TaskClient.from_environment(os.environ[ENV_LAUNCH])
    is_kept = _keep(json.dumps(word))
    for patience_s in [PATIENCE_S] if is_kept else [SOON_S, PATIENCE_S - SOON_S]:
        client.patience_s = patience_s
        try:
            _tell(client, word)
            return 1 if "failed" in word else 0
        except (RefusedError, ServerAwayError) as problem:
            print(f"the result was not stored: {problem}", file=sys.stderr)
            if not is_kept:
                is_kept = _keep(json.dumps(_in_log(word)))
    return EXIT_NO_SERVER


def _tell(client: TaskClient, word: UnsentResult) -> None:
    if "failed" in word:
        client.finish({"outcome": {"state": "failed", "reason": "Result", "message": word["failed"]}})
    else:
        client.report(xcoms=word["xcoms"])


def _keep(word: str) -> bool:
    """Leave WORD in the container's termination message; false where it has no room for it."""
    if len(word) > agent.LONGEST_TERMINATION:
        return False
    if agent.TERMINATION_LOG.exists():
        agent.TERMINATION_LOG.write_text(word, encoding="utf-8")
    return True


def _in_log(word: UnsentResult) -> UnsentResult:
    """Write WORD to standard output, and tell that it is found there."""
    print(*log_lines.lines(word, RESULT_LINE), sep="\n", flush=True)
    return {"in_log": True}


class _NoJsonError(Exception):
    """A result's file is no JSON, and why"""


def _results(text: bytes, multiple_outputs: bool) -> list[XComValue]:
    """What TEXT leaves. Raises _NoJsonError, and what `results.kept` raises."""
    try:
        value = json.loads(text.decode("utf-8"))
    except ValueError as problem:
        raise _NoJsonError(f"it is no JSON: {problem}") from problem
    told = json.loads(os.environ.get(ENV_RESULTS) or "{}")
    found = dict(value) if multiple_outputs and isinstance(value, dict) else {}
    return [_result(key, inner, told) for key, inner in {**found, "return_value": value}.items()]


def _result(key: str, value: Any, told: dict[str, Any]) -> XComValue:
    length = len(value) if isinstance(value, list | dict) else None
    if told:
        value = results.kept(key, value, told["limits"], told["place"], os.environ[ENV_LAUNCH])
    return {"key": key, "value": value, "length": length}
