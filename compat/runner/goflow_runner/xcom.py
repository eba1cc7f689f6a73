"""The result of a container that is not ours: what it wrote to ``/airflow/xcom/return.json`` is sent at its end."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from goflow_runner import results
from goflow_runner.client import RefusedError, ServerAwayError, TaskClient
from goflow_runner.wire import ENV_LAUNCH, ENV_RESULTS, XComValue


def serve(path: Path, *, multiple_outputs: bool = False) -> int:
    """Wait for SIGTERM, which Kubernetes sends to a sidecar when the main container has ended; then send PATH, with
    MULTIPLE_OUTPUTS each key of the map in it as a result of its own as well.

    0 when the result is stored or there is none; 1 when it cannot be one (it is no JSON, or larger than the daemon's
    settings allow), which the server is told as the task's failure; 96 when the server stayed away.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return 0
    if not text.strip():  # as Airflow's own sidecar takes it
        return 0
    client = TaskClient.from_environment(os.environ[ENV_LAUNCH])
    client.patience_s = 25.0
    try:
        try:
            client.report(xcoms=_results(text, multiple_outputs))
        except (_NoJsonError, results.ResultTooLarge, RuntimeError, OSError) as problem:
            words = f"{path} cannot be the task's result: {problem}"
            print(words, file=sys.stderr)
            client.finish({"outcome": {"state": "failed", "reason": "Result", "message": words}})
            return 1
    except (RefusedError, ServerAwayError) as problem:
        print(f"the result was not stored: {problem}", file=sys.stderr)
        return 96
    return 0


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
