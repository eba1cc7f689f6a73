"""List, show, set and delete connections; their secrets are encrypted at rest and never shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import click

from goflow.cli._client import connect
from goflow.cli._output import details, json_option, show


@click.group()
def command() -> None:
    """List, show, set and delete connections; their secrets are encrypted at rest and never shown."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """All connections."""
    with connect() as api:
        rows = api.get("/api/v2/connections")["connections"]
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
        api.call("POST", "/api/v2/connections", body=body)
    click.echo(f"{conn_id} is set")


@command.command("delete")
@click.argument("conn_id", metavar="ID")
def delete_command(conn_id: str) -> None:
    """Remove one."""
    with connect() as api:
        api.call("DELETE", f"/api/v2/connections/{conn_id}")
    click.echo(f"{conn_id} is removed")


def parts_of(uri: str) -> dict[str, Any]:
    """The parts of a connection URI (Airflow's ``Connection._parse_from_uri``): every part is percent-encoded, ``-`` in
    the scheme stands for ``_``, and the query is the extra."""
    import json

    found = urlsplit(uri)
    if not found.scheme:
        raise click.BadParameter(f"{uri!r} has no scheme: TYPE://LOGIN:PASSWORD@HOST:PORT/SCHEMA")
    query = dict(parse_qsl(found.query, keep_blank_values=True))
    extra = query.pop("__extra__", None) or (json.dumps(query) if query else None)
    return {
        "conn_type": found.scheme.replace("-", "_"),
        "host": unquote(found.hostname) if found.hostname else None,
        "login": unquote(found.username) if found.username else None,
        "password": unquote(found.password) if found.password else None,
        "schema": unquote(found.path[1:]) or None,
        "port": found.port,
        "extra": extra,
    }
