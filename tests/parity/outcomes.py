"""What is compared of a DAG's runs, and how."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracle.environments import environment
from tests.parity.examples import RUN_ID, Group

RUN_FIELDS = ("state", "conf", "logical_date", "data_interval_start", "data_interval_end")
Outcome = Mapping[str, Any]
_OF_AIRFLOWS_PAGE = "_link_"
"""Airflow 3 keeps the addresses of an operator's links to pages as results of the task; they belong to its own page."""


@dataclass(frozen=True)
class Difference:
    """Where (``TASK.state``, ``TASK.xcoms.KEY``, ``run.conf``), and what both sides have."""

    place: str
    airflow: Any
    goflow: Any

    def __str__(self) -> str:
        return f"{self.place}: {_short(self.goflow)}, under Airflow {_short(self.airflow)}"


class OwnWords:
    """What each side has of its own: the path of its Python, and the one of its DAG folder."""

    def __init__(self, group: Group, folder: Path) -> None:
        self._of_airflow = {str(environment(group.release).python): "<python>", str(group.folder): "<folder>"}
        self._of_goflow = {sys.executable: "<python>", str(folder): "<folder>"}

    def airflow(self, runs: Sequence[Outcome]) -> list[Outcome]:
        """Airflow's RUNS in words that both sides have."""
        return [_canonical(run, self._of_airflow) for run in runs]

    def goflow(self, runs: Sequence[Outcome]) -> list[Outcome]:
        """GoFlow's RUNS in words that both sides have."""
        return [_canonical(run, self._of_goflow) for run in runs]


def differences(airflow: Sequence[Outcome], goflow: Sequence[Outcome]) -> list[Difference]:
    """Where a DAG's runs differ."""
    if len(airflow) != len(goflow):
        return [Difference("runs", len(airflow), len(goflow))]
    found: list[Difference] = []
    for number, (theirs, ours) in enumerate(zip(airflow, goflow, strict=True), 1):
        prefix = "" if len(airflow) == 1 else f"run {number}: "
        found += [Difference(prefix + d.place, d.airflow, d.goflow) for d in _of_run(theirs, ours)]
    return found


def _of_run(airflow: Mapping[str, Any], goflow: Mapping[str, Any]) -> Iterator[Difference]:
    by_hand = airflow["run_id"] == RUN_ID
    for name in RUN_FIELDS if by_hand else ("state", "conf"):
        yield from _unequal(f"run.{name}", airflow[name], goflow[name])
    for task in sorted({*airflow["tasks"], *goflow["tasks"]}):
        theirs, ours = airflow["tasks"].get(task), goflow["tasks"].get(task)
        if theirs is None or ours is None:
            yield Difference(task, theirs and theirs["state"], ours and ours["state"])
            continue
        yield from _of_task(task, theirs, ours)


def _of_task(task: str, airflow: Mapping[str, Any], goflow: Mapping[str, Any]) -> Iterator[Difference]:
    yield from _unequal(f"{task}.state", airflow["state"], goflow["state"])
    if airflow["rendered"]:  # Airflow renders what it runs in a process; a task without work it only marks
        yield from _unequal(f"{task}.try_number", airflow["try_number"], goflow["try_number"])
        for name in sorted({*airflow["rendered"], *(goflow["rendered"] or {})}):
            theirs, ours = airflow["rendered"].get(name), (goflow["rendered"] or {}).get(name)
            yield from _unequal(f"{task}.rendered.{name}", theirs, ours)
    yield from _unequal(f"{task}.label", airflow["label"], goflow["label"])
    for key in sorted({*airflow["xcoms"], *goflow["xcoms"]}):
        if not key.startswith(_OF_AIRFLOWS_PAGE):
            theirs, ours = airflow["xcoms"].get(key, "(none)"), goflow["xcoms"].get(key, "(none)")
            yield from _unequal(f"{task}.xcoms.{key}", theirs, ours)


def _unequal(place: str, airflow: Any, goflow: Any) -> Iterator[Difference]:
    if json.dumps(airflow, sort_keys=True) != json.dumps(goflow, sort_keys=True):
        yield Difference(place, airflow, goflow)


def _canonical(value: Any, own_words: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(inner, own_words) for key, inner in value.items()}
    if isinstance(value, list):
        return [_canonical(inner, own_words) for inner in value]
    if isinstance(value, str):
        for own, word in own_words.items():
            value = value.replace(own, word)
        return _same_moment(value)
    return value


def _same_moment(text: str) -> str:
    """A moment in UTC, however many digits of its second are written."""
    return re.sub(r"(\d\d:\d\d:\d\d)\.0+(\+00:00)", r"\1\2", text)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"
