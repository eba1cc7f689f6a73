"""Print what GoFlow sees in a folder of DAG files, as one JSON document."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import click

from goflow.cli._options import airflow_option
from goflow.domain.canonical import Json
from goflow.domain.spec import DagSpec

NEXT_RUNS = 3
"""How many the document has of a DAG."""


@click.command(name="export")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@airflow_option
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
@click.option("--glob", "pattern", default=None, help="Only files that match, such as '**/etl_*.py'.")
def command(
    folder: Path, airflow: str | None, inputs: Path | None, roots: tuple[Path, ...], pattern: str | None
) -> None:
    """Print what GoFlow sees in the DAG files of FOLDER as one JSON document.

    It has the shape of the document that Airflow's own view is printed in, so that the two can be compared. Nothing in
    the files is executed: a timetable class of the author's own is evaluated as everything else in them is.
    """
    from goflow.cli._reading import dialect_of, inputs_of, read_all
    from goflow.parser.api import Folder, Foresight, ParseResult
    from goflow.parser.export import file_document
    from goflow.parser.folder import is_yaml, looks_like_dag, survey

    root = folder.resolve()
    import_roots = tuple(path.resolve() for path in roots)
    found = survey(root, dialect_of(airflow), import_roots)
    now = dt.datetime.now(dt.UTC)
    foresight = Foresight(NEXT_RUNS, now)
    reading = Folder(root, import_roots, str(root), found.dialect, found.inferred, foresight=foresight)
    paths = [path for path in found.paths if not is_yaml(path) or looks_like_dag((root / path).read_bytes(), path)]
    if pattern:
        chosen = {path.relative_to(root).as_posix() for path in root.glob(pattern)}
        paths = [path for path in paths if path in chosen]

    def use(result: ParseResult) -> dict[str, Json]:
        return file_document(result, next_runs, now)

    document = dict(zip(paths, read_all(reading, paths, inputs_of(inputs), use), strict=True))
    json.dump(document, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")


def next_runs(dag: DagSpec, now: dt.datetime) -> Json:
    """The scheduler's answer in the document's words; an honest unknown where only the author's own class could say."""
    from goflow.scheduler.timetables import ScheduleError, next_runs

    try:
        runs = next_runs(dag, NEXT_RUNS, now=now)
    except ScheduleError:
        return {"object": "CroniterBadDateError"}
    if runs is None:
        return {"unknown": f"timetable {dag.schedule.timetable} is a class of the author's own"}
    return [[_iso(run.logical_date), _iso(run.start), _iso(run.end), _iso(run.run_after)] for run in runs]


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.UTC).isoformat()
