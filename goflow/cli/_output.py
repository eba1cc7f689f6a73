"""How commands speak: tables and colours for people at a terminal, JSON for scripts."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

STATE_STYLES = {
    "success": "green",
    "running": "bright_green",
    "failed": "red",
    "upstream_failed": "dark_orange",
    "skipped": "magenta",
    "up_for_retry": "yellow",
    "up_for_reschedule": "cyan",
    "queued": "bright_black",
    "scheduled": "bright_black",
    "deferred": "blue",
    "awaiting_input": "dark_orange",
    "none": "bright_black",
}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
Row = dict[str, Any]


def show(rows: Sequence[Row], columns: Sequence[tuple[str, str]], as_json: bool, *, empty: str) -> None:
    """Print ROWS: as JSON whole, or as a table of COLUMNS (key, heading); EMPTY says what to do when there are none."""
    if as_json:
        click.echo(json.dumps(list(rows), indent=1, ensure_ascii=False))
        return
    if not rows:
        click.echo(empty, err=True)
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for _, heading in columns:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(cell(row.get(key), key) for key, _ in columns))
    console.print(table)


def cell(value: Any, key: str = "") -> str:
    """One cell: states coloured, moments without their microseconds, nothing as a dash."""
    from rich.markup import escape

    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if key == "state":
        return f"[{STATE_STYLES.get(text, 'default')}]{text}[/]"
    if key.endswith(("_date", "_at", "_when", "_after")):
        return escape(text[:19].replace("T", " "))
    return escape(text)


def details(row: Row, as_json: bool, *, leave_out: Sequence[str] = ()) -> None:
    """Print one thing: as JSON whole, or a line for each key."""
    if as_json:
        click.echo(json.dumps(row, indent=1, ensure_ascii=False))
        return
    shown = {key: value for key, value in row.items() if key not in leave_out}
    width = max(len(key) for key in shown)
    for key, value in shown.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        click.echo(f"{key:<{width}}  {'-' if text is None else text}")


def amount(number: int, thing: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def parse_json(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """A JSON object given as an option. Wrong usage when it is none."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as problem:
        raise click.BadParameter(f"this is no JSON: {problem}") from None
    if not isinstance(value, dict):
        raise click.BadParameter("this is JSON, but no object: {...}")
    return value


def parse_moment(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """A moment given as ISO text; without a zone it means UTC."""
    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no ISO date or date-time, such as 2026-01-31T06:00:00+00:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC).isoformat()


def completer(path: str, key: str, field: str) -> Callable[..., list[str]]:
    """Shell completion from the daemon's API; quiet when there is none."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        from goflow.cli._client import Api, running_daemon
        from goflow.default_home import default_home

        try:
            found = running_daemon(default_home())
            if found is None:
                return []
            rows = Api(found["url"], found["token"], live=True).get(path.format(**context.params), limit=1000)[key]
        except Exception:  # a completion that fails must not break the command line
            return []
        return [row[field] for row in rows if str(row[field]).startswith(incomplete)]

    return complete


complete_dag = completer("/api/v2/dags", "dags", "dag_id")
complete_run = completer("/api/v2/dags/{dag_id}/dagRuns", "dag_runs", "dag_run_id")
complete_task = completer("/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances", "task_id")
dag_argument = click.argument("dag_id", metavar="DAG", shell_complete=complete_dag)
run_argument = click.argument("run_id", metavar="RUN", shell_complete=complete_run)
task_argument = click.argument("task_id", metavar="TASK", shell_complete=complete_task)


def relatives_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options for what is meant with a task: ``upstream``, ``downstream``, ``past``, ``future``."""
    for name, words in reversed(_RELATIVES.items()):
        command = click.option(f"--{name}", is_flag=True, help=words)(command)
    return command


_RELATIVES = {
    "upstream": "And everything before it.",
    "downstream": "And everything after it.",
    "past": "And the same in runs with an earlier logical date.",
    "future": "And the same in runs with a later logical date.",
}
map_index_option = click.option("--map-index", type=int, default=-1, help="Which copy of a mapped task.")
newest_version_option = click.option(
    "--newest-version/--own-version",
    default=None,
    help="Run with the newest version of the DAG, or with the run's own (the default, unless the DAG says otherwise).",
)


def dag_column(rows: Sequence[Mapping[str, Any]], dag_id: str) -> list[tuple[str, str]]:
    """A column for the DAG of each of ROWS, where one is of another than DAG_ID: what an ``ExternalTaskMarker`` names.
    Tasks that are yet to be made have no DAG of their own there."""
    return [("dag_id", "DAG")] if any(row.get("dag_id", dag_id) != dag_id for row in rows) else []
