"""List the tasks of a run, show them, read their logs, clear and mark them; test and render a task."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click

from goflow.cli._client import connect
from goflow.cli._output import (
    complete_task,
    dag_argument,
    dag_column,
    details,
    json_option,
    map_index_option,
    newest_version_option,
    relatives_options,
    run_argument,
    show,
    task_argument,
)
from goflow.cli._people import list_questions, respond
from goflow.cli._pod_events import show_events
from goflow.cli._try_commands import render_task, test_task
from goflow.cli._usage import show_usage
from goflow.cli.dags import pages

KEYS = ("task_id", "map_index", "try_number", "state", "start_date", "end_date")
FOLLOW_EVERY_S = 0.5


@click.group()
def command() -> None:
    """List the tasks of a run, show them, read their logs, clear and mark them; test and render a task."""


command.add_command(test_task)
command.add_command(render_task)
command.add_command(list_questions)
command.add_command(respond)
command.add_command(show_usage)
command.add_command(show_events)


@command.command("list")
@dag_argument
@run_argument
@json_option
def list_command(dag_id: str, run_id: str, as_json: bool) -> None:
    """The task instances of a run."""
    with connect() as api:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        rows = pages(api, path, "task_instances", order_by="id")
    places = {row["task_id"]: place for place, row in reversed(list(enumerate(rows)))}
    rows.sort(key=lambda row: (places[row["task_id"]], row["map_index"]))
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
@click.argument("task_id", metavar="[TASK]", required=False, shell_complete=complete_task)
@json_option
def why(dag_id: str, run_id: str, task_id: str | None, as_json: bool) -> None:
    """Why tasks of a run are not running yet: what each waits for."""
    with connect() as api:
        path = f"/goflow/v1/dags/{dag_id}/dagRuns/{run_id}/waiting"
        rows = api.get(path, **({} if task_id is None else {"task_id": task_id}))["task_instances"]
    columns = [("task_id", "TASK"), ("map_index", "INDEX"), ("state", "STATE"), ("waits_for", "WAITS FOR")]
    show(rows, columns, as_json, empty="Nothing waits: every task runs or has ended.")


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
            path = f"{_path(dag_id, run_id, task_id, '/goflow/v1')}/logs/{try_number}"
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
@relatives_options
@click.option("--only-failed", is_flag=True, help="Of these, only what failed.")
@click.option("--only-running", is_flag=True, help="Of these, only what is running.")
@newest_version_option
@click.option(
    "--exclude-subdags",
    is_flag=True,
    help="Leave alone what an ExternalTaskMarker names in other DAGs (Airflow 2; named as there).",
)
@click.option("--note", help="A note that is written to what is cleared.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def clear(
    dag_id: str, run_id: str, task_id: str, newest_version: bool | None, note: str | None, yes: bool, **asked: bool
) -> None:
    """Let a task run again."""
    if asked["only_failed"] and asked["only_running"]:
        raise click.UsageError("--only-failed and --only-running: give one of them")
    only = {name: asked.pop(name) for name in ("only_failed", "only_running")}
    only["include_subdags"] = not asked.pop("exclude_subdags")
    body: dict[str, Any] = {"dag_run_id": run_id, "task_ids": [task_id], **only, **_included(asked), "note": note}
    body |= {"run_on_latest_version": newest_version, "dry_run": True}
    with connect() as api:
        path = f"/api/v2/dags/{dag_id}/clearTaskInstances"
        rows = api.call("POST", path, body=body)["task_instances"]
        _show_chosen(rows, "Nothing to clear.", dag_id)
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
@relatives_options
@click.option("--note", help="A note that is written to what is marked.")
@click.option("--dry-run", is_flag=True, help="Only say what would be marked.")
def mark(
    dag_id: str,
    run_id: str,
    task_id: str,
    state: str,
    map_index: int,
    note: str | None,
    dry_run: bool,
    **asked: bool,
) -> None:
    """Mark a task as success, failed or skipped."""
    query = {} if map_index < 0 else {"map_index": map_index}
    body = {"new_state": state, **_included(asked), **({} if note is None else {"note": note})}
    with connect() as api:
        path = _path(dag_id, run_id, task_id)
        rows = api.call("PATCH", f"{path}/dry_run", body=body, **query)["task_instances"]
        if not dry_run and (rows or note is not None):
            api.call("PATCH", path, body=body, **query)
    if dry_run:
        _show_chosen(rows, "Nothing to mark.", dag_id)
    else:
        click.echo(f"{len(rows)} marked {state}")


@command.command()
@dag_argument
@run_argument
@task_argument
@click.argument("text")
@map_index_option
def note(dag_id: str, run_id: str, task_id: str, text: str, map_index: int) -> None:
    """Write a note to a task instance; an empty TEXT takes it away."""
    query = {} if map_index < 0 else {"map_index": map_index}
    with connect() as api:
        api.call("PATCH", _path(dag_id, run_id, task_id), body={"note": text or None}, **query)


def _included(asked: Mapping[str, bool]) -> dict[str, bool]:
    return {f"include_{name}": wanted for name, wanted in asked.items()}


def _show_chosen(rows: list[dict[str, Any]], empty: str, dag_id: str) -> None:
    columns = [("dag_run_id", "RUN"), ("task_id", "TASK"), ("map_index", "INDEX"), ("state", "STATE")]
    show(rows, [*dag_column(rows, dag_id), *columns], False, empty=empty)


def _path(dag_id: str, run_id: str, task_id: str, prefix: str = "/api/v2") -> str:
    return f"{prefix}/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"


def _stamp(at: float) -> str:
    import datetime as dt

    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
