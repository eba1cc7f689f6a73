"""Every twenty seconds: commands and functions, one after the other, that hand a number on."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("steps", schedule=timedelta(seconds=20), start_date=datetime(2026, 1, 1), catchup=False):

    @task
    def number():
        return 41

    @task
    def add_one(value):
        print(value + 1)
        return value + 1

    last = BashOperator(task_id="last", bash_command="echo {{ ti.xcom_pull(task_ids='add_one') }}")
    add_one(number()) >> last
