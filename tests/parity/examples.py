"""The example DAGs: where they come from, how each is run, and which are left out (`examples.json`)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.oracle.environments import AIRFLOW_2, AIRFLOW_3, Release, cache_folder, environment

LISTED = Path(__file__).with_name("examples.json")
RUN_ID = "parity"
LOGICAL_DATE = "2026-02-03T04:05:06+00:00"
"""After every example's start date, and before any machine's today: Airflow runs nothing of the future."""
PLACE = "goflow-parity-"
"""What the temporary folders of both sides are named."""
PLACES = rf"/[\w./-]*/{PLACE}[\w]+"
"""A pattern of them."""
RUN_LIMIT_S = 300.0


@dataclass(frozen=True)
class Group:
    """A folder of DAG files and the Airflow that it belongs to.

    PARTS are folders of the installed `airflow`, or of this repository where they are paths. ON_PATH: a folder of
    modules that Airflow's processes find on their path, and GoFlow's in the DAG folder; they get no seeds and no wheels
    then. RECORDS: what the tasks write below TMPDIR belongs to what they leave (`tests.parity.outcomes.add_records`).
    LIMIT_S: the longest that Airflow may take for a run.
    """

    name: str
    release: Release
    parts: tuple[str | Path, ...]
    listed: dict[str, Any] = field(default_factory=dict, compare=False)
    on_path: Path | None = None
    records: bool = False
    limit_s: float = RUN_LIMIT_S

    @property
    def folder(self) -> Path:
        """The DAG folder of both sides: one path, so that what depends on it is the same. Its last two names are
        Airflow's own, since some examples import others as ``airflow.example_dags``."""
        return cache_folder() / "parity" / self.name / "airflow" / "example_dags"

    @property
    def short(self) -> list[str]:
        """The DAGs of the short form, which `make test` runs on the local backend."""
        return list(self.listed.get("short", []))

    @property
    def in_cluster(self) -> dict[str, str]:
        """The sample that is run in the cluster: DAG id to what it is there for."""
        return dict(self.listed.get("in_cluster", {}))

    @property
    def in_airflow(self) -> list[str]:
        """Those of them that are run in the cluster with ``runtime: airflow``, too."""
        return list(self.listed.get("in_airflow", []))

    @property
    def left_out(self) -> dict[str, str]:
        """DAG id to the reason."""
        return dict(self.listed.get("left_out", {}))

    @property
    def explained(self) -> dict[str, dict[str, str]]:
        """DAG id to {what differs: why}, for differences that are not the task's outcome."""
        return dict(self.listed.get("explained", {}))

    @property
    def sources(self) -> list[Path]:
        """The folders that PARTS names."""
        return [part if isinstance(part, Path) else environment(self.release).package / part for part in self.parts]

    @property
    def own_files(self) -> list[Path]:
        """What of it lies in this repository."""
        folders = [part for part in (*self.parts, self.on_path) if isinstance(part, Path)]
        return sorted(file for folder in folders for file in folder.glob("*.py"))

    def entry(self, dag_id: str) -> dict[str, Any]:
        """How a DAG is run (`tests.parity.driving`); ``answers`` are those to its questions, by task."""
        answers = self.listed.get("answers", {}).get(dag_id)
        return {
            **({} if answers is None else {"answers": answers}),
            "dag_id": dag_id,
            "conf": self.listed.get("conf", {}).get(dag_id, {}),
            "after": self.listed.get("after", {}).get(dag_id, []),
            "triggered": dag_id in self.listed.get("triggered", []),
        }

    def in_order(self, dag_ids: list[str]) -> list[str]:
        """DAG_IDS as they are started: what takes long first."""
        first = list(self.listed.get("first", []))
        return sorted(dag_ids, key=lambda dag_id: (first.index(dag_id) if dag_id in first else len(first), dag_id))

    def goes_by_the_clock(self, dag_id: str) -> bool:
        """Whether its outcome depends on the day on which it runs."""
        return dag_id in self.listed.get("by_the_clock", [])


def groups() -> list[Group]:
    """All of them."""
    listed = json.loads(LISTED.read_text())
    core, standard = "example_dags", "providers/standard/example_dags"
    return [
        Group("airflow-2", AIRFLOW_2, (core,), listed["airflow-2"]),
        Group("airflow-3", AIRFLOW_3, (core, standard), listed["airflow-3"]),
    ]


def make_folder(group: Group, folder: Path, files: Collection[str] | None = None) -> None:
    """Copy the example files (those named FILES, or all), unmodified, and what lies beside them to FOLDER."""
    shutil.rmtree(folder, ignore_errors=True)
    for source in group.sources:
        passed_over = {file.name for file in source.glob("*.py") if files is not None and file.name not in files}
        ignored = shutil.ignore_patterns("__pycache__", *passed_over - {"__init__.py"})
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=ignored)
