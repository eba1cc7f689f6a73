"""A DAG with most of what a list shows."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, task

with DAG(
    "plain",
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["b", "a"],
    description="Counts",
    doc_md="# Plain",
    params={"n": Param(3, type="integer", description="how many")},
    default_args={"owner": "ada", "retries": 1, "retry_delay": timedelta(seconds=1)},
    max_active_runs=4,
    dagrun_timeout=timedelta(hours=2),
):
    start = EmptyOperator(task_id="start")
    say = BashOperator(task_id="say", bash_command="echo hello {{ params.n }}", doc_md="Says it.")

    @task
    def count(n: int = 2):
        print("counting")
        return {"n": n, "all": [1, 2.5, None, "x"]}

    start >> say >> count()
