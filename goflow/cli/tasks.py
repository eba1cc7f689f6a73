"""List the tasks of a run, show them, read their logs, clear and mark them; test and render a task."""

from __future__ import annotations

import time
from typing import Any

import click

from goflow.cli._client import connect
from goflow.cli._output import (
    dag_argument,
    details,
    json_option,
    map_index_option,
    run_argument,
    show,
    task_argument,
)
from goflow.cli._people import list_questions, respond
from goflow.cli._try_commands import render_task, test_task

KEYS = ("task_id", "map_index", "try_number", "state", "start_date", "end_date")
FOLLOW_EVERY_S = 0.5


@click.group()
def command() -> None:
    """List the tasks of a run, show them, read their logs, clear and mark them; test and render a task."""


command.add_command(test_task)
command.add_command(render_task)
command.add_command(list_questions)
command.add_command(respond)


@command.command("list")
@dag_argument
@run_argument
@json_option
def list_command(dag_id: str, run_id: str, as_json: bool) -> None:
    """The task instances of a run."""
    with connect() as api:
        rows = api.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
    if as_json:
        more = ("operator", "max_tries", "queued_when", "reason", "message")
        rows = [{key: row[key] for key in (*KEYS, *more)} for row in rows]
    columns = [
        ("task_id", "TASK"),
        ("map_index", "INDEX"),
        ("state", "STATE"),
        ("try_number", "TRY"),
        ("start_date", "BEGAN"),
        ("duration", "SECONDS"),
        ("operator", "OPERATOR"),
        ("message", "WHY"),
    ]
    show(rows, columns, as_json, empty="The run has no tasks.")


@command.command("show")
@dag_argument
@run_argument
@task_argument
@map_index_option
@json_option
def show_command(dag_id: str, run_id: str, task_id: str, map_index: int, as_json: bool) -> None:
    """One task instance: rendered fields, results, attempts, launches."""
    with connect() as api:
        row = api.get(_path(dag_id, run_id, task_id), map_index=map_index)
    details(row, as_json)


@command.command()
@dag_argument
@run_argument
@task_argument
@map_index_option
@click.option("--try-number", "--try", "try_number", type=int, help="Which attempt; default: the last one.")
@click.option("--follow", "-f", is_flag=True, help="Go on printing until the attempt ends.")
@click.option("--timestamps", is_flag=True, help="Begin each line with its moment (UTC).")
def logs(
    dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int | None, follow: bool, timestamps: bool
) -> None:
    """Print the log of an attempt."""
    with connect() as api:
        if try_number is None:
            try_number = api.get(_path(dag_id, run_id, task_id), map_index=map_index)["try_number"]
            if not try_number:
                click.echo(f"{task_id} has not run yet.", err=True)
                return
        cursor = ""
        while True:
            path = f"{_path(dag_id, run_id, task_id)}/logs/{try_number}"
            page = api.get(path, map_index=map_index, after=cursor)
            for line in page["lines"]:
                text = f"{_stamp(line['at'])} {line['text']}" if timestamps else line["text"]
                click.echo(text, color=True)  # the task's own colours, into a pipe too: a log is shown as it is
            cursor = page["cursor"]
            if page["ended"] or (not follow and not page["lines"]):
                break
            if not page["lines"]:
                time.sleep(FOLLOW_EVERY_S)
        if page["message"]:
            click.echo(f"({page['message']})", err=True)


@command.command()
@dag_argument
@run_argument
@task_argument
@click.option("--upstream", is_flag=True, help="And everything before it.")
@click.option("--downstream", is_flag=True, help="And everything after it.")
@click.option("--only-failed", is_flag=True, help="Of these, only what failed.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def clear(
    dag_id: str, run_id: str, task_id: str, upstream: bool, downstream: bool, only_failed: bool, yes: bool
) -> None:
    """Let a task run again."""
    body: dict[str, Any] = {
        "dag_run_id": run_id,
        "task_ids": [task_id],
        "include_upstream": upstream,
        "include_downstream": downstream,
        "only_failed": only_failed,
        "dry_run": True,
    }
    with connect() as api:
        path = f"/api/v2/dags/{dag_id}/clearTaskInstances"
        rows = api.call("POST", path, body=body)["task_instances"]
        show(rows, [("task_id", "TASK"), ("map_index", "INDEX"), ("state", "STATE")], False, empty="Nothing to clear.")
        if not rows:
            return
        if not yes:
            click.confirm(f"Clear these {len(rows)} task instances?", abort=True)
        api.call("POST", path, body={**body, "dry_run": False})
    click.echo(f"{len(rows)} cleared")


@command.command()
@dag_argument
@run_argument
@task_argument
@click.argument("state", type=click.Choice(["success", "failed", "skipped"]))
@map_index_option
def mark(dag_id: str, run_id: str, task_id: str, state: str, map_index: int) -> None:
    """Mark a task as success, failed or skipped."""
    query = {} if map_index < 0 else {"map_index": map_index}
    with connect() as api:
        rows = api.call("PATCH", _path(dag_id, run_id, task_id), body={"new_state": state}, **query)["task_instances"]
    click.echo(f"{len(rows)} marked {state}")


def _path(dag_id: str, run_id: str, task_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"


def _stamp(at: float) -> str:
    import datetime as dt

    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
