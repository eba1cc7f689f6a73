"""Fill in the runs of past dates, or run them again; list, pause and cancel such backfills."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from goflow.cli._client import Api, connect
from goflow.cli._output import dag_argument, details, json_option, parse_json, parse_moment, show
from goflow.cli.dags import pages

KEYS = ("queued", "running", "success", "failed", "skipped")
POLL_S = 1.0


@click.group()
def command() -> None:
    """Fill in the runs of past dates, or run them again; list, pause and cancel such backfills."""


@command.command("create")
@dag_argument
@click.option("--from", "--from-date", "from_date", required=True, callback=parse_moment, help="First logical date.")
@click.option("--to", "--to-date", "to_date", required=True, callback=parse_moment, help="Last logical date.")
@click.option(
    "--reprocess",
    "--reprocess-behavior",
    "reprocess",
    type=click.Choice(["none", "failed", "completed"]),
    default="none",
    show_default=True,
    help="Which runs that are there already are run again.",
)
@click.option("--run-backwards", is_flag=True, help="The newest date first.")
@click.option(
    "--max-active-runs", type=click.IntRange(1), default=10, show_default=True, help="How many of its runs at once."
)
@click.option("--conf", "--dag-run-conf", "conf", callback=parse_json, help="The runs' configuration, a JSON object.")
@click.option(
    "--run-on-latest-version/--run-on-own-version",
    "latest",
    default=None,
    help="Which version runs that are there already are run again with (the newest, unless the DAG says otherwise).",
)
@click.option("--dry-run", is_flag=True, help="Only say which runs it would be.")
@click.option("--wait", is_flag=True, help="Wait until it is over; exit code 1 when a run has failed.")
@json_option
def create_command(
    dag_id: str,
    from_date: str,
    to_date: str,
    reprocess: str,
    run_backwards: bool,
    max_active_runs: int,
    conf: dict[str, Any] | None,
    latest: bool | None,
    dry_run: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Make the runs of DAG whose logical dates lie between two dates, both included."""
    body = {
        "dag_id": dag_id,
        "from_date": from_date,
        "to_date": to_date,
        "reprocess_behavior": reprocess,
        "run_backwards": run_backwards,
        "max_active_runs": max_active_runs,
        "dag_run_conf": conf,
        "run_on_latest_version": latest,
    }
    with connect() as api:
        if dry_run:
            rows = api.call("POST", "/api/v2/backfills/dry_run", body=body)["backfills"]
            columns = [
                _told_apart_by(rows),
                ("data_interval_start", "FROM"),
                ("data_interval_end", "TO"),
            ]
            show(rows, columns, as_json, empty="It would run nothing.")
            return
        if wait and not api.live:
            raise click.UsageError("--wait needs a daemon that runs; `goflow standalone` starts one here")
        row = api.call("POST", "/api/v2/backfills", body=body)
        if api.get(f"/api/v2/dags/{dag_id}")["is_paused"]:
            click.echo(f"{dag_id} is paused; its runs begin after `goflow dags unpause {dag_id}`", err=True)
        if wait:
            row = _wait(api, row, quiet=as_json)
    if as_json:
        click.echo(json.dumps(row, indent=1, ensure_ascii=False))
    else:
        click.echo(f"backfill {row['id']} of {dag_id}: {_words(row)}")
    if wait and row["runs"]["failed"]:
        sys.exit(1)


@command.command("list")
@click.argument("dag_id", metavar="[DAG]", required=False)
@json_option
def list_command(dag_id: str | None, as_json: bool) -> None:
    """Backfills, the newest first: of one DAG, or of all."""
    with connect() as api:
        rows = pages(api, "/api/v2/backfills", "backfills", dag_id=dag_id, order_by="-id")
    if not as_json:
        for row in rows:
            row["state"] = _state(row)
            row["runs"] = _words(row)
    columns = [
        ("id", "ID"),
        ("dag_id", "DAG"),
        ("state", "STATE"),
        ("from_date", "FROM"),
        ("to_date", "TO"),
        ("runs", "RUNS"),
        ("created_at", "MADE"),
    ]
    show(rows, columns, as_json, empty="There are no backfills. `goflow backfills create DAG` makes one.")


@command.command("show")
@click.argument("backfill_id", metavar="ID", type=int)
@json_option
def show_command(backfill_id: int, as_json: bool) -> None:
    """One backfill, with its dates and runs in order."""
    with connect() as api:
        row = api.get(f"/api/v2/backfills/{backfill_id}")
        dates = pages(api, f"/goflow/v1/backfills/{backfill_id}/runs", "backfill_runs")
    if as_json:
        click.echo(json.dumps({**row, "backfill_runs": dates}, indent=1, ensure_ascii=False))
        return
    details({**row, "runs": _words(row)}, False)
    columns = [
        ("sort_ordinal", "PLACE"),
        _told_apart_by(dates),
        ("state", "STATE"),
        ("run_id", "RUN"),
        ("exception_reason", "WHY NOT"),
    ]
    click.echo()
    show(dates, columns, False, empty="It has no dates.")


@command.command("pause")
@click.argument("backfill_id", metavar="ID", type=int)
def pause_command(backfill_id: int) -> None:
    """Begin no more runs of a backfill; those that run go on."""
    _order(backfill_id, "pause")


@command.command("unpause")
@click.argument("backfill_id", metavar="ID", type=int)
def unpause_command(backfill_id: int) -> None:
    """Let a backfill go on."""
    _order(backfill_id, "unpause")


@command.command("cancel")
@click.argument("backfill_id", metavar="ID", type=int)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def cancel_command(backfill_id: int, yes: bool) -> None:
    """End a backfill: its runs that have not begun fail, those that run go on."""
    if not yes:
        with connect() as api:
            waiting = api.get(f"/api/v2/backfills/{backfill_id}")["runs"]["queued"]
        click.confirm(f"Cancel backfill {backfill_id}? {waiting} runs that have not begun will fail.", abort=True)
    _order(backfill_id, "cancel")


def _order(backfill_id: int, what: str) -> None:
    with connect() as api:
        row = api.call("PUT", f"/api/v2/backfills/{backfill_id}/{what}")
    click.echo(f"backfill {backfill_id} of {row['dag_id']} is {_state(row)}")


def _state(row: dict[str, Any]) -> str:
    if row["completed_at"]:
        return "over"
    return "paused" if row["is_paused"] else "running"


def _words(row: dict[str, Any]) -> str:
    """``2 running, 5 success``."""
    return ", ".join(f"{row['runs'][key]} {key}" for key in KEYS if row["runs"][key]) or "no runs"


def _told_apart_by(rows: list[dict[str, Any]]) -> tuple[str, str]:
    """The column of dates, or of partitions, of which a backfill has one kind alone."""
    has_partitions = bool(rows) and rows[0]["partition_key"]
    return ("partition_key", "PARTITION") if has_partitions else ("logical_date", "LOGICAL DATE")


def _wait(api: Api, row: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """ROW as it is when the backfill is over; a bar on a terminal meanwhile."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as progress:
        total = sum(row["runs"].values())
        bar = progress.add_task(f"backfill {row['id']} of {row['dag_id']}", total=total)
        while not row["completed_at"]:
            time.sleep(POLL_S)
            row = api.get(f"/api/v2/backfills/{row['id']}")
            counts = row["runs"]
            progress.update(bar, completed=total - counts["queued"] - counts["running"])
    return row
