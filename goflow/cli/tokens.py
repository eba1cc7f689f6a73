"""Make, list and revoke API tokens."""

from __future__ import annotations

import click

from goflow.cli._client import connect
from goflow.cli._options import role_option
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
    columns = [
        ("name", "NAME"),
        ("role", "ROLE"),
        ("created", "CREATED"),
        ("expires", "EXPIRES"),
        ("last_used", "USED"),
    ]
    show(rows, columns, as_json, empty="There are no tokens. `goflow tokens create NAME` makes one.")


@command.command()
@click.argument("name")
@role_option("admin")
@click.option("--expires-in-days", type=click.IntRange(min=1), help="Default: never.")
def create(name: str, role: str, expires_in_days: int | None) -> None:
    """Make a token and print it; it is shown this once."""
    body = {"name": name, "role": role, "expires_in_days": expires_in_days}
    with connect() as api:
        made = api.call("POST", "/goflow/v1/tokens", body=body)
    click.echo(made["token"])


@command.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke a token at once."""
    with connect() as api:
        api.call("DELETE", f"/goflow/v1/tokens/{name}")
    click.echo(f"token {name} is revoked")
