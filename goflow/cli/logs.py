"""Search the logs of all runs, to see where a message appeared."""

from __future__ import annotations

import datetime as dt
import re

import click

from goflow.cli._client import connect
from goflow.cli._output import complete_dag, json_option, parse_moment, show

_SPAN = re.compile(r"(\d+)([smhdw])$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@click.group()
def command() -> None:
    """Search the logs of all runs, to see where a message appeared."""


def parse_since(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """A moment given as ISO text, or how long ago it was: ``90m``, ``2h``, ``7d``."""
    match = _SPAN.match(text or "")
    if match is None:
        return parse_moment(context, parameter, text)
    ago = dt.timedelta(**{_UNITS[match[2]]: int(match[1])})
    return (dt.datetime.now(dt.UTC) - ago).isoformat()


@command.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--dag", "dag_id", metavar="DAG", shell_complete=complete_dag, help="Only in runs of that DAG.")
@click.option("--run", "run_id", metavar="RUN", help="Only in that run.")
@click.option("--task", "task_id", metavar="TASK", help="Only in tasks of that id.")
@click.option("--since", callback=parse_since, metavar="WHEN", help="Only from then on: 2h, 7d, or ISO (UTC).")
@click.option("--until", callback=parse_since, metavar="WHEN", help="Only before then.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="The newest so many.")
@json_option
def search(
    words: tuple[str, ...],
    dag_id: str | None,
    run_id: str | None,
    task_id: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Lines that have WORDS in them, one after the other, in either case; the newest first."""
    asked = {"dag_id": dag_id, "dag_run_id": run_id, "task_id": task_id, "since": since, "until": until}
    with connect() as api:
        found = api.get("/goflow/v1/logs/search", q=" ".join(words), limit=limit, **asked)
    rows = found["lines"]
    if not as_json:
        for row in rows:
            row["when"] = dt.datetime.fromtimestamp(row["at"], dt.UTC).isoformat(timespec="milliseconds")
            row["task"] = row["task_id"] if row["map_index"] < 0 else f"{row['task_id']}[{row['map_index']}]"
    columns = [
        ("when", "WHEN"),
        ("dag_id", "DAG"),
        ("dag_run_id", "RUN"),
        ("task", "TASK"),
        ("try_number", "TRY"),
        ("seq", "LINE"),
        ("text", "TEXT"),
    ]
    show(rows, columns, as_json, empty="No line has these words in it.")
    if found["partial"]:
        click.echo(f"({found['partial']})", err=True)
