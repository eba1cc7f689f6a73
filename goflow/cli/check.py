"""Read DAG files without running them and say what is wrong with them, line by line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from goflow.cli._codes import codes_of, complete_code
from goflow.cli._options import airflow_option

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(name="check")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
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
    type=_FOLDER,
    help="A further folder that modules are imported from (repeatable).",
)
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=_FOLDER,
    help="A DAG folder that the files belong to; others, and those that it ignores, are passed over (repeatable).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github", "markdown"]),
    default="text",
    show_default=True,
    help="Code frames; JSON; SARIF 2.1.0; GitHub's annotations; Markdown (with --airflow-repo only).",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option(
    "--select",
    multiple=True,
    metavar="CODE",
    callback=codes_of,
    shell_complete=complete_code,
    help="Only these codes, or those that begin so (repeatable, or with commas).",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE",
    callback=codes_of,
    shell_complete=complete_code,
    help="Not these codes: they are neither told nor counted.",
)
@click.option("--notes/--no-notes", default=True, help="Whether to show notes, which are no faults.")
@click.option("--strict", is_flag=True, help="Warnings are a reason to exit with 1, too.")
@click.option(
    "--airflow-repo",
    "repository",
    metavar="DIRECTORY",
    type=_FOLDER,
    help="Report how an Airflow repository would be read and run: before migrating.",
)
def command(
    paths: tuple[Path, ...],
    airflow: str | None,
    inputs: Path | None,
    roots: tuple[Path, ...],
    folders: tuple[Path, ...],
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    notes: bool,
    strict: bool,
    repository: Path | None,
) -> None:
    """Read the DAG files at PATH... (files or folders) without running them, and say what is wrong with them.

    The exit code is 0 if there are no errors, 1 if there are (with --strict: or warnings), and 2 for wrong usage. With
    --airflow-repo it is 0 whatever the report says.
    """
    from goflow.cli._checking import places, read, twice
    from goflow.cli._reading import dialect_of, inputs_of
    from goflow.cli._telling import Wanted, forms
    from goflow.parser.api import Folder

    dialect = dialect_of(airflow)
    if repository is not None:
        from goflow.cli._coverage_report import tell

        if paths:
            raise click.UsageError("--airflow-repo looks for the DAG files itself: leave the paths away")
        tell(repository, folders, roots, dialect, inputs_of(inputs), form)
        return
    if not paths and not folders:
        raise click.UsageError("name the files or folders to check, such as `goflow check dags`")
    if form == "markdown":
        raise click.UsageError("--format markdown is for the report of --airflow-repo")
    given = inputs_of(inputs)
    import_roots = tuple(path.resolve() for path in roots)
    telling = forms()[form](Wanted(select, ignore, notes))
    for place in places(paths or folders, dialect, import_roots, folders):
        reading = Folder(place.root, import_roots, str(place.root), place.survey.dialect, place.survey.inferred)
        telling.take(place, twice(read(reading, place, given)))
    telling.end()
    sys.exit(1 if telling.failed(strict) else 0)
