"""The result of a container that is not ours: what it wrote to ``/airflow/xcom/return.json`` is sent at its end."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from goflow_runner.client import RefusedError, ServerAwayError, TaskClient
from goflow_runner.wire import ENV_LAUNCH


def serve(path: Path) -> int:
    """Wait for SIGTERM, which Kubernetes sends to a sidecar when the main container has ended; then send PATH.

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
    length = len(value) if isinstance(value, list | dict) else None
    try:
        client.report(xcoms=[{"key": "return_value", "value": value, "length": length}])
    except (RefusedError, ServerAwayError) as problem:
        print(f"the result was not stored: {problem}", file=sys.stderr)
        return 96
    return 0
