"""GoFlow's reading of the open corpus, held against Airflow's own."""

from __future__ import annotations

import datetime as dt
import functools
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from goflow.parser.folder import survey
from tests.oracle import report
from tests.oracle.absent import absent_modules
from tests.oracle.corpus import FOLDERS, Folder, provider_of
from tests.oracle.environments import environment
from tests.oracle.scores import HEAD, LEVELS, Fault, Score, shortfalls, total
from tests.oracle.truth import ORACLE, truth

Document = dict[str, Any]
RUNS = ("inferred", "set")
"""The dialect is inferred from the folder's files (3 where nothing in them tells), or set for the folder."""
AT_ONCE = 2


@dataclass(frozen=True)
class Reading:
    """A folder as Airflow sees it and, for each of RUNS, as GoFlow does."""

    folder: Folder
    truth: Document
    ours: dict[str, Document]


def fidelity(names: Sequence[str], show: int) -> int:
    """Compare the folders NAMES (all, where none is named), print what was found; the exit code of the command.

    Where all were compared, docs/fidelity.md is written too.
    """
    folders = [folder for folder in FOLDERS if not names or folder.name in names]
    readings = list(_readings(folders))
    scores = {run: [score for reading in readings for score in _scores(reading, run)] for run in RUNS}
    for score in scores["set"]:
        for fault in score.faults[:show]:
            print(fault.line())
    for run in RUNS:
        print(f"\ndialect {run}\n{HEAD}")
        for score in (*scores[run], *_totals(scores[run])):
            print(score.line())
    if not names:
        report.write(scores, {run: _totals(of) for run, of in scores.items()}, _left_out(readings))
    short = [f"{run}: {words}" for run in RUNS for whole in _totals(scores[run]) for words in shortfalls(whole)]
    print("\n" + ("\n".join(short) if short else "every target is reached"))
    return 1 if short else 0


def _readings(folders: Sequence[Folder]) -> Iterator[Reading]:
    for folder in folders:  # each lock and installation once, and not from two threads
        _ = folder.path
    with ThreadPoolExecutor(AT_ONCE) as pool:
        truths = {folder: [pool.submit(_truth, folder, part) for part in folder.parts] for folder in folders}
        exports = {
            folder: {
                run: [pool.submit(_export, folder, part, run) for part in folder.parts] for run in _differing(folder)
            }
            for folder in folders
        }
        for folder in folders:
            read = {run: _whole(part.result() for part in parts) for run, parts in exports[folder].items()}
            ours = {run: read.get(run, read["inferred"]) for run in RUNS}
            yield Reading(folder, _whole(part.result() for part in truths[folder]), ours)


def _truth(folder: Folder, part: str) -> Document:
    document: Document = json.loads(truth(folder.release, folder.path, ("--glob", part, *folder.arguments)).read_text())
    return document


def _differing(folder: Folder) -> Sequence[str]:
    """The RUNS that may come to different documents: where the dialect that is inferred is the one that would be set,
    one run is the other."""
    roots = [Path(word) for option, word in pairwise(folder.arguments) if option == "--sys-path"]
    inferred = survey(folder.path, None, roots).dialect
    return RUNS[:1] if inferred == f"airflow{folder.release.dialect}" else RUNS


def _export(folder: Folder, part: str, run: str) -> Document:
    """What GoFlow sees in one of RUNS."""
    goflow = Path(sys.executable).with_name("goflow")
    said = [] if run == "inferred" else ["--airflow", str(folder.release.dialect)]
    given = dict(zip(folder.arguments[::2], folder.arguments[1::2], strict=True))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as inputs:
        told = json.loads(Path(given["--inputs"]).read_text()) if "--inputs" in given else {}
        inputs.write(json.dumps({**told, **_containers(folder)}))
        inputs.flush()
        options = [word for pair in {**given, "--inputs": inputs.name}.items() for word in pair]
        command = [str(goflow), "export", str(folder.path), "--glob", part, *said, *options]
        document: Document = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return document


def _containers(folder: Folder) -> Document:
    """What `goflow.yaml` can say of the tasks' containers, for the truth's environment in their place."""
    absent = absent_modules(folder.release, [folder.path])
    return {"python": str(environment(folder.release).python), "absent_modules": absent}


def _whole(parts: Iterator[Document]) -> Document:
    return {path: answer for part in parts for path, answer in part.items()}


def _scores(reading: Reading, run: str) -> Iterator[Score]:
    """The folder's score; of the providers' tests one for each provider."""
    groups: dict[str, list[str]] = {}
    for path in sorted({*reading.truth, *reading.ours[run]}):
        name = reading.folder.name
        if reading.folder.kind != "examples":
            name = f"{name}: {provider_of(path, reading.folder.release)}"
        groups.setdefault(name, []).append(path)
    for name, paths in groups.items():
        expected = {path: reading.truth[path] for path in paths if path in reading.truth}
        ours = {path: reading.ours[run][path] for path in paths if path in reading.ours[run]}
        score = score_of(name, reading.folder.kind, expected, ours)
        if score.dags or score.invented:
            yield score


def score_of(name: str, kind: str, expected: Document, ours: Document) -> Score:
    """What compare.py counts."""
    count, attributes, faults = _compare()(expected, ours, dt.timedelta(0))
    told = [Fault(*fault) for fault in faults]
    return Score(
        name=name,
        kind=kind,
        dags=count["DAGs"],
        files=count["files"],
        right={level: count[f"DAGs right in {level}"] for level in LEVELS},
        unknown=sum(seen["unknown"] for seen in attributes.values()),
        wrong=sum(seen["wrong"] for seen in attributes.values()) + sum(f.what == "wrong set of tasks" for f in told),
        missed=count["DAGs missed"],
        invented=count["DAGs invented"],
        faults=tuple(told),
    )


@functools.cache
def _compare() -> Any:
    """The oracle's own judge."""
    spec = importlib.util.spec_from_file_location("oracle_compare", ORACLE / "compare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.compare


def _totals(scores: Sequence[Score]) -> list[Score]:
    kinds = {score.kind: None for score in scores}
    return [total(f"all {kind}", [score for score in scores if score.kind == kind]) for kind in kinds]


def _left_out(readings: Sequence[Reading]) -> dict[str, Counter[str]]:
    """For each folder, the errors with which Airflow could not import files of it."""
    return {
        reading.folder.name: Counter(answer["error"] for answer in reading.truth.values() if answer["error"])
        for reading in readings
    }
