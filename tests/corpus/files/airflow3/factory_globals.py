"""Several DAGs made by a function and put into globals()."""
import json
import os
from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.bash import BashOperator


def create(name, schedule, steps):
    dag = DAG(
        dag_id="made_%s" % name,
        schedule=schedule,
        default_args=dict(owner="factory", retries=1, retry_delay=timedelta(seconds=30)),
        start_date=datetime(2024, 1, 1),
        catchup=bool(schedule),
        max_active_runs=steps,
        tags=["made", f"{steps}-steps"],
    )
    with dag:
        start, end = EmptyOperator(task_id="start"), EmptyOperator(task_id="end")
        last = start
        for i in range(steps):
            step = BashOperator(task_id="step_{}".format(i + 1), bash_command="echo {{ ds }} %d" % i)
            last >> step
            last = step
        last >> end
    return dag


path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "configs", "jobs.json")
for job in json.load(open(path)):
    globals()["dag_" + job["name"]] = create(**job)
