"""A large DAG folder: files as teams write them, and the helper modules that they share."""

from __future__ import annotations

from pathlib import Path

GENERATED = 300
"""Files that both sides read."""
SHARE = 50
"""Files that import the same helper module."""

_HELPER = '''"""What the pipelines of team {number} have in common."""

from __future__ import annotations

from datetime import timedelta

OWNER = "team-{number}"
BUCKET = f"s3://warehouse/{{OWNER}}"
TABLES = [f"table_{{index}}" for index in range({tables})]

DEFAULT_ARGS = {{
    "owner": OWNER,
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "depends_on_past": False,
}}


def path_of(table: str, layer: str = "raw") -> str:
    """Where a table lies."""
    return f"{{BUCKET}}/{{layer}}/{{table}}"


def notify(context):
    """Tell the team that a task has failed."""
    import logging

    log = logging.getLogger(__name__)
    log.error("task %s of %s failed", context["task_instance"].task_id, OWNER)
'''

_CLASSIC = '''"""Load the tables of team {team} into the warehouse, run {number}."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, TaskGroup

from teams.team_{team} import DEFAULT_ARGS, TABLES, notify, path_of

ENVIRONMENT = os.environ.get("DEPLOYMENT", "development")


def check(table, threshold=0.95, **context):
    """Compare what has been loaded with what was expected."""
    import random

    expected = {{"table": table, "rows": 1000, "columns": ["id", "name", "value"]}}
    found = dict(expected, rows=int(expected["rows"] * random.uniform(threshold, 1)))
    missing = expected["rows"] - found["rows"]
    if missing > expected["rows"] * (1 - threshold):
        raise ValueError(f"{{missing}} rows of {{table}} are missing")
    print(f"{{table}} on {{context['ds']}}: {{found}}")
    return found


with DAG(
    dag_id="load_{number}",
    description=__doc__,
    schedule="{minute} {hour} * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={{**DEFAULT_ARGS, "on_failure_callback": notify}},
    tags=["load", "team-{team}", ENVIRONMENT],
    dagrun_timeout=timedelta(hours=2),
    doc_md="""
    ### Loading

    Every table is copied, checked and published. Ask **team {team}**.
    """,
) as dag:
    start = EmptyOperator(task_id="start")
    done = EmptyOperator(task_id="done", trigger_rule="none_failed")
    for table in TABLES:
        with TaskGroup(group_id=table) as group:
            copy = BashOperator(
                task_id="copy",
                bash_command=f"copy {{path_of(table)}} {{path_of(table, 'clean')}} --day {{{{{{{{ ds }}}}}}}}",
                env={{"DEPLOYMENT": ENVIRONMENT, "TABLE": table}},
                append_env=True,
            )
            checked = PythonOperator(task_id="check", python_callable=check, op_kwargs={{"table": table}})
            copy >> checked
        start >> group >> done
'''

_TASKFLOW = '''"""Report on the tables of team {team}, report {number}."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk import dag, task

from teams.team_{team} import DEFAULT_ARGS, TABLES, path_of


@dag(
    dag_id="report_{number}",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args=DEFAULT_ARGS,
    tags=["report", "team-{team}"],
    params={{"limit": 100, "verbose": False}},
)
def report():
    """Read, add up and publish."""

    @task
    def read(table: str, where: str) -> dict[str, Any]:
        """Read one table; what is not there counts nothing."""
        import json
        from pathlib import Path

        rows: list[dict[str, Any]] = []
        path = Path(where)
        if path.exists():
            with path.open() as file:
                for line in file:
                    row = json.loads(line)
                    if row.get("deleted"):
                        continue
                    rows.append({{key: value for key, value in row.items() if value is not None}})
        return {{"table": table, "rows": len(rows), "sum": sum(row.get("value", 0) for row in rows)}}

    @task(multiple_outputs=True, retries=3)
    def add_up(parts: list[dict[str, Any]]) -> dict[str, Any]:
        """One figure of all."""
        total = sum(part["sum"] for part in parts)
        return {{"total": total, "tables": [part["table"] for part in parts]}}

    @task.bash
    def publish(total: int) -> str:
        """What is run to publish it."""
        return f"publish --report {number} --total {{total}}"

    parts = [read.override(task_id=f"read_{{table}}")(table, path_of(table, "clean")) for table in TABLES]
    summary = add_up(parts)
    publish(summary["total"])


report()
'''


def generated_folder(place: Path, files: int) -> Path:
    """A DAG folder with FILES files of one DAG each, and a helper module for every SHARE of them."""
    teams = place / "teams"
    teams.mkdir(parents=True)
    (teams / "__init__.py").write_text("")
    for number in range(files):
        team = number // SHARE
        if number % SHARE == 0:
            helper_of(place, team).write_text(_HELPER.format(number=team, tables=3 + team % 3))
        text = (_TASKFLOW if number % 2 else _CLASSIC).format(
            number=number, team=team, minute=number % 60, hour=number % 24
        )
        (place / f"pipeline_{number:05}.py").write_text(text)
    (place / ".airflowignore").write_text("teams/\n")
    return place


def helper_of(place: Path, team: int) -> Path:
    """The helper module that SHARE files import."""
    return place / "teams" / f"team_{team}.py"
