"""List DAGs, show them and their versions, pause, unpause, trigger and test them."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from goflow.cli._client import Api, connect
from goflow.cli._output import dag_argument, details, json_option, parse_json, parse_moment, show
from goflow.cli._try_commands import test_dag

NO_DAGS = (
    "There are no DAGs. `goflow standalone --dags FOLDER` reads a folder; `goflow check FOLDER` says what is wrong."
)
POLL_S = 0.05
LONGEST_POLL_S = 1.0


@click.group()
def command() -> None:
    """List DAGs, show them and their versions, pause, unpause, trigger and test them."""


command.add_command(test_dag)


@command.command("list")
@click.option("--tag", help="Only DAGs with this tag.")
@click.option("--paused/--unpaused", "paused", default=None, help="Only paused or only unpaused ones.")
@click.option("--all", "stale", is_flag=True, help="Inactive DAGs too: those whose file is gone.")
@json_option
def list_command(tag: str | None, paused: bool | None, stale: bool, as_json: bool) -> None:
    """Active DAGs."""
    with connect() as api:
        rows = pages(api, "/api/v2/dags", "dags", tags=tag, paused=paused, exclude_stale=not stale)
    columns = [
        ("dag_id", "DAG"),
        ("timetable_summary", "SCHEDULE"),
        ("is_paused", "PAUSED"),
        ("version", "VERSION"),
        ("next_dagrun_run_after", "NEXT RUN"),
        ("file_path", "FILE"),
    ]
    show(rows, columns, as_json, empty=NO_DAGS)


@command.command("show")
@dag_argument
@json_option
def show_command(dag_id: str, as_json: bool) -> None:
    """One DAG: its settings, tasks and edges, and what of it was late."""
    with connect() as api:
        row = api.get(f"/api/v2/dags/{dag_id}/details")
        late = api.get(f"/goflow/v1/dags/{dag_id}/late")
    if as_json:
        details({**row, **late}, True)
        return
    spec = row["spec"]
    told = {**row, "read_by": spec.get("read_by", "evaluate")}
    details(told, False, leave_out=("spec", "diagnostics", "problems", "dag_display_name", "relative_fileloc"))
    click.echo()
    tasks = [
        {
            "task_id": task["task_id"],
            "operator": task["operator"],
            "upstream": ", ".join(task.get("upstream") or []),
            "trigger_rule": task.get("trigger_rule", "all_success"),
            "retries": task.get("retries", 0),
        }
        for task in spec.get("tasks") or []
    ]
    columns = [
        ("task_id", "TASK"),
        ("operator", "OPERATOR"),
        ("upstream", "AFTER"),
        ("trigger_rule", "TRIGGER RULE"),
        ("retries", "RETRIES"),
    ]
    show(tasks, columns, False, empty="It has no tasks.")
    for found in late["deadlines"]:
        name = found["alert_name"] or found["reference_type"]
        words = f"run {found['dag_run_id']} has missed its deadline {name} at {found['deadline_time']}"
        click.secho(words, fg="red", err=True)
    for found in late["sla_misses"]:
        words = f"task {found['task_id']} has missed its SLA for {found['logical_date']}"
        click.secho(f"{words}, seen at {found['timestamp']}", fg="red", err=True)
    for found in row["problems"]:
        then = f" (asked again at {found['again_at']})" if found["again_at"] else ""
        words = f"asked for {found['asked']}, code of its author's own gave no answer{then}:"
        click.secho(f"\n{words}\n{found['problem']}", fg="red", err=True)
    for found in row["diagnostics"]:
        click.echo(
            f"{found['path']}:{found['line']}: {found['severity']} {found['code']}: {found['message']}", err=True
        )


@command.command()
@dag_argument
@json_option
def versions(dag_id: str, as_json: bool) -> None:
    """Every version of a DAG, by file hash, newest first."""
    with connect() as api:
        rows = api.get(f"/goflow/v1/dags/{dag_id}/versions")["versions"]
    rows.reverse()
    same: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row["number"]):
        first = same.setdefault(row["spec_digest"], row["number"])
        row["meaning"] = "new" if first == row["number"] else f"same as version {first}"
    shown = rows if as_json else [{**row, "file_hash": row["file_hash"][:12]} for row in rows]
    columns = [
        ("number", "VERSION"),
        ("created_date", "CREATED"),
        ("file_hash", "FILE HASH"),
        ("meaning", "MEANING"),
        ("read_by", "READ BY"),
        ("file_path", "FILE"),
    ]
    show(shown, columns, as_json, empty="It has no versions.")


@command.command()
@dag_argument
@click.argument("old", type=int, required=False)
@click.argument("new", type=int, required=False)
@click.option("--meaning", is_flag=True, help="What changed in the DAG's meaning, not in its text.")
@json_option
def diff(dag_id: str, old: int | None, new: int | None, meaning: bool, as_json: bool) -> None:
    """What changed between two versions (default: the last two)."""
    with connect() as api:
        row = api.get(f"/goflow/v1/dags/{dag_id}/diff", old=old, new=new)
    if as_json:
        details(row, True)
        return
    if row["same_meaning"]:
        click.echo(f"Versions {row['old']} and {row['new']} mean the same.", err=True)
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in row["meaning" if meaning else "source"].splitlines():
        click.secho(line, fg=styles.get(line[:1]))


@command.command()
@dag_argument
def pause(dag_id: str) -> None:
    """Begin no more scheduled runs of a DAG; runs under way go on."""
    _set_paused(dag_id, True)


@command.command()
@dag_argument
def unpause(dag_id: str) -> None:
    """Let a DAG's scheduled runs begin."""
    _set_paused(dag_id, False)


def _set_paused(dag_id: str, paused: bool) -> None:
    with connect() as api:
        row = api.call("PATCH", f"/api/v2/dags/{dag_id}", body={"is_paused": paused})
    click.echo(f"{dag_id} is {'paused' if row['is_paused'] else 'unpaused'}")


@command.command()
@dag_argument
def release(dag_id: str) -> None:
    """Let a long catch-up begin that was held back for your word."""
    with connect() as api:
        api.call("POST", f"/goflow/v1/dags/{dag_id}/release")
    click.echo(f"{dag_id} is released")


@command.command()
@dag_argument
@click.option("--conf", callback=parse_json, metavar="JSON", help="The run's conf, an object.")
@click.option("--run-id", help="The run's id; default: one is made.")
@click.option("--logical-date", callback=parse_moment, metavar="ISO", help="The run's logical date; default: now.")
@click.option("--partition-key", help="The partition that the run is for; only DAGs with partitions take one.")
@click.option("--note", help="A note on the run.")
@click.option("--wait", is_flag=True, help="Wait for the end: exit code 0 for success, 1 for failure.")
@click.option("--timeout", type=float, metavar="SECONDS", help="With --wait: give up after so long (exit code 1).")
@json_option
def trigger(
    dag_id: str,
    conf: dict[str, Any] | None,
    run_id: str | None,
    logical_date: str | None,
    partition_key: str | None,
    note: str | None,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Start a run of a DAG by hand."""
    body = {"conf": conf, "dag_run_id": run_id, "logical_date": logical_date, "note": note}
    body["partition_key"] = partition_key
    body = {name: value for name, value in body.items() if value is not None}
    with connect() as api:
        if wait and not api.live:
            raise click.UsageError("--wait needs a running daemon: `goflow standalone` or `goflow daemon`")
        row = api.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body=body)
        if not as_json:
            click.echo(f"run {row['run_id']} of {dag_id} is {row['state']}", err=wait)
            if not api.live:
                click.echo("No daemon runs: the run begins when one does.", err=True)
            if api.get(f"/api/v2/dags/{dag_id}")["is_paused"]:
                click.echo(f"{dag_id} is paused: the run begins after `goflow dags unpause {dag_id}`.", err=True)
        if wait:
            row = wait_for_run(api, dag_id, row["run_id"], timeout)
    if as_json:
        details(row, True)
    elif wait:
        took = f" after {row['duration']:.1f} s" if row["duration"] is not None else ""
        click.echo(f"{row['state']}{took}")
        if row["state"] == "failed":
            click.echo(f"goflow tasks list {dag_id} {row['run_id']} shows which tasks failed", err=True)
    if wait:
        sys.exit(0 if row["state"] == "success" else 1)


def wait_for_run(api: Api, dag_id: str, run_id: str, timeout_s: float | None) -> dict[str, Any]:
    """The run once it has ended, or as it is after TIMEOUT_S seconds."""
    started, pause_s = time.monotonic(), POLL_S
    while True:
        row: dict[str, Any] = api.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        if row["state"] in {"success", "failed"}:
            return row
        if timeout_s is not None and time.monotonic() - started > timeout_s:
            click.echo(f"still {row['state']} after {timeout_s:g} s", err=True)
            return row
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.2, LONGEST_POLL_S)


def pages(api: Api, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
    """All rows of a paged list."""
    rows: list[dict[str, Any]] = []
    while True:
        answer = api.get(path, limit=1000, offset=len(rows), **query)
        rows += answer[key]
        if not answer[key] or len(rows) >= answer["total_entries"]:
            return rows
