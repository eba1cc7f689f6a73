"""What is compared of a DAG's runs, and how."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracle.environments import environment
from tests.parity.backends import LOCAL, Backend
from tests.parity.examples import LOGICAL_DATE, PLACES, RUN_ID, Group

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


def add_records(runs: Sequence[dict[str, Any]], folder: Path) -> None:
    """Put what the tasks of the one run of RUNS have written into FOLDER, a file for each of them, to what they left:
    lines of JSON, in their order. The run itself may have such a file, named ``run``."""
    for run in runs:
        for name, owner in (*run["tasks"].items(), ("run", run)):
            file = folder / name
            owner["record"] = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


class OwnWords:
    """What each side has of its own: the paths of its Python, DAG folder, AIRFLOW_HOME and temporary files."""

    def __init__(self, group: Group, folder: Path, backend: Backend = LOCAL) -> None:
        self._release = group.release
        self._of_airflow = {
            re.escape(str(group.folder)): "<folder>",
            rf"{PLACES}/home": "<AIRFLOW_HOME>",
            rf"{PLACES}/tmp": "<TMPDIR>",
        }
        self._of_goflow = backend.own_words(folder)

    def airflow(self, runs: Sequence[Outcome]) -> list[Outcome]:
        """Airflow's RUNS in words that both sides have."""
        python = {re.escape(str(environment(self._release).python)): "<python>"}
        return [_canonical(run, python | self._of_airflow) for run in runs]

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
    yield from _unequal("run.record", airflow.get("record", []), goflow.get("record", []))
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
    yield from _unequal(f"{task}.record", airflow.get("record", []), goflow.get("record", []))
    for key in sorted({*airflow["xcoms"], *goflow["xcoms"]}):
        if not key.startswith(_OF_AIRFLOWS_PAGE):
            theirs, ours = airflow["xcoms"].get(key, "(none)"), goflow["xcoms"].get(key, "(none)")
            yield from _unequal(f"{task}.xcoms.{key}", theirs, ours)


def _unequal(place: str, airflow: Any, goflow: Any) -> Iterator[Difference]:
    if json.dumps(airflow, sort_keys=True) != json.dumps(goflow, sort_keys=True):
        yield Difference(place, airflow, goflow)


def _canonical(value: Any, own_words: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        if value.get("__classname__") == "datetime.datetime" and value["__data__"]["timestamp"] > _CLOCK_FROM:
            return "<now>"
        return {
            key: _sorted(_canonical(inner, own_words)) if key == _CHOICE else _canonical(inner, own_words)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_canonical(inner, own_words) for inner in value]
    if isinstance(value, str):
        for own, word in own_words.items():
            value = re.sub(own, word, value)
        for pattern, instead in _OF_THE_MOMENT:
            value = pattern.sub(instead, value)
    return value


def _sorted(choice: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {key: sorted(task_ids) for key, task_ids in choice.items()}


def _moment(found: re.Match[str]) -> str:
    """Of a moment in ISO 8601: one after the run's own month is the clock's, others are written alike."""
    return "<now>" if found[1] > LOGICAL_DATE[:7] else f"{found[1]}{found[2]}{found[3]}"


_CLOCK_FROM = dt.datetime.fromisoformat(LOGICAL_DATE).timestamp() + 31 * 86_400
"""A moment after that is the clock's, as seconds since 1970."""
_CHOICE = "skipmixin_key"
"""What a branch follows or skips: Airflow takes it from a set, in an order of that process."""
_OF_THE_MOMENT: tuple[tuple[re.Pattern[str], Any], ...] = (
    (re.compile(r"(\d{4}-\d\d)(-\d\d[T ]\d\d:\d\d:\d\d)(?:\.\d+)?(\+00:00)"), _moment),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000"), "<file's moment>"),  # what `stat` prints
    (re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}"), "<date>"),  # what `date` prints
    (re.compile(r"(PID: )\d+"), r"\1..."),
    (re.compile(r"(run duration of )\S+"), r"\1..."),
    (re.compile(r"(<[\w.]+ object at) 0x[0-9a-f]+>"), r"\1 ...>"),
)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"
