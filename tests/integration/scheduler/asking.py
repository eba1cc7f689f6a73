"""Asking another Python: real Airflow's, or our own with the shim on its path, by a script beside these tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goflow.domain.spec import Dialect
from tests.oracle.environments import AIRFLOW_2, AIRFLOW_3, Release, environment
from tests.oracle.truth import airflow_home

HERE = Path(__file__).parent
AIRFLOWS = {Dialect.AIRFLOW2: AIRFLOW_2, Dialect.AIRFLOW3: AIRFLOW_3}


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


def told_by_airflow(release: Release, script: str, asked: Any, folder: Path, timeout: float = 1000) -> Any:
    """What SCRIPT answers to ASKED in an Airflow of RELEASE, which has FOLDER for its home and a new database there."""
    installed = environment(release)
    variables = airflow_home(installed)
    shutil.copy(Path(variables["AIRFLOW_HOME"]) / "airflow.db", folder)
    return told_by(installed.python, script, asked=asked, home=folder, variables=variables, timeout=timeout)
