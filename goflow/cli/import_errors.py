"""List the files that could not be taken as they are, and why."""

from __future__ import annotations

import click

from goflow.cli._client import connect
from goflow.cli._output import json_option, show
from goflow.cli.dags import pages


@click.group()
def command() -> None:
    """List the files that could not be taken as they are, and why."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Every finding; the last good version of what it concerns stays in force."""
    with connect() as api:
        files = pages(api, "/api/v2/importErrors", "import_errors")
    rows = [found for file in files for found in file["diagnostics"]]
    columns = [("path", "FILE"), ("line", "LINE"), ("code", "CODE"), ("message", "MESSAGE"), ("hint", "HINT")]
    show(rows, columns, as_json, empty="Every file could be taken.")
