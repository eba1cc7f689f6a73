"""The result of a container that is not ours: what it wrote to ``/airflow/xcom/return.json`` is sent at its end."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from goflow_runner.client import RefusedError, ServerAwayError, TaskClient
from goflow_runner.wire import ENV_LAUNCH


def serve(path: Path, *, multiple_outputs: bool = False) -> int:
    """Wait for SIGTERM, which Kubernetes sends to a sidecar when the main container has ended; then send PATH, with
    MULTIPLE_OUTPUTS each key of the map in it as a result of its own as well.

    0 when the result is stored or there is none, 1 when it is no JSON, 96 when the server stayed away.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    except ValueError as problem:
        print(f"{path} is no JSON: {problem}", file=sys.stderr)
        return 1
    client = TaskClient.from_environment(os.environ[ENV_LAUNCH])
    client.patience_s = 25.0
    found = dict(value) if multiple_outputs and isinstance(value, dict) else {}
    try:
        client.report(xcoms=[_result(key, inner) for key, inner in {**found, "return_value": value}.items()])
    except (RefusedError, ServerAwayError) as problem:
        print(f"the result was not stored: {problem}", file=sys.stderr)
        return 96
    return 0


def _result(key: str, value: Any) -> Any:
    length = len(value) if isinstance(value, list | dict) else None
    return {"key": key, "value": value, "length": length}
