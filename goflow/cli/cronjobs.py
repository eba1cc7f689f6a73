"""List and show CronJobs of Kubernetes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from goflow.cli._client import connect
from goflow.cli._output import details, json_option, show


@click.group()
def command() -> None:
    """List and show CronJobs: those that GoFlow has placed, and those of others that it watches."""


@command.command("list")
@click.option("--namespace", "-n", help="Only those of that namespace.")
@json_option
def list_command(namespace: str | None, as_json: bool) -> None:
    """All CronJobs and how they stand."""
    with connect() as api:
        found = api.get("/goflow/v1/cronjobs", namespace=namespace)
    rows = [{**row, "kind": _kind(row)} for row in found["cronjobs"]]
    columns = [
        ("namespace", "NAMESPACE"),
        ("name", "CRONJOB"),
        ("dag_id", "DAG"),
        ("kind", "KIND"),
        ("state", "STATE"),
        ("schedule", "SCHEDULE"),
        ("time_zone", "ZONE"),
        ("last_schedule_at", "LAST"),
        ("next_schedule_at", "NEXT"),
        *([("problem", "PROBLEM")] if any(row["problem"] for row in rows) else []),
    ]
    if found["trouble"]:
        click.echo(f"CronJobs are not looked after just now: {found['trouble']}", err=True)
    show(rows, columns, as_json, empty="There are no CronJobs. RunAs: CronJob in a native DAG makes one.")


@command.command("get")
@click.argument("name")
@click.option("--namespace", "-n", help="Its namespace, where the name alone does not say which is meant.")
@json_option
def get_command(name: str, namespace: str | None, as_json: bool) -> None:
    """One CronJob, by its name or its DAG, with its last runs."""
    with connect() as api:
        rows = api.get("/goflow/v1/cronjobs", namespace=namespace)["cronjobs"]
        meant = [row for row in rows if name in (row["name"], row["dag_id"])]
        if not meant:
            raise click.ClickException(f"there is no CronJob {name}; goflow cronjobs list shows those there are")
        if len(meant) > 1:
            places = ", ".join(row["namespace"] for row in meant)
            raise click.ClickException(f"there are several: in {places}; say which by --namespace")
        path = f"/goflow/v1/cronjobs/{quote(meant[0]['namespace'])}/{quote(meant[0]['name'])}"
        found = api.get(path)
        runs = api.get(f"{path}/runs", limit=10)["runs"]
    if as_json:
        details({**found, "runs": runs}, True)
        return
    told = {"kind": _kind(found), **{name: found[name] for name in _TOLD}}
    details({name: value for name, value in told.items() if value is not None}, False)
    columns = [("run_id", "RUN"), ("state", "STATE"), ("start_date", "BEGAN"), ("end_date", "ENDED"), ("job", "JOB")]
    click.echo()
    show(runs, columns, False, empty="It has not run yet.")


def _kind(row: dict[str, Any]) -> str:
    return "placed" if row["placed"] else "watched"


_TOLD = (
    *("namespace", "name", "dag_id", "state", "problem", "schedule", "time_zone", "last_schedule_at"),
    *("next_schedule_at", "mended_at", "mended"),
)
