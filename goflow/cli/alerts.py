"""See what is wrong and who was told, and test the ways to people."""

from __future__ import annotations

import sys
from typing import Any

import click

from goflow.cli._client import connect
from goflow.cli._output import completer, json_option, show

_channel = click.argument("channel", shell_complete=completer("/goflow/v1/alerts/channels", "channels", "name"))
_COLUMNS = [
    ("id", "ID"),
    ("at", "AT"),
    ("kind", "KIND"),
    ("severity", "SEVERITY"),
    ("title", "WHAT"),
    ("told", "TOLD"),
    ("resolved", "OVER"),
]


@click.group()
def command() -> None:
    """See what is wrong and who was told, and test the ways to people."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """What is wrong now."""
    with connect() as api:
        rows = api.get("/goflow/v1/alerts")["alerts"]
    show([_shown(row) for row in rows] if not as_json else rows, _COLUMNS, as_json, empty="Nothing is wrong.")


@command.command("history")
@click.option("--dag", "dag_id", help="Of this DAG alone.")
@click.option("--kind", help="Of this kind alone: failed, missed, late, recovered ...")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
def history_command(dag_id: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    """What was told to whom, the newest first."""
    with connect() as api:
        rows = api.get("/goflow/v1/alerts/history", dag_id=dag_id, kind=kind, limit=limit)["alerts"]
    show([_shown(row) for row in rows] if not as_json else rows, _COLUMNS, as_json, empty="Nobody was told anything.")


@command.command("rules")
@json_option
def rules_command(as_json: bool) -> None:
    """The rules in force; exit code 1 where alerts.yaml as it is now is not taken."""
    with connect() as api:
        found = api.get("/goflow/v1/alerts/rules")
    rows = [{**rule, "on": ", ".join(rule["kinds"]), "who": ", ".join(rule["channels"])} for rule in found["rules"]]
    columns = [("name", "RULE"), ("on", "ON"), ("dags", "DAGS"), ("tags", "TAGS"), ("who", "CHANNELS")]
    if as_json:
        show([found], columns, True, empty="")
    else:
        show(rows, columns, False, empty=f"There are no rules: {found['file']} would have them.")
    for finding in found["diagnostics"] if not as_json else ():
        place = f"{finding['path']}:{finding['line']}:{finding['column']}"
        click.echo(f"{place}: {finding['severity']} {finding['code']}: {finding['message']}", err=True)
        if finding["hint"]:
            click.echo(f"  {finding['hint']}", err=True)
    if any(finding["severity"] == "error" for finding in found["diagnostics"]):
        sys.exit(1)


@command.command("channels")
@json_option
def channels_command(as_json: bool) -> None:
    """The ways to people: what waits for each, and how its last message ended."""
    with connect() as api:
        rows = api.get("/goflow/v1/alerts/channels")["channels"]
    columns = [
        ("name", "CHANNEL"),
        ("type", "TYPE"),
        ("target", "TO"),
        ("waiting", "WAITING"),
        ("last_state", "LAST"),
        ("last_at", "AT"),
        ("error", "TROUBLE"),
    ]
    show(rows, columns, as_json, empty="There are no channels.")


@command.command("resolve")
@click.argument("alert", type=int)
def resolve_command(alert: int) -> None:
    """Say that what an alert told is over, by its id."""
    with connect() as api:
        done = api.call("POST", f"/goflow/v1/alerts/{alert}/resolve")
    click.echo(f"it is over: {done['title']}")


@command.command("test")
@_channel
def test_command(channel: str) -> None:
    """Send a message through a channel now."""
    with connect() as api:
        done = api.call("POST", f"/goflow/v1/alerts/channels/{channel}/test")
    click.echo(f"{done['channel']} has taken it: {done['type']} to {done['target']}")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    told = ", ".join(f"{message['channel']} ({message['state']})" for message in row["messages"])
    return {**row, "at": row["at"][:19].replace("T", " "), "told": told, "resolved": row["resolved_at"] is not None}
