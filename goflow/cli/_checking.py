"""What `goflow check` reads: the folders and files that were asked for, and what each file gave."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from goflow.domain.diagnostics import Diagnostic
    from goflow.domain.spec import Dialect, Inputs
    from goflow.parser.api import Folder, ParseResult
    from goflow.parser.folder import Survey

SUFFIXES = frozenset({".py", ".yaml", ".yml", ".zip"})
PASSED_OVER = frozenset({"", ".pyi"})
"""What pre-commit counts among Python files, too, and no DAG folder does."""
FOLDER_NAME = "dags"
"""A folder of this name is taken for the DAG folder of the files below it."""


@dataclass(frozen=True)
class Found:
    """What reading one file gave, as far as it is told here. DAGS maps ids to lines."""

    path: str
    dags: dict[str, int]
    tasks: int
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Place:
    """A DAG folder and the files of it that were asked for; SHOWN is how its path is written before theirs. SURVEY is
    what was found in it."""

    root: Path
    paths: list[str]
    shown: str
    survey: Survey


def places(
    paths: Iterable[Path], dialect: Dialect | None, import_roots: Sequence[Path] = (), folders: Sequence[Path] = ()
) -> Iterator[Place]:
    """The folders that PATHS name, and for single files the folder that each lies in: one of FOLDERS, else the nearest
    one above it that has a `goflow.yaml` or an `.airflowignore` or is called ``dags``, else its own.

    Files outside of FOLDERS, and those that they ignore, are passed over: whoever names folders may give all files of a
    repository, as pre-commit does. DIALECT and IMPORT_ROOTS: `goflow.parser.folder.survey`.
    """
    from goflow.parser.folder import CONFIG_NAME, survey

    files: dict[Path, list[Path]] = {folder.resolve(): [] for folder in folders}
    for path in paths:
        real = path.resolve()
        if path.is_dir():
            found = survey(real, dialect, import_roots)
            yield Place(real, found.paths, shown(path), found)
        elif folders:
            for root in files:
                if real.is_relative_to(root):
                    files[root].append(real)
        elif path.name == CONFIG_NAME:
            files.setdefault(real.parent, [])
        elif path.suffix in PASSED_OVER:
            continue
        elif path.suffix not in SUFFIXES:
            raise click.UsageError(f"{path} is no DAG file: neither Python nor YAML nor a zip archive of them")
        else:
            files.setdefault(folder_of(real), []).append(real)
    for root, own in files.items():
        names = [path.relative_to(root).as_posix() for path in own]
        found = survey(root, dialect, import_roots)
        counted = set(found.paths) if folders else set(names)
        yield Place(root, [name for name in names if name in counted], shown(root), found)


def read(folder: Folder, place: Place, inputs: Inputs) -> Iterator[Found]:
    """Read the files of PLACE, in FOLDER, with a progress bar where somebody watches; `goflow.yaml` first."""
    from goflow.cli._reading import read_watched
    from goflow.domain.ignores import silenced
    from goflow.parser.comments import ignores_in
    from goflow.parser.folder import CONFIG_NAME, read_regular

    faults = place.survey.config.diagnostics
    if faults:
        content = b""
        with contextlib.suppress(OSError):  # which is among the faults
            content = read_regular(place.root / CONFIG_NAME)
        ignores, misunderstood = ignores_in(content, CONFIG_NAME)
        yield Found(CONFIG_NAME, {}, 0, silenced([*faults, *misunderstood], ignores, CONFIG_NAME))
    yield from read_watched(folder, place.paths, inputs, found_in)


def found_in(result: ParseResult) -> Found:
    """What is told of RESULT; faults of `goflow.yaml` are told once, with itself."""
    from goflow.operators.registry import findings
    from goflow.parser.folder import CONFIG_NAME

    own = tuple(finding for finding in findings(result) if finding.span.path != CONFIG_NAME)
    dags = {dag.dag_id: dag.line if (dag.dag_id, "") not in result.described_in else 0 for dag in result.dags}
    return Found(result.path, dags, sum(len(dag.tasks) for dag in result.dags), own)


def twice(readings: Iterable[Found]) -> Iterator[Found]:
    """READINGS, with GF007 for each DAG id that a file before has already defined."""
    from goflow.domain.diagnostics import Diagnostic, Span

    first: dict[str, tuple[str, int]] = {}
    for reading in readings:
        for dag_id, line in reading.dags.items():
            if dag_id in first:
                path, other = first[dag_id]
                words = f"the DAG {dag_id!r} is already defined in {path}{f', line {other}' if other else ''}"
                hint = "give one of the two another id: only the other one is taken"
                fault = Diagnostic("GF007", words, Span(reading.path, line, min(line, 1)), hint=hint, dag_id=dag_id)
                reading = replace(reading, diagnostics=(*reading.diagnostics, fault))
            first.setdefault(dag_id, (reading.path, line))
        yield reading


def shown(path: Path) -> str:
    """How the paths of files in the folder PATH begin for somebody who stands in the working directory."""
    try:
        path = path.resolve().relative_to(Path.cwd())
    except ValueError:
        path = path.resolve()
    return "" if path == Path() else f"{path.as_posix()}/"


def folder_of(path: Path) -> Path:
    """The DAG folder that the file PATH is taken to lie in: see `places`."""
    for folder in path.parents:
        if (folder / "goflow.yaml").exists() or (folder / ".airflowignore").exists() or folder.name == FOLDER_NAME:
            return folder
    return path.parent
