"""List, set and delete pools."""

from __future__ import annotations

import click

from goflow.cli._client import connect
from goflow.cli._output import json_option, show
from goflow.cli.dags import pages


@click.group()
def command() -> None:
    """List, set and delete pools."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """All pools and how full they are."""
    with connect() as api:
        rows = pages(api, "/api/v2/pools", "pools")
    columns = [
        ("name", "POOL"),
        ("slots", "SLOTS"),
        ("running_slots", "RUNNING"),
        ("queued_slots", "QUEUED"),
        ("open_slots", "OPEN"),
        ("description", "DESCRIPTION"),
    ]
    show(rows, columns, as_json, empty="There are no pools.")


@command.command("set")
@click.argument("name")
@click.argument("slots", type=click.IntRange(min=-1))
@click.option("--description", help="What it is for.")
@click.option("--include-deferred", is_flag=True, help="Deferred tasks hold their slots.")
def set_command(name: str, slots: int, description: str | None, include_deferred: bool) -> None:
    """Make a pool or change it (-1: without bound)."""
    body = {"name": name, "slots": slots, "description": description, "include_deferred": include_deferred}
    with connect() as api:
        api.call("PUT", "/goflow/v1/pools", body=body)
    click.echo(f"pool {name} has {'any number of' if slots < 0 else slots} slots")


@command.command("delete")
@click.argument("name")
def delete_command(name: str) -> None:
    """Remove one."""
    with connect() as api:
        api.call("DELETE", f"/api/v2/pools/{name}")
    click.echo(f"pool {name} is removed")
