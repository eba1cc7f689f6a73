"""The groups of DAG files about ends, what Airflow made of them, and how GoFlow differs."""

from __future__ import annotations

import json
import shutil
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.oracle.environments import AIRFLOW_2, AIRFLOW_3
from tests.parity import airflow_side, goflow_side
from tests.parity.backends import Local
from tests.parity.examples import Group, make_folder
from tests.parity.outcomes import OwnWords, differences
from tests.parity.report import Compared

HERE = Path(__file__).parent
KNOWN = HERE / "known.json"


def groups() -> list[Group]:
    """One for each Airflow."""
    known = json.loads(KNOWN.read_text())
    return [
        Group(
            f"ends-{release.dialect}",
            release,
            (HERE / "both", HERE / f"airflow_{release.dialect}"),
            known[str(release.dialect)],
            on_path=HERE / "on_path",
            records=True,
            limit_s=1800.0,
        )
        for release in (AIRFLOW_2, AIRFLOW_3)
    ]


class Unseeded(Local):
    """The local backend with nothing of the examples' in the environment: tasks that need no interpreter of their own
    begin at once."""

    def goflow_yaml(self, folder: Path, scratch: Path) -> dict[str, Any]:
        shutil.copytree(HERE / "on_path", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        return {"python": sys.executable, "environment": self.environment(scratch)}


def truth_file(group: Group) -> Path:
    """Where Airflow's side is kept."""
    return HERE / f"truth-{group.release.version}.json"


def truth(group: Group) -> dict[str, Any]:
    """DAG id to its runs as Airflow left them."""
    kept: dict[str, Any] = json.loads(truth_file(group).read_text())
    return kept


def record(group: Group, retake: bool = False) -> Path:
    """Run the group by Airflow, where that is not done yet, and keep what it left."""
    make_folder(group, group.folder)
    there = airflow_side.dags(group)
    words = OwnWords(group, group.folder)
    left = {dag_id: words.airflow(runs) for dag_id, runs in airflow_side.truth(group, list(there), retake).items()}
    truth_file(group).write_text(json.dumps(left, indent=1, sort_keys=True) + "\n")
    return truth_file(group)


def score(group: Group, folder: Path, logs: Path | None = None) -> Compared:
    """Run the group by GoFlow in the new DAG folder FOLDER, and hold it against what Airflow left."""
    left = truth(group)
    make_folder(group, folder)
    found = goflow_side.outcomes(group, folder, list(left), logs, Unseeded())
    words = OwnWords(group, folder)
    differing = {dag_id: differences(runs, words.goflow(found[dag_id])) for dag_id, runs in left.items()}
    return Compared(group, differing)


def known_in_vain(score: Compared) -> list[str]:
    """Differences that are known, and are not there any more; those that are there by chance are marked so."""
    found = {(dag_id, d.place) for dag_id, all_ in score.found.items() for d in all_}
    return [
        f"{dag_id}: {pattern}"
        for dag_id, known in score.group.explained.items()
        for pattern, why in known.items()
        if "at times" not in why and not any(d == dag_id and fnmatchcase(place, pattern) for d, place in found)
    ]
