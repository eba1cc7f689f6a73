"""Show how the daemon fares, and who does what where several share a database."""

from __future__ import annotations

import json
from typing import Any

import click

from goflow.cli._client import connect
from goflow.cli._output import amount, json_option, show


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Show how the daemon fares, and who does what where several share a database."""
    with connect() as api:
        if not api.live:
            raise click.ClickException(
                "no daemon runs here: `goflow standalone` starts one, GOFLOW_SERVER names another"
            )
        found = api.get("/goflow/v1/status")
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    click.echo(f"GoFlow {found['version']}, tasks on {found['backend']}, {found['database']}, process {found['pid']}")
    _show_members(found.get("members"))


def _show_members(members: dict[str, Any] | None) -> None:
    if members is None:
        click.echo("one daemon, alone with its database")
        return
    click.echo(f"{amount(len(members['daemons']), 'daemon')}, {amount(len(members['leases']), 'lease')}")
    this = members["daemon"]
    rows = [{**one, "this": "this one" if one["id"] == this else ""} for one in members["daemons"]]
    show(
        rows,
        [("name", "DAEMON"), ("id", "ID"), ("version", "VERSION"), ("since", "SINCE"), ("this", "")],
        False,
        empty="",
    )
    rows = [
        {**lease, "holder_name": "nobody" if lease["expired"] else lease["holder_name"] or lease["holder"]}
        for lease in members["leases"]
    ]
    columns = [
        ("name", "LEASE"),
        ("holder_name", "HELD BY"),
        ("holder", "ID"),
        ("epoch", "EPOCH"),
        ("age_s", "AGE (s)"),
    ]
    show(rows, columns, False, empty="")
