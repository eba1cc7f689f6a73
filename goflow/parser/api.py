"""The door of the parser: `parse_file` and the values that go through it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Diagnostic
from goflow.domain.ignores import Ignore
from goflow.domain.spec import DagSpec, Dialect, Inputs, InputsUsed, ReadBy, RuntimeSpec


@dataclass(frozen=True, slots=True)
class Foresight:
    """Timetable classes of the authors' own are evaluated for their first RUNS, as seen at NOW."""

    runs: int
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Folder:
    """The DAG folder as the reader sees it.

    ROOT is where the files lie. IMPORT_ROOTS are further folders that modules may come from (``plugins/``,
    ``--sys-path``), after ROOT in order. PARSE_PATH is what ``__file__`` of a file in ROOT begins with: the path at
    which the task's container mounts the folder (decision 7). DIALECT holds where neither ``goflow.yaml`` nor the file
    tells it; INFERRED: nobody has set it, other files of the folder tell it (`goflow.parser.folder.survey`).
    RUNS_FILES: whether files may be run here, shut in, where ``goflow.yaml`` says so. Where they may not,
    ANSWERS are what came of running them elsewhere, by `Errand.ask`; None: nobody does that. FORESIGHT: what is to be
    asked of timetable classes of the authors' own while their files are read; None: nothing. KEPT are files that lie
    elsewhere than ROOT, by their paths as if they lay there: their contents.
    """

    root: Path
    import_roots: tuple[Path, ...] = ()
    parse_path: str = ""
    dialect: Dialect = Dialect.AIRFLOW3
    inferred: bool = False
    safe_mode: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    runs_files: bool = True
    answers: Mapping[str, bytes] | None = None
    foresight: Foresight | None = None
    kept: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A file that has to be run elsewhere before it can be read; it is read again with the answer (`Folder.answers`).

    ASK stands for what is asked: the file's own bytes, where it lies, what it may see; not for the rest of the folder.
    REQUEST is that of `goflow_runner.reading`. MOUNTS: paths that the run sees to folders of this machine. RUNTIME:
    what ``goflow.yaml`` says of the file.
    """

    path: str
    ask: str
    request: bytes
    mounts: Mapping[str, str]
    runtime: RuntimeSpec = field(default_factory=RuntimeSpec)


class AccountWantedError(Exception):
    """The file can be read once ERRAND is done."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(errand.path)
        self.errand = errand


@dataclass(frozen=True, slots=True)
class ParseResult:
    """What reading one file gave.

    CLOSURE maps each file that the evaluation read or looked for (the file itself, local modules, data files,
    ``goflow.yaml``; relative to the folder, absolute outside it) to its sha256, None where it was missing, or whether
    it is a file or a folder where only that was asked (`goflow.parser.folder.kinds`): while all of these stay as they
    are, reading again gives the same. FILE_HASH is the version's hash (decision 3).
    LOOKS_LIKE_DAG is false where Airflow's safe mode would not even import the file. IGNORES are what comments do not
    want to be told: DIAGNOSTICS still have it. READ_BY is how: evaluated, or run in a sandbox. DESCRIBED_IN has, for a
    DAG id and a task id (or an empty one: the DAG itself), the file that the line in its spec counts in, where it is
    not PATH. With an ERRAND nothing is known of the file yet. FORESEEN has, for a DAG with a timetable class of the
    author's own, what the folder's foresight asked for: runs as in `goflow.parser.export.NextRuns`, or a hole.
    """

    path: str
    file_hash: str
    dags: tuple[DagSpec, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    closure: Mapping[str, str | None] = field(default_factory=dict)
    inputs: InputsUsed = field(default_factory=InputsUsed)
    looks_like_dag: bool = True
    seconds: float = 0.0
    ignores: tuple[Ignore, ...] = ()
    read_by: ReadBy = "evaluate"
    described_in: Mapping[tuple[str, str], str] = field(default_factory=dict)
    errand: Errand | None = None
    foreseen: Mapping[str, Json] = field(default_factory=dict)


def parse_file(folder: Folder, path: str, inputs: Inputs) -> ParseResult:
    """Read the file PATH (relative to FOLDER's root) with INPUTS. Never raises: what goes wrong is a diagnostic."""
    import time

    from goflow.parser import reading

    started = time.perf_counter()
    result = reading.read(folder, path, inputs)
    return dataclasses.replace(result, seconds=time.perf_counter() - started)


def preload() -> None:
    """Load what DAG files in Python may need, which otherwise the first ones wait for: the models of libraries, and
    what these load when they are asked."""
    import importlib
    import pkgutil

    rooms = ("interpreter", "libraries", "libraries.airflow", "lower", "catalogue", "yaml", "yaml.airflow")
    for name in ("reading", *rooms):
        module = importlib.import_module(f"goflow.parser.{name}")
        for inner in pkgutil.iter_modules(getattr(module, "__path__", ())):
            importlib.import_module(f"goflow.parser.{name}.{inner.name}")
    importlib.import_module("jsonschema")
