"""Print the Job YAML that would be created for a DAG's tasks."""

from __future__ import annotations

import json
import sys

import click

from goflow.cli._client import connect
from goflow.cli._output import complete_dag


@click.command()
@click.argument("dag_id", metavar="DAG", shell_complete=complete_dag)
@click.argument("task_id", metavar="[TASK]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def command(dag_id: str, task_id: str | None, as_json: bool) -> None:
    """Print the Job YAML that would be created for a DAG's tasks.

    Run and launch are placeholders: RUN, and a launch id of zeros.
    """
    with connect() as api:
        rows = api.get(f"/goflow/v1/dags/{dag_id}/render", task_id=task_id)["tasks"]
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    from ruamel.yaml import YAML

    writer = YAML()
    writer.default_flow_style = False
    writer.width = 120
    for row in rows:
        click.echo(f"---\n# {row['task_id']}" + ("" if row["job"] else f": {row['reason']}"))
        if row["job"]:
            writer.dump(row["job"], sys.stdout)
