"""Reading many files from the command line: in processes beside this one when that pays, answers in order."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, ParseResult, parse_file

T = TypeVar("T")
Use = Callable[[ParseResult], T]
PAYS_FROM = 16
"""So many files are read faster by two processes than by one: forking costs about what ten files do."""
MOST_PROCESSES = 4


@dataclass(frozen=True)
class Work:
    """What the processes need; it reaches them by being forked, not by being sent."""

    folder: Folder
    inputs: Inputs
    use: Use[Any]


_work: Work | None = None


def read_all(folder: Folder, paths: Sequence[str], inputs: Inputs, use: Use[T]) -> Iterator[T]:
    """What USE makes of each of PATHS' readings, in their order. USE runs where the file was read."""
    global _work  # noqa: PLW0603  forked processes find it here
    _work = Work(folder, inputs, use)
    gc.set_threshold(50_000, 20, 50)  # many short-lived trees, hardly any cycles among them
    processes = min(_cores(), MOST_PROCESSES)
    if processes < 2 or len(paths) < PAYS_FROM:
        yield from map(_read, paths)
        return
    yield _read(paths[0])  # loads the reader's modules, which the processes then share
    gc.freeze()
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap(_read, paths[1:], chunksize=2)


def read_watched(folder: Folder, paths: Sequence[str], inputs: Inputs, use: Use[T]) -> Iterator[T]:
    """As `read_all`, with a progress bar on standard error where somebody watches and it takes a while."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    readings = read_all(folder, paths, inputs, use)
    quiet = len(paths) < PAYS_FROM or not console.is_terminal
    yield from track(readings, "Reading", total=len(paths), console=console, transient=True, disable=quiet)


def inputs_of(path: Path | None) -> Inputs:
    """The document ``{"variables": {name: value}, "env": {name: text}, "connections": {id: URI}}`` at PATH. Raises
    click.UsageError for anything else."""
    if path is None:
        return Inputs()
    try:
        said = json.loads(path.read_text("utf-8"))
        variables = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in said.get("variables", {}).items()
        }
        environment = {name: str(value) for name, value in said.get("env", {}).items()}
        return Inputs(variables, environment, dict(said.get("connections", {})))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise click.UsageError(f"{path} is no document of inputs: {error}") from None


def dialect_of(airflow: str) -> Dialect:
    """The dialect that ``--airflow 2|3`` names."""
    return Dialect.AIRFLOW2 if airflow == "2" else Dialect.AIRFLOW3


def _read(path: str) -> Any:
    assert _work is not None
    return _work.use(parse_file(_work.folder, path, _work.inputs))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
