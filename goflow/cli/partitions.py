"""Show what waits for runs by partitions, and let runs be for no partition any more."""

from __future__ import annotations

from typing import Any

import click

from goflow.cli._client import connect
from goflow.cli._output import dag_argument, json_option, parse_moment, show
from goflow.cli.dags import pages

MOST_NAMED = 4


@click.group()
def command() -> None:
    """Show what waits for runs by partitions, and let runs be for no partition any more."""


@command.command("list")
@click.argument("dag_id", metavar="[DAG]", required=False)
@json_option
def list_command(dag_id: str | None, as_json: bool) -> None:
    """Keys for which events of assets wait, and what the run of each waits for."""
    with connect() as api:
        rows = pages(api, "/goflow/v1/partitions", "partitions", dag_id=dag_id)
    if not as_json:
        for row in rows:
            row["missing"] = "; ".join(_missing(asset) for asset in row["assets"] if not asset["is_met"])
    columns = [
        ("dag_id", "DAG"),
        ("partition_key", "PARTITION"),
        ("since", "SINCE"),
        ("events", "EVENTS"),
        ("missing", "WAITS FOR"),
    ]
    show(rows, columns, as_json, empty="Nothing waits for a run by partitions.")


def _missing(asset: dict[str, Any]) -> str:
    """What of an asset has not come, in words."""
    if asset["is_out_of_reach"]:
        return f"{asset['name']}: more keys than its window has"
    keys = asset["missing_keys"]
    if not keys:
        return str(asset["name"])
    more = f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else ""
    return f"{asset['name']}: {', '.join(keys[:MOST_NAMED])}{more} of {asset['required_keys']}"


@command.command("clear")
@dag_argument
@click.option("--run-id", help="The run of that id.")
@click.option("--partition-key", "-k", help="The runs for that key.")
@click.option(
    "--start-date", callback=parse_moment, metavar="ISO", help="Runs whose partition's date is not before it."
)
@click.option("--end-date", callback=parse_moment, metavar="ISO", help="Runs whose partition's date is not after it.")
@click.option("--clear-task-instances", is_flag=True, help="Let their tasks begin anew as well.")
@click.option("--dry-run", is_flag=True, help="Only say how many they are.")
def clear_command(
    dag_id: str,
    run_id: str | None,
    partition_key: str | None,
    start_date: str | None,
    end_date: str | None,
    clear_task_instances: bool,
    dry_run: bool,
) -> None:
    """Let runs of DAG be for no partition any more. Dates are what clocks in the schedule's time zone show."""
    if (run_id is not None) + (partition_key is not None) + (start_date is not None or end_date is not None) != 1:
        raise click.UsageError("name the runs by one of --run-id, --partition-key, or --start-date and --end-date")
    body = {
        "run_id": run_id,
        "partition_key": partition_key,
        "partition_date_start": start_date,
        "partition_date_end": end_date,
        "clear_task_instances": clear_task_instances,
        "dry_run": dry_run,
    }
    with connect() as api:
        row = api.call("POST", f"/api/v2/dags/{dag_id}/clearPartitions", body=body)
    words = f"{row['dag_runs_cleared']} runs of {dag_id} {'would be' if dry_run else 'are'} for no partition any more"
    begun = f"; {row['task_instances_cleared']} tasks begin anew" if clear_task_instances else ""
    click.echo(words + begun)
