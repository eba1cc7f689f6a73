"""Reading files from the command line: in processes beside this one, answers in order."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import click

from goflow.cli._children import Children, Work
from goflow.domain.diagnostics import Diagnostic
from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, ParseResult, parse_file, preload

T = TypeVar("T")
Use = Callable[[ParseResult], T]
PAYS_FROM = 16
"""So many files are read faster by two processes than by one: forking costs about what ten files do."""
MOST_PROCESSES = 4


def read_all(folder: Folder, paths: Sequence[str], inputs: Inputs, use: Use[T]) -> Iterator[T]:
    """What USE makes of each of PATHS' readings, in their order. USE runs where the file was read: in a process beside
    this one, so that a file which makes its process die has that as its diagnostic, and the others go on."""

    def read(path: str) -> T:
        return use(parse_file(folder, path, inputs))

    def lost(finding: Diagnostic) -> T:
        return use(ParseResult(finding.span.path, "", diagnostics=(finding,)))

    processes = min(_cores(), MOST_PROCESSES) if len(paths) >= PAYS_FROM else 1
    if processes > 1:
        preload()  # here, so that they share it
    with Children(Work(read, lost), processes) as children:
        yield from children.answers(paths)


def read_watched(folder: Folder, paths: Sequence[str], inputs: Inputs, use: Use[T]) -> Iterator[T]:
    """As `read_all`, with a progress bar on standard error where somebody watches and it takes a while."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    readings = read_all(folder, paths, inputs, use)
    quiet = len(paths) < PAYS_FROM or not console.is_terminal
    yield from track(
        readings,
        "Reading",
        total=len(paths),
        auto_refresh=False,  # which would take a thread, and there is to be none while processes are forked
        console=console,
        transient=True,
        disable=quiet,
    )


def inputs_of(path: Path | None) -> Inputs:
    """The document ``{"variables": {name: value}, "env": {name: text}, "connections": {id: URI}, "python":
    path, "absent_modules": [name]}`` at PATH, of which any part may be absent. Raises click.UsageError for anything
    else."""
    if path is None:
        return Inputs()
    try:
        said = json.loads(path.read_text("utf-8"))
        variables = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in said.get("variables", {}).items()
        }
        environment = {name: str(value) for name, value in said.get("env", {}).items()}
        absent = frozenset(map(str, said.get("absent_modules", ())))
        return Inputs(variables, environment, dict(said.get("connections", {})), str(said.get("python", "")), absent)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise click.UsageError(f"{path} is no document of inputs: {error}") from None


def dialect_of(airflow: str | None) -> Dialect | None:
    """The dialect that ``--airflow 2|3`` names; None where it is not given."""
    return None if airflow is None else Dialect(f"airflow{airflow}")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
