"""GoFlow's reading of Airflow's example folders, held against Airflow's own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracle.truth import FOLDERS, ORACLE, Folder, truth

LEAST_RIGHT = 0.80  # of the DAGs right in everything: the target of the issue that laid this command
LEVELS = ("structure", "behaviour", "fields", "everything")


@dataclass(frozen=True)
class Score:
    """What compare.py counted in one folder, or in several."""

    name: str
    dags: int
    right: dict[str, int]
    wrong_structure: int
    missed: int
    invented: int

    @property
    def good_enough(self) -> bool:
        """Enough DAGs right in everything, and none wrong in structure."""
        return self.right["everything"] >= LEAST_RIGHT * self.dags and self.wrong_structure == 0

    def line(self) -> str:
        """The score's line of the table."""
        shares = "".join(f"{100 * self.right[level] / max(self.dags, 1):10.1f} %" for level in LEVELS)
        return f"{self.name:22}{self.dags:6}{shares}{self.wrong_structure:17}{self.missed:8}{self.invented:10}"


def total(name: str, scores: Sequence[Score]) -> Score:
    """The sums of several scores."""
    return Score(
        name,
        sum(score.dags for score in scores),
        {level: sum(score.right[level] for score in scores) for level in LEVELS},
        sum(score.wrong_structure for score in scores),
        sum(score.missed for score in scores),
        sum(score.invented for score in scores),
    )


HEAD = f"{'folder':22}{'DAGs':>6}" + "".join(f"{level:>12}" for level in LEVELS)
HEAD += f"{'wrong structure':>17}{'missed':>8}{'invented':>10}"


def fidelity(names: Sequence[str], show: int) -> int:
    """Compare the folders NAMES (all, where none is named), print what was found; the exit code of the command.

    The target holds for all folders of one release together: five of the standard provider's 23 DAGs hold what no
    reading can know (the path of the interpreter that Airflow itself runs in, the time of day of its own reading).
    """
    scores: dict[str, list[Score]] = {}
    for folder in FOLDERS:
        if names and folder.name not in names:
            continue
        counted, report = _compare(folder, show)
        scores.setdefault(f"Airflow {folder.release.version}", []).append(_score(folder.name, counted))
        print(f"=== {folder.name}: {folder.path}\n{report}")
    print(HEAD)
    totals = [total(release, of_folders) for release, of_folders in scores.items()]
    for whole in totals:
        for score in (*scores[whole.name], whole):
            print(score.line())
    failed = [whole.name for whole in totals if not whole.good_enough]
    print(f"\nbelow the target: {', '.join(failed)}" if failed else "\nevery release reaches the target")
    print(f"(target: {LEAST_RIGHT:.0%} of the DAGs right in everything, none wrong in structure)")
    return 1 if failed or not totals else 0


def _compare(folder: Folder, show: int) -> tuple[dict[str, int], str]:
    """What compare.py counts, and its words."""
    expected = truth(folder.release, folder.path)
    with tempfile.TemporaryDirectory() as place:
        ours = Path(place) / "ours.json"
        ours.write_text(_export(folder))
        command = [sys.executable, str(ORACLE / "compare.py"), str(expected), str(ours)]
        counted: dict[str, Any] = json.loads(_output([*command, "--json"]))
        return counted["count"], _output([*command, "--show", str(show)])


def _export(folder: Folder) -> str:
    goflow = Path(sys.executable).with_name("goflow")
    return _output([str(goflow), "export", str(folder.path), "--airflow", str(folder.release.dialect)])


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _score(name: str, count: dict[str, int]) -> Score:
    return Score(
        name=name,
        dags=count.get("DAGs", 0),
        right={level: count.get(f"DAGs right in {level}", 0) for level in LEVELS},
        wrong_structure=count.get("DAGs wrong in structure", 0),
        missed=count.get("DAGs missed", 0),
        invented=count.get("DAGs invented", 0),
    )
