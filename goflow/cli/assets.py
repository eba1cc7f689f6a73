"""List assets, what has happened to them, and tell that something has."""

from __future__ import annotations

import json

import click

from goflow.cli._client import Api, connect
from goflow.cli._output import json_option, show


@click.group()
def command() -> None:
    """List assets, what has happened to them, and tell that something has."""


@command.command("list")
@click.option("--dag", "dag_id", help="Only those that this DAG waits for, makes or reads.")
@click.option("--search", help="A part of the name or URI.")
@json_option
def list_command(dag_id: str | None, search: str | None, as_json: bool) -> None:
    """All assets, which tasks make them and which DAGs wait for them."""
    with connect() as api:
        rows = api.get("/api/v2/assets", limit=1000, order_by="name", dag_ids=dag_id, search=search)["assets"]
    if not as_json:
        for row in rows:
            row["waits"] = ", ".join(one["dag_id"] for one in row["scheduled_dags"])
            row["made_by"] = ", ".join(f"{one['dag_id']}.{one['task_id']}" for one in row["producing_tasks"])
            row["last"] = row["last_asset_event"]["timestamp"]
    columns = [
        ("name", "ASSET"),
        ("uri", "URI"),
        ("group", "GROUP"),
        ("made_by", "MADE BY"),
        ("waits", "BEGINS"),
        ("events", "EVENTS"),
        ("last", "LAST EVENT"),
    ]
    show(rows, columns, as_json, empty="No DAG names an asset.")


@command.command("events")
@click.argument("name", required=False)
@click.option("--dag", "dag_id", help="Only those that tasks of this DAG have made.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="How many at most.")
@json_option
def events_command(name: str | None, dag_id: str | None, limit: int, as_json: bool) -> None:
    """What has happened to the asset of that NAME, or to all, the newest first."""
    with connect() as api:
        rows = api.get("/api/v2/assets/events", name=name, source_dag_id=dag_id, limit=limit, order_by="-timestamp")[
            "asset_events"
        ]
    if not as_json:
        for row in rows:
            row["extra"] = json.dumps(row["extra"], ensure_ascii=False) if row["extra"] else ""
            row["begun"] = ", ".join(f"{run['dag_id']} {run['run_id']}" for run in row["created_dagruns"])
            row["problems"] = "; ".join(f"{dag_id}: {words}" for dag_id, words in row["problems"].items())
            row["by"] = ".".join(filter(None, (row["source_dag_id"], row["source_task_id"])))
    columns = [
        ("timestamp", "AT"),
        ("name", "ASSET"),
        ("by", "MADE BY"),
        ("source_run_id", "IN RUN"),
        ("partition_key", "PARTITION"),
        ("extra", "EXTRA"),
        ("begun", "HAS BEGUN"),
        *([("problems", "BEGINS NOTHING")] if any(row["problems"] for row in rows) else []),
    ]
    show(rows, columns, as_json, empty="Nothing has happened to an asset yet.")


@command.command("tell")
@click.argument("name")
@click.option("--extra", default="{}", help="What is to be known of it, as a JSON object.")
@click.option("--partition-key", help="The partition of it that this has happened to.")
def tell_command(name: str, extra: str, partition_key: str | None) -> None:
    """Tell that something has happened to the asset of that NAME: DAGs that wait for it begin."""
    try:
        told = json.loads(extra)
    except ValueError as problem:
        raise click.BadParameter(f"no JSON: {problem}", param_hint="--extra") from None
    if not isinstance(told, dict):
        raise click.BadParameter("must be a JSON object", param_hint="--extra")
    with connect() as api:
        body = {"asset_id": _id_of(api, name), "extra": told, "partition_key": partition_key}
        made = api.call("POST", "/api/v2/assets/events", body=body)
    click.echo(f"event {made['id']} of asset {name} at {made['timestamp']}")


def _id_of(api: Api, name: str) -> int:
    found = api.get("/api/v2/assets", limit=1000, search=name)["assets"]
    same = [row for row in found if name in (row["name"], row["uri"])]
    if not same:
        raise click.ClickException(f"there is no asset {name}; goflow assets list shows those there are")
    return int(same[0]["id"])
