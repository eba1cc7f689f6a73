"""List, show, set, delete and import Variables."""

from __future__ import annotations

import json
from pathlib import Path

import click

from goflow.cli._client import connect
from goflow.cli._output import json_option, show
from goflow.cli.dags import pages

COLUMNS = [("key", "KEY"), ("value", "VALUE"), ("description", "DESCRIPTION")]


@click.group()
def command() -> None:
    """List, show, set, delete and import Variables."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """All Variables."""
    with connect() as api:
        rows = pages(api, "/api/v2/variables", "variables")
    show(rows, COLUMNS, as_json, empty="There are no Variables. `goflow variables set KEY VALUE` makes one.")


@command.command("get")
@click.argument("key")
def get_command(key: str) -> None:
    """Print the value of one."""
    with connect() as api:
        click.echo(api.get(f"/goflow/v1/variables/{key}")["value"])


@command.command("set")
@click.argument("key")
@click.argument("value")
@click.option("--description", help="What it is for.")
def set_command(key: str, value: str, description: str | None) -> None:
    """Set one."""
    with connect() as api:
        api.call("PUT", "/goflow/v1/variables", body={"key": key, "value": value, "description": description})
    click.echo(f"{key} is set")


@command.command("delete")
@click.argument("key")
def delete_command(key: str) -> None:
    """Remove one."""
    with connect() as api:
        api.call("DELETE", f"/api/v2/variables/{key}")
    click.echo(f"{key} is removed")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(file: Path) -> None:
    """Set all Variables of a JSON file, as `airflow variables export` writes it."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise click.BadParameter(f"{file} is no JSON: {problem}") from None
    if not isinstance(found, dict):
        raise click.BadParameter(f"{file} holds no object of names and values")
    with connect() as api:
        for key, value in found.items():
            text = value if isinstance(value, str) else json.dumps(value)
            api.call("PUT", "/goflow/v1/variables", body={"key": key, "value": text})
    click.echo(f"{len(found)} set")
