"""What `goflow dags test`, `goflow tasks test` and `goflow tasks render` share: options, reading, home, signals."""

from __future__ import annotations

import contextlib
import functools
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goflow.cli._checking import SUFFIXES, folder_of, shown
from goflow.cli._options import airflow_option
from goflow.cli._output import complete_dag, completer, json_option, parse_json, parse_moment

if TYPE_CHECKING:
    from goflow.engine import Purpose
    from goflow.store.rows import Dag
    from goflow.trial import Trial

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FROM_AIRFLOW = ("AIRFLOW_VAR_", "AIRFLOW_CONN_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `options` gives a command, beside its own."""

    dag: str
    logical_date: str | None
    dags: Path | None
    airflow: str | None
    roots: tuple[Path, ...]
    variables: Path | None
    connections: Path | None
    conf: dict[str, Any] | None
    keep: bool
    as_json: bool


def complete_dag_or_file(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """DAG ids of the daemon that runs, if one does, and files."""
    from click.shell_completion import CompletionItem

    ids = [CompletionItem(dag_id) for dag_id in complete_dag(context, parameter, incomplete)]
    return [*ids, CompletionItem(incomplete, type="file")]


def complete_task_of_dag(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The tasks that the running daemon knows of the DAG that was named; none without a daemon."""
    dag_id = context.params.get("dag")
    complete = completer(f"/goflow/v1/dags/{dag_id}/render", "tasks", "task_id")
    return complete(context, parameter, incomplete)


_OPTIONS = (
    json_option,
    click.option("--keep", is_flag=True, help="Keep the database and the logs, and say where they are."),
    click.option(
        "--conf",
        "--params",
        "conf",
        callback=parse_json,
        metavar="JSON",
        help="The run's conf, an object; it stands over the DAG's params.",
    ),
    click.option(
        "--connections",
        type=_FILE,
        help="A file of Connections as `airflow connections export` writes them: JSON, YAML or .env.",
    ),
    click.option(
        "--variables",
        type=_FILE,
        help="A file of Variables as `airflow variables export` writes them: JSON, YAML or .env.",
    ),
    click.option(
        "--sys-path",
        "roots",
        multiple=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A further folder that modules are imported from (repeatable).",
    ),
    airflow_option,
    click.option(
        "--dags",
        type=click.Path(exists=True, path_type=Path),
        help="The DAG folder, or the one file to read.  [default: GOFLOW_DAGS_FOLDER, else `dags` in GoFlow's home]",
    ),
)


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Let COMMAND(given: Options, ...) have the options of all three."""

    @functools.wraps(command)
    def call(**values: Any) -> None:
        own = {name: values.pop(name) for name in list(values) if name not in Options.__dataclass_fields__}
        command(Options(**values), **own)

    for decorate in _OPTIONS:
        call = decorate(call)
    return call


dag_or_file = click.argument("dag", metavar="DAG", shell_complete=complete_dag_or_file)
date_argument = click.argument("logical_date", metavar="[LOGICAL_DATE]", required=False, callback=parse_moment)


@dataclass(frozen=True, slots=True)
class Place:
    """What is read: the folder ROOT, of it only FILE (relative) where that is not None, for DAG_ID (None: the only one
    there)."""

    root: Path
    file: str | None
    dag_id: str | None

    @property
    def shown(self) -> str:
        """How the paths of its files begin for somebody who stands in the working directory."""
        return shown(self.root)


def place_of(dag: str, dags: Path | None) -> Place:
    """Where DAG, an id or a file, is to be looked for. Raises click.UsageError."""
    named = Path(dag)
    if named.is_file():
        if dags is not None and dags.is_file():
            raise click.UsageError("--dags names a file, so DAG is the id of a DAG in it")
        return _in_file(named, dags, None)
    if named.suffix in SUFFIXES and ("/" in dag or named.suffix == ".py"):
        raise click.UsageError(f"there is no file {dag}")
    if dags is not None and dags.is_file():
        return _in_file(dags, None, dag)
    if dags is None:
        from goflow import settings as all_settings

        dags = all_settings.load().dags
        if not dags.is_dir():
            raise click.UsageError(f"there is no DAG folder {dags}: name a folder or a file with --dags")
    return Place(dags.resolve(), None, dag)


def _in_file(file: Path, root: Path | None, dag_id: str | None) -> Place:
    if file.suffix not in SUFFIXES:
        raise click.UsageError(f"{file} is no DAG file: neither Python nor YAML nor a zip archive of them")
    real = file.resolve()
    folder = folder_of(real) if root is None else root.resolve()
    if not real.is_relative_to(folder):
        raise click.UsageError(f"{file} is not in the folder {root}")
    return Place(folder, real.relative_to(folder).as_posix(), dag_id)


@contextlib.contextmanager
def home_of(keep: bool) -> Iterator[Path]:
    """A GoFlow home of its own, gone in the end unless it is to be kept."""
    home = Path(tempfile.mkdtemp(prefix="goflow-test-"))
    try:
        yield home
    finally:
        if keep:
            click.echo(f"Kept: GOFLOW_HOME={home} goflow runs list", err=True)
        else:
            import shutil

            shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def trial_of(given: Options, purpose: Purpose, home: Path, *, triggered: bool = False) -> Iterator[tuple[Trial, Dag]]:
    """What tries out the DAG of GIVEN, which has been read, and that DAG. TRIGGERED: runs of other DAGs begin, too.

    Ends the program where the DAG cannot be read, with what is wrong.
    """
    import dataclasses
    import os

    from goflow import settings as all_settings
    from goflow.cli._given import connections_of, variables_of
    from goflow.importer.pool import ReaderPool
    from goflow.telemetry.logging import configure
    from goflow.wiring import import_settings

    place = place_of(given.dag, given.dags)
    named, connected = variables_of(given.variables), connections_of(given.connections)
    settings = all_settings.load(
        home=home,
        dags_folder=place.root,
        import_roots=[root.resolve() for root in given.roots] or None,
        dialect=f"airflow{given.airflow}" if given.airflow else None,
        backend="local",
        database_url="",
        task_api_host="127.0.0.1",
        task_api_port=0,
        task_api_url="",
        trigger_runners=1,
        unpaused_at_creation=triggered,
    )
    configure("text", "warning")
    told = {name: value for name, value in os.environ.items() if name.startswith(_FROM_AIRFLOW)}
    only = None if place.file is None else frozenset({place.file})
    importing = dataclasses.replace(import_settings(settings), environment=told, only=only)
    readers = ReaderPool(importing)
    readers.warm()  # they load while the rest is loaded
    from goflow.trial import Trial

    with Trial(settings, importing, purpose, readers) as trial:
        trial.give(named, connected)
        yield trial, _read(trial, place)


def _read(trial: Trial, place: Place) -> Dag:
    """The DAG of PLACE; what is wrong with it is told."""
    from goflow.cli._trial_view import tell_findings

    found = {dag.dag_id: dag for dag in trial.read()}
    if place.dag_id is None and len(found) == 1:
        (chosen,) = found
    else:
        chosen = place.dag_id or ""
    errors = trial.errors()
    if chosen in found:
        own = [one for one in errors if one.span.path == found[chosen].file_path and one.dag_id in {None, chosen}]
        tell_findings([*own, *trial.warnings(found[chosen])], place)
        if not own:
            return found[chosen]
        raise SystemExit(1)
    tell_findings([one for one in errors if one.dag_id in {None, chosen} or place.dag_id is None], place)
    raise SystemExit(_missing(place, list(found), bool(errors)))


def _missing(place: Place, ids: list[str], has_errors: bool) -> int:
    """Say that there is no such DAG; the exit code."""
    from difflib import get_close_matches

    where = f"{place.shown}{place.file}" if place.file else str(place.root)
    if place.dag_id is None and ids:
        click.echo(f"Error: {where} has several DAGs: {', '.join(sorted(ids))}", err=True)
        click.echo(f"Name one of them: ... DAG --dags {where}", err=True)
        return 2
    if place.dag_id is None:
        click.echo(f"Error: {where} has no DAG{' that can be read' if has_errors else ''}", err=True)
        return 1
    close = get_close_matches(place.dag_id, ids, n=3)
    hint = f"Did you mean {', '.join(close)}?" if close else f"`goflow check {place.root}` says what is wrong there."
    click.echo(f"Error: there is no DAG {place.dag_id} in {where}\n{hint}", err=True)
    return 1


@contextlib.contextmanager
def stopped_by_signals(trial: Trial) -> Iterator[None]:
    """While SIGINT, SIGTERM and SIGHUP tell TRIAL to stop, and the second of them to kill."""

    def stop(*_: object) -> None:
        trial.stop()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
