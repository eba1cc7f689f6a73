"""What was counted in a folder, and the targets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LEVELS = ("structure", "behaviour", "fields", "everything")
TARGETS = {
    "examples": {"structure": 1.0, "behaviour": 1.0, "everything": 0.98},
    "system": {"structure": 0.98, "behaviour": 0.97, "everything": 0.95},
    "more": {},
}
"""Of the DAGs of a kind of folder, how many are to be right; besides, no value may be wrong anywhere."""


@dataclass(frozen=True)
class Fault:
    """A difference that compare.py tells: WHERE is a DAG or ``dag.task``, WHAT its words, the values as documents."""

    path: str
    where: str
    what: str
    truth: Any
    ours: Any

    def line(self) -> str:
        airflow, goflow = json.dumps(self.truth)[:160], json.dumps(self.ours)[:160]
        return f"{self.path} {self.where}: {self.what}: airflow={airflow} goflow={goflow}"

    def reasons(self) -> list[str]:
        """Why each unknown inside our value is one, without the line."""
        return sorted(set(_reasons(self.ours)))


def _reasons(value: Any) -> list[str]:
    if isinstance(value, dict) and set(value) == {"unknown"}:
        line, colon, rest = str(value["unknown"]).partition(": ")
        return [rest if colon and line.startswith("line ") else str(value["unknown"])]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [reason for one in inner for reason in _reasons(one)]


@dataclass(frozen=True)
class Score:
    """What was counted in one folder, or in several.

    UNKNOWN and WRONG count values; MISSED and INVENTED DAGs; RIGHT DAGs by level.
    """

    name: str
    kind: str
    dags: int
    files: int
    right: dict[str, int]
    unknown: int
    wrong: int
    missed: int
    invented: int
    faults: tuple[Fault, ...] = ()

    def share(self, level: str) -> float:
        """Of the DAGs, how many are right in LEVEL, from 0 to 1; 1 of none."""
        return self.right[level] / self.dags if self.dags else 1.0

    def cells(self) -> list[str]:
        shares = [f"{100 * self.share(level):.1f} %" for level in LEVELS]
        counts = (self.unknown, self.wrong, self.missed, self.invented)
        return [self.name, str(self.dags), str(self.files), *shares, *map(str, counts)]

    def line(self) -> str:
        return _row(self.cells())


COLUMNS = ("folder", "DAGs", "files", *LEVELS, "unknown", "WRONG", "missed", "invented")


def _row(cells: Sequence[str]) -> str:
    return f"{cells[0]:42}" + "".join(
        f"{cell:>{max(len(column) + 2, 9)}}" for cell, column in zip(cells[1:], COLUMNS[1:], strict=True)
    )


HEAD = _row(COLUMNS)


def total(name: str, scores: Sequence[Score]) -> Score:
    """The sums of several scores of one kind."""
    return Score(
        name=name,
        kind=scores[0].kind,
        dags=sum(score.dags for score in scores),
        files=sum(score.files for score in scores),
        right={level: sum(score.right[level] for score in scores) for level in LEVELS},
        unknown=sum(score.unknown for score in scores),
        wrong=sum(score.wrong for score in scores),
        missed=sum(score.missed for score in scores),
        invented=sum(score.invented for score in scores),
        faults=tuple(fault for score in scores for fault in score.faults),
    )


def shortfalls(whole: Score) -> list[str]:
    """In words, where WHOLE, the total of its kind, is below the targets."""
    targets = TARGETS[whole.kind]
    short = [
        f"{whole.name}: {100 * whole.share(level):.1f} % of the DAGs right in {level}, the target is {least:.0%}"
        for level, least in targets.items()
        if whole.share(level) < least
    ]
    return short + ([f"{whole.name}: {whole.wrong} values are wrong"] if whole.wrong else [])
