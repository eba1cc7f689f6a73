"""Make, list and revoke API tokens."""

from __future__ import annotations

import click

from goflow.cli._client import connect
from goflow.cli._output import json_option, show


@click.group()
def command() -> None:
    """Make, list and revoke API tokens."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """All tokens by name; the tokens themselves are not stored."""
    with connect() as api:
        rows = api.get("/goflow/v1/tokens")["tokens"]
    columns = [("name", "NAME"), ("created", "CREATED"), ("expires", "EXPIRES")]
    show(rows, columns, as_json, empty="There are no tokens. `goflow tokens create NAME` makes one.")


@command.command()
@click.argument("name")
@click.option("--expires-in-days", type=click.IntRange(min=1), help="Default: never.")
def create(name: str, expires_in_days: int | None) -> None:
    """Make a token and print it; it is shown this once."""
    with connect() as api:
        made = api.call("POST", "/goflow/v1/tokens", body={"name": name, "expires_in_days": expires_in_days})
    click.echo(made["token"])


@command.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke a token at once."""
    with connect() as api:
        api.call("DELETE", f"/goflow/v1/tokens/{name}")
    click.echo(f"token {name} is revoked")
