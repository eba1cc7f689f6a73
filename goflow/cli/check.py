"""Read DAG files without running them and say what is wrong with them, line by line."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from goflow.domain.diagnostics import Diagnostic
    from goflow.domain.spec import Dialect, Inputs
    from goflow.parser.api import Folder, ParseResult


@dataclass(frozen=True)
class Found:
    """What reading one file gave, as far as it is told here. DAGS maps ids to lines."""

    path: str
    dags: dict[str, int]
    tasks: int
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Place:
    """A DAG folder and the files of it that were asked for; SHOWN is how its path is written before theirs."""

    root: Path
    paths: list[str]
    shown: str


@click.command(name="check")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--airflow", type=click.Choice(["2", "3"]), default="3", show_default=True, help="Whose defaults hold.")
@click.option(
    "--inputs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON with the variables, env and connections that the files may ask for.",
)
@click.option(
    "--sys-path",
    "roots",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A further folder that modules are imported from (repeatable).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of code frames.")
@click.option("--notes/--no-notes", default=True, help="Whether to show notes, which are no faults.")
def command(
    paths: tuple[Path, ...], airflow: str, inputs: Path | None, roots: tuple[Path, ...], as_json: bool, notes: bool
) -> None:
    """Read the DAG files at PATH... (files or folders) without running them, and say what is wrong with them.

    The exit code is 0 if there are no errors, 1 if there are, and 2 for wrong usage.
    """
    from goflow.cli._reading import dialect_of, inputs_of
    from goflow.parser.api import Folder

    given, dialect = inputs_of(inputs), dialect_of(airflow)
    import_roots = tuple(path.resolve() for path in roots)
    told = _Told(as_json, notes)
    for place in places(paths, dialect):
        folder = Folder(place.root, import_roots, str(place.root), dialect)
        told.take(place, twice(read(folder, place.paths, given)))
    told.end()
    sys.exit(1 if told.count["error"] else 0)


def places(paths: Iterable[Path], dialect: Dialect) -> Iterator[Place]:
    """The folders that PATHS name, and for single files the folder that each lies in: the nearest one above it that has
    a `goflow.yaml` or an `.airflowignore`, else its own."""
    from goflow.parser.folder import CONFIG_NAME, dag_files, folder_config

    files: dict[Path, list[Path]] = {}
    for path in paths:
        if path.name == CONFIG_NAME:
            files.setdefault(path.resolve().parent, [])
        elif path.is_file() and path.suffix not in {".py", ".yaml", ".yml"}:
            raise click.UsageError(f"{path} is no DAG file: neither Python nor YAML")
        elif path.is_dir():
            root = path.resolve()
            config = folder_config(root)
            yield Place(root, dag_files(root, config.dialect or dialect, config.ignore_syntax), _shown(path))
        else:
            files.setdefault(_folder_of(path.resolve()), []).append(path.resolve())
    for root, own in files.items():
        yield Place(root, [path.relative_to(root).as_posix() for path in own], _shown(root))


def read(folder: Folder, paths: list[str], inputs: Inputs) -> Iterator[Found]:
    """Read PATHS of FOLDER, with a progress bar where somebody watches; `goflow.yaml` first."""
    from rich.console import Console
    from rich.progress import track

    from goflow.cli._reading import PAYS_FROM, read_all
    from goflow.parser.folder import CONFIG_NAME, folder_config

    faults = folder_config(folder.root).diagnostics
    if faults:
        yield Found(CONFIG_NAME, {}, 0, faults)
    console = Console(stderr=True)
    readings = read_all(folder, paths, inputs, found_in)
    quiet = len(paths) < PAYS_FROM or not console.is_terminal
    yield from track(readings, "Reading", total=len(paths), console=console, transient=True, disable=quiet)


def found_in(result: ParseResult) -> Found:
    """What is told of RESULT; faults of `goflow.yaml` are told once, with itself."""
    from goflow.operators.registry import diagnose
    from goflow.parser.folder import CONFIG_NAME

    own = tuple(finding for finding in result.diagnostics if finding.span.path != CONFIG_NAME)
    own += tuple(finding for dag in result.dags for finding in diagnose(dag, result.path))
    dags = {dag.dag_id: dag.line for dag in result.dags}
    return Found(result.path, dags, sum(len(dag.tasks) for dag in result.dags), own)


def twice(readings: Iterable[Found]) -> Iterator[Found]:
    """READINGS, with GF007 for each DAG id that a file before has already defined."""
    from goflow.domain.diagnostics import Diagnostic, Span

    first: dict[str, tuple[str, int]] = {}
    for reading in readings:
        for dag_id, line in reading.dags.items():
            if dag_id in first:
                path, other = first[dag_id]
                words = f"the DAG {dag_id!r} is already defined in {path}, line {other}"
                fault = Diagnostic("GF007", words, Span(reading.path, line, 1), dag_id=dag_id)
                reading = replace(reading, diagnostics=(*reading.diagnostics, fault))
            first.setdefault(dag_id, (reading.path, line))
        yield reading


class _Told:
    """Prints findings as they come, and counts."""

    def __init__(self, as_json: bool, notes: bool) -> None:
        from rich.console import Console

        self.as_json, self.notes = as_json, notes
        self.console = Console(highlight=False, soft_wrap=True)
        self.count: Counter[str] = Counter()
        self.findings: list[object] = []

    def take(self, place: Place, readings: Iterable[Found]) -> None:
        """Tell what was found in PLACE."""
        from goflow.cli._frames import Frames
        from goflow.parser.folder import CONFIG_NAME

        frames = Frames(place.root, place.shown)
        for reading in readings:
            self.count["files"] += reading.path != CONFIG_NAME
            self.count["DAGs"] += len(reading.dags)
            self.count["tasks"] += reading.tasks
            for finding in sorted(reading.diagnostics, key=lambda one: (one.span.line, one.span.column, one.code)):
                self.count[finding.severity.value] += 1
                if self.as_json:
                    self.findings.append(finding.to_json())
                elif self.notes or finding.severity.value != "note":
                    self.console.print(frames.frame(finding))

    def end(self) -> None:
        """The summary, or the whole document."""
        numbers = {name: self.count[name] for name in ("files", "DAGs", "tasks", "error", "warning", "note")}
        if self.as_json:
            names = {"DAGs": "dags", "error": "errors", "warning": "warnings", "note": "notes"}
            document = {names.get(name, name): value for name, value in numbers.items()}
            click.echo(json.dumps({**document, "diagnostics": self.findings}, indent=2))
            return
        read_words = ", ".join(_amount(numbers[name], name.removesuffix("s")) for name in ("files", "DAGs", "tasks"))
        faults = [_amount(numbers[name], name) for name in ("error", "warning", "note") if numbers[name]]
        style = "bold red" if numbers["error"] else "bold green"
        self.console.print(f"{read_words}: {', '.join(faults) or 'nothing to complain about'}", style=style)


def _amount(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _folder_of(path: Path) -> Path:
    for folder in path.parents:
        if (folder / "goflow.yaml").exists() or (folder / ".airflowignore").exists():
            return folder
    return path.parent


def _shown(path: Path) -> str:
    try:
        path = path.resolve().relative_to(Path.cwd())
    except ValueError:
        path = path.resolve()
    return "" if path == Path() else f"{path.as_posix()}/"
