"""Asking another Python: real Airflow's, or our own with the shim on its path, by a script beside these tests."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def told_by(
    python: Path | str,
    script: str,
    *args: str,
    asked: Any = None,
    home: Path,
    folder: Path | None = None,
    variables: Mapping[str, str] = os.environ,
    timeout: float = 280,
) -> Any:
    """What SCRIPT, run by PYTHON in FOLDER with HOME for Airflow's, answers in JSON to ASKED; it has to end well."""
    ended = subprocess.run(
        [python, HERE / script, *args],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**variables, "AIRFLOW_HOME": str(home)},
        timeout=timeout,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout)
