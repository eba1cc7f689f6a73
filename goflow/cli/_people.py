"""`goflow tasks questions` and `goflow tasks respond`: what tasks ask people."""

from __future__ import annotations

import json
from typing import Any

import click

from goflow.cli._client import connect
from goflow.cli._output import dag_argument, json_option, map_index_option, run_argument, show, task_argument


@click.command("questions")
@click.option("--dag", "dag_id", default="~", help="Only those of this DAG.")
@click.option("--all", "every", is_flag=True, help="Those that are answered, too.")
@json_option
def list_questions(dag_id: str, every: bool, as_json: bool) -> None:
    """What tasks ask people and nobody has answered yet."""
    with connect() as api:
        path = f"/api/v2/dags/{dag_id}/dagRuns/~/hitlDetails"
        rows = api.get(path, limit=1000, response_received=None if every else "false")["hitl_details"]
    if not as_json:
        for row in rows:
            row |= {name: row["task_instance"][name] for name in ("dag_id", "dag_run_id", "task_id", "map_index")}
            row["options"] = ", ".join(row["options"])
            row["fields"] = ", ".join(row["params"])
            row["answer"] = ", ".join(row["chosen_options"] or [])
    columns = [
        ("dag_id", "DAG"),
        ("dag_run_id", "RUN"),
        ("task_id", "TASK"),
        ("map_index", "INDEX"),
        ("subject", "SUBJECT"),
        ("options", "OPTIONS"),
        ("fields", "FIELDS"),
        ("answer", "ANSWER"),
    ]
    show(rows, columns, as_json, empty="No task waits for an answer.")


@click.command("respond")
@dag_argument
@run_argument
@task_argument
@map_index_option
@click.option(
    "--option", "options", multiple=True, required=True, help="What is chosen; several where the task allows."
)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A field; VALUE is JSON, or text.")
def respond(
    dag_id: str, run_id: str, task_id: str, map_index: int, options: tuple[str, ...], params: tuple[str, ...]
) -> None:
    """Answer what a task asks: it goes on with that."""
    body = {"chosen_options": list(options), "params_input": dict(map(_field, params))}
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/{map_index}/hitlDetails"
    with connect() as api:
        told = api.call("PATCH", path, body=body)
    click.echo(f"task {task_id} goes on with {', '.join(told['chosen_options'])}")


def _field(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--param")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
