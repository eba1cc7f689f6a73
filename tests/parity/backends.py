"""Where GoFlow runs the tasks of the examples: on this machine, or in a cluster."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from tests.oracle.examples import SEEDED, task_environment
from tests.oracle.wheels import wheel_folder
from tests.parity.driving import AT_ONCE
from tests.parity.examples import PLACES, RUN_LIMIT_S

WITH_AIRFLOW_S = 4 * RUN_LIMIT_S
"""The longest that a run may take whose tasks Airflow itself runs: each begins with seconds of work."""
FEW_AT_ONCE = {"GOFLOW_PARALLELISM": str(AT_ONCE)}
"""So that these do not wait for each other's starts until a limit of their own is over."""


class Backend(Protocol):
    """What differs from one backend to another."""

    @property
    def at_once(self) -> int:
        """How many DAGs are run at the same time (`driving.drive`)."""

    @property
    def limit_s(self) -> float:
        """The longest that a run may take."""

    @property
    def settings(self) -> Mapping[str, str]:
        """The daemon's, by the names of their environment variables."""

    def goflow_yaml(self, folder: Path, scratch: Path) -> dict[str, Any]:
        """What ``goflow.yaml`` says besides the dialect, once all that it names is there. SCRATCH: an empty folder for
        temporary files."""

    def own_words(self, folder: Path) -> dict[str, str]:
        """Patterns of the paths that tasks of the DAG folder FOLDER have as their own, and the word for each."""


@dataclass(frozen=True)
class Local:
    """The local backend: processes of this machine, in the Python that runs the tests, or with ``runtime: airflow`` in
    PYTHON."""

    python: Path | None = None
    at_once: ClassVar[int] = AT_ONCE

    @property
    def limit_s(self) -> float:
        return WITH_AIRFLOW_S if self.python else RUN_LIMIT_S

    @property
    def settings(self) -> Mapping[str, str]:
        own = {"GOFLOW_BACKEND": "local", "GOFLOW_TASK_API_PORT": "0"}
        return {**own, **FEW_AT_ONCE} if self.python else own

    def goflow_yaml(self, folder: Path, scratch: Path) -> dict[str, Any]:
        wheels = wheel_folder(sorted(folder.glob("*.py")))
        environment = task_environment(str(SEEDED), str(wheels)) | self.environment(scratch)
        runtime = {"runtime": "airflow"} if self.python else {}
        return {**runtime, "python": str(self.python or sys.executable), "environment": environment}

    def environment(self, scratch: Path) -> dict[str, str]:
        """What every process needs."""
        return {"HOME": str(Path.home()), "PATH": os.environ["PATH"], "TMPDIR": str(scratch)}

    def own_words(self, folder: Path) -> dict[str, str]:
        return {
            re.escape(str(self.python or sys.executable)): "<python>",
            rf"{PLACES}/home/folders/[0-9a-f]+|{re.escape(str(folder))}": "<folder>",
            rf"{PLACES}/home/local/launches/[0-9a-f]+/airflow": "<AIRFLOW_HOME>",
            rf"{PLACES}/tmp": "<TMPDIR>",
        }


@dataclass(frozen=True)
class InCluster:
    """Jobs of the runner's image, or with ``runtime: airflow`` of IMAGE. ACCESS: the settings by which the daemon finds the
    cluster, and its pods the daemon."""

    access: Mapping[str, str]
    image: str = ""
    seen_as: str = "/opt/goflow/dags"
    """Where a pod has the DAG folder; what seeds and feeds the tasks is inside it, since a pod has nothing else."""

    @property
    def at_once(self) -> int:
        """All of the sample: a Job spends most of its seconds with nobody's processor; but Airflow's start is all work."""
        return AT_ONCE if self.image else 25

    @property
    def limit_s(self) -> float:
        return WITH_AIRFLOW_S if self.image else RUN_LIMIT_S

    @property
    def settings(self) -> Mapping[str, str]:
        return {**self.access, **FEW_AT_ONCE} if self.image else self.access

    def goflow_yaml(self, folder: Path, scratch: Path) -> dict[str, Any]:
        shutil.copytree(SEEDED, folder / "_seeded", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(wheel_folder(sorted(folder.glob("*.py"))), folder / "_wheels")
        (folder / "_tmp").mkdir()
        (folder / "_tmp" / "empty").touch()
        (folder / ".airflowignore").write_text("_seeded\n_wheels\n")
        environment = task_environment(f"{self.seen_as}/_seeded", f"{self.seen_as}/_wheels")
        runtime = {"runtime": "airflow", "image": self.image} if self.image else {}
        return {**runtime, "environment": environment | {"TMPDIR": f"{self.seen_as}/_tmp"}}

    def own_words(self, folder: Path) -> dict[str, str]:
        return {
            r"/(?:opt/goflow|home/airflow/\.local)/bin/python[\d.]*": "<python>",
            rf"{re.escape(self.seen_as)}/_tmp": "<TMPDIR>",
            re.escape(self.seen_as): "<folder>",
            r"/var/run/goflow/[\w/.-]*airflow|/opt/airflow": "<AIRFLOW_HOME>",
        }


LOCAL = Local()
