"""Airflow's own rendering of the table, made anew and kept."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, cast

from tests.oracle.environments import RELEASES, Release, environment
from tests.oracle.rendering.cases import document
from tests.oracle.truth import airflow_home

HERE = Path(__file__).parent


def truth_path(release: Release) -> Path:
    """Where its truth is kept."""
    return HERE / f"truth-{release.version}.json"


def truth(release: Release) -> dict[str, Any]:
    """The truth that is kept."""
    return cast("dict[str, Any]", json.loads(truth_path(release).read_text()))


def rendered(release: Release) -> dict[str, Any]:
    """What Airflow renders now. Raises CalledProcessError with Airflow's words on standard error."""
    installed = environment(release)
    variables = airflow_home(installed)
    with tempfile.TemporaryDirectory(prefix="goflow-rendering-") as name:
        place = Path(name)
        home = place / "home"
        home.mkdir()
        for kept in (installed.root / "home").glob("airflow.*"):
            shutil.copy(kept, home)
        variables |= {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TZ": "UTC",
        }
        answer = place / "answer.json"
        subprocess.run(
            [installed.python, str(HERE / "drivers" / f"airflow{release.dialect}.py"), str(answer), str(place)],
            check=True, input=json.dumps(document(release.dialect)), text=True, env=variables,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return cast("dict[str, Any]", json.loads(answer.read_text()))


def record() -> list[Path]:
    """Make the truth of every release anew."""
    for release in RELEASES:
        text = json.dumps(rendered(release), indent=1, sort_keys=True, ensure_ascii=False)
        truth_path(release).write_text(f"{text}\n")
    return [truth_path(release) for release in RELEASES]
