"""List, show, set and delete connections; their secrets are encrypted at rest and never shown."""

from __future__ import annotations

from typing import Any

import click
from goflow_runner.connections import of_uri

from goflow.cli._client import connect
from goflow.cli._output import details, json_option, show
from goflow.cli.dags import pages


@click.group()
def command() -> None:
    """List, show, set and delete connections; their secrets are encrypted at rest and never shown."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """All connections."""
    with connect() as api:
        rows = pages(api, "/api/v2/connections", "connections")
    columns = [("connection_id", "CONNECTION"), ("conn_type", "TYPE"), ("host", "HOST"), ("login", "LOGIN")]
    show(rows, columns, as_json, empty="There are no connections. `goflow connections set ID --uri URI` makes one.")


@command.command("get")
@click.argument("conn_id", metavar="ID")
@json_option
def get_command(conn_id: str, as_json: bool) -> None:
    """Show one, without its secrets."""
    with connect() as api:
        details(api.get(f"/api/v2/connections/{conn_id}"), as_json)


@command.command("set")
@click.argument("conn_id", metavar="ID")
@click.option("--uri", help="All of it as a URI: TYPE://LOGIN:PASSWORD@HOST:PORT/SCHEMA?EXTRA=...")
@click.option("--type", "conn_type", help="Its type, such as postgres or http.")
@click.option("--host")
@click.option("--login")
@click.option("--password", help="`-` asks for it, so that it stays out of the shell's history.")
@click.option("--schema")
@click.option("--port", type=int)
@click.option("--extra", help="A JSON object.")
@click.option("--description", help="What it is for.")
def set_command(conn_id: str, uri: str | None, password: str | None, **parts: Any) -> None:
    """Set one, by its parts or by a URI as Airflow writes them."""
    if password == "-":  # noqa: S105 - a dash asks for it
        password = click.prompt("Password", hide_input=True)
    body: dict[str, Any] = {"connection_id": conn_id, **(parts_of(uri) if uri else {})}
    body.update({name: value for name, value in {**parts, "password": password}.items() if value is not None})
    with connect() as api:
        api.call("PUT", "/goflow/v1/connections", body=body)
    click.echo(f"{conn_id} is set")


@command.command("delete")
@click.argument("conn_id", metavar="ID")
def delete_command(conn_id: str) -> None:
    """Remove one."""
    with connect() as api:
        api.call("DELETE", f"/api/v2/connections/{conn_id}")
    click.echo(f"{conn_id} is removed")


def parts_of(uri: str) -> dict[str, Any]:
    """The parts of a connection's URI as Airflow reads it; an empty text is None. Raises click.BadParameter."""
    try:
        found = of_uri(uri)
    except ValueError as problem:
        raise click.BadParameter(f"it cannot be read: {problem}") from None
    if not found["conn_type"]:
        raise click.BadParameter("it has no scheme: TYPE://LOGIN:PASSWORD@HOST:PORT/SCHEMA")
    return {name: None if value == "" else value for name, value in found.items() if name != "description"}
