"""``goflow tasks events``: what Kubernetes has said of the Job and the pods of an attempt."""

from __future__ import annotations

import json
from typing import Any

import click

from goflow.cli._client import connect
from goflow.cli._output import dag_argument, json_option, map_index_option, run_argument, show, task_argument


@click.command("events")
@dag_argument
@run_argument
@task_argument
@map_index_option
@click.option("--try-number", "--try", "try_number", type=int, default=0, help="Which attempt; default: the last one.")
@json_option
def show_events(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int, as_json: bool) -> None:
    """Events of Kubernetes about an attempt's Job and pods: those that it has now, and those that were kept."""
    path = f"/goflow/v1/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/events"
    with connect() as api:
        found = api.get(path, map_index=map_index, try_number=try_number)
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    columns = [
        ("kind", "TYPE"),
        ("reason", "REASON"),
        ("first_at", "FIRST SEEN"),
        ("last_at", "LAST SEEN"),
        ("count", "COUNT"),
        ("source", "FROM"),
        ("about", "OBJECT"),
        ("message", "MESSAGE"),
    ]
    rows: list[dict[str, Any]] = [event for start in found["starts"] for event in start["events"]]
    show(rows, columns, False, empty="Kubernetes has no events of it, and none were kept.")
    for why in dict.fromkeys(_said(start) for start in found["starts"]):
        if why:
            click.echo(f"({why})", err=True)


def _said(start: dict[str, Any]) -> str:
    """Why the API server has not told them, in words; empty where it has."""
    reason: str = start["reason"] or ""
    return reason or ("kept with the attempt: Kubernetes has none of them any more" if start["kept"] else "")
