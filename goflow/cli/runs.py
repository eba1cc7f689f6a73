"""List the runs of DAGs, show, clear, mark, annotate and delete them."""

from __future__ import annotations

import click

from goflow.cli._client import connect
from goflow.cli._output import (
    complete_dag,
    dag_argument,
    dag_column,
    details,
    json_option,
    newest_version_option,
    run_argument,
    show,
)
from goflow.cli.dags import pages

KEYS = ("dag_id", "run_id", "state", "logical_date", "start_date", "end_date")


@click.group()
def command() -> None:
    """List the runs of DAGs, show, clear, mark, annotate and delete them."""


@command.command("list")
@click.argument("dag_id", metavar="[DAG]", required=False, shell_complete=complete_dag)
@click.option("--state", type=click.Choice(["queued", "running", "success", "failed"]), help="Only runs in this state.")
@json_option
def list_command(dag_id: str | None, state: str | None, as_json: bool) -> None:
    """Runs, newest first: of one DAG, or of all."""
    with connect() as api:
        rows = pages(api, f"/api/v2/dags/{dag_id or '~'}/dagRuns", "dag_runs", state=state, order_by="-run_after")
    if as_json:
        extra = ("run_type", "run_after", "data_interval_start", "data_interval_end", "conf", "dag_version")
        rows = [{key: row[key] for key in (*KEYS, *extra)} for row in rows]
    columns = [
        ("dag_id", "DAG"),
        ("run_id", "RUN"),
        ("state", "STATE"),
        ("logical_date", "LOGICAL DATE"),
        ("start_date", "BEGAN"),
        ("duration", "SECONDS"),
    ]
    show(rows, columns, as_json, empty="There are no runs. `goflow dags trigger DAG` starts one.")


@command.command("show")
@dag_argument
@run_argument
@json_option
def show_command(dag_id: str, run_id: str, as_json: bool) -> None:
    """One run, and the deadlines that it has missed or may still miss."""
    with connect() as api:
        row = api.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        deadlines = api.get(f"/goflow/v1/dags/{dag_id}/dagRuns/{run_id}/deadlines")["deadlines"]
    if as_json:
        details({**row, "deadlines": deadlines}, True)
        return
    details(row, False)
    for found in deadlines:
        words = f"deadline {found['alert_name'] or found['reference_type']}: {found['deadline_time']}"
        click.secho(f"{words} was missed" if found["missed"] else words, fg="red" if found["missed"] else None)


@command.command()
@dag_argument
@run_argument
@click.option("--only-failed", is_flag=True, help="Only tasks that failed, and what failed because of them.")
@newest_version_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would be cleared.")
@json_option
def clear(
    dag_id: str, run_id: str, only_failed: bool, newest_version: bool | None, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Let the tasks of a run run again."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/clear"
    body = {"only_failed": only_failed, "run_on_latest_version": newest_version, "dry_run": True}
    with connect() as api:
        rows = api.call("POST", path, body=body)["task_instances"]
        if not as_json:
            others = dag_column(rows, dag_id)
            columns = [*others, ("dag_run_id", "RUN")] if others else []
            columns += [("task_id", "TASK"), ("map_index", "INDEX"), ("state", "STATE")]
            show(rows, columns, False, empty="Nothing to clear.")
        if rows and not dry_run:
            if not yes and not as_json:
                click.confirm(f"Clear these {len(rows)} task instances?", abort=True)
            api.call("POST", path, body={**body, "dry_run": False})
    if as_json:
        show(rows, [], True, empty="")


@command.command()
@dag_argument
@run_argument
@click.argument("state", type=click.Choice(["success", "failed", "queued"]))
def mark(dag_id: str, run_id: str, state: str) -> None:
    """Mark a run as success or failed; queued: one that is over goes on with what has not ended."""
    with connect() as api:
        row = api.call("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", body={"state": state})
    click.echo(f"run {run_id} of {dag_id} is {row['state']}")


@command.command()
@dag_argument
@run_argument
@click.argument("text")
def note(dag_id: str, run_id: str, text: str) -> None:
    """Write a note to a run; an empty TEXT takes it away."""
    with connect() as api:
        api.call("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", body={"note": text or None})


@command.command()
@dag_argument
@run_argument
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def delete(dag_id: str, run_id: str, yes: bool) -> None:
    """Delete a run with its tasks, logs and results."""
    if not yes:
        click.confirm(f"Delete run {run_id} of {dag_id}, with its logs and results?", abort=True)
    with connect() as api:
        api.call("DELETE", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
    click.echo(f"run {run_id} of {dag_id} is deleted")
