"""What Airflow makes of the table of values, made anew and kept; and the shim's answers from an interpreter of choice."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from tests.oracle.environments import AIRFLOW_2, AIRFLOW_3, AIRFLOW_3_PROVIDERS, Release, environment
from tests.oracle.truth import airflow_home

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
SHIM = os.pathsep.join(str(REPOSITORY / "compat" / name) for name in ("airflow_shim", "runner"))
SOURCES = {AIRFLOW_3: AIRFLOW_3_PROVIDERS, AIRFLOW_2: AIRFLOW_2}
"""The environment whose Airflow speaks for a release: for 3 the one that has numpy and pandas."""


def truth_path(release: Release) -> Path:
    """Where its truth is kept."""
    return HERE / f"truth-{release.version}.json"


def truth(release: Release) -> dict[str, Any]:
    """The truth that is kept."""
    return cast("dict[str, Any]", json.loads(truth_path(release).read_text()))


def answers(python: Path, which: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """What ``driver.py WHICH`` prints under PYTHON. Raises CalledProcessError."""
    driver = [str(python), str(HERE / "driver.py"), which]
    more = {"TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(driver, check=True, capture_output=True, text=True, env={**variables, **more})
    return cast("dict[str, Any]", json.loads(done.stdout))


def record() -> list[Path]:
    """Make the truth of both releases anew."""
    for release, source in SOURCES.items():
        installed = environment(source)
        allowed = {"AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES_REGEXP": ".*"}
        found = answers(installed.python, f"airflow{release.dialect}", {**airflow_home(installed), **allowed})
        truth_path(release).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return [truth_path(release) for release in SOURCES]
