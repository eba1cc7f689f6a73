"""A file of the years before TaskFlow: old import paths, `dag=` everywhere, edges by method calls."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator, ShortCircuitOperator

default_args = {
    "owner": "airflow",
    "depends_on_past": False,
    "retries": 1,
    "retry_delay": timedelta(seconds=2),
}

dag = DAG(
    "classic_airflow",
    default_args=default_args,
    start_date=datetime(2025, 1, 1),
    schedule=timedelta(days=1),
    catchup=False,
    tags=["example"],
)


def count(limit, **kwargs):
    """Push the numbers below LIMIT, one by one."""
    kwargs["ti"].xcom_push(key="numbers", value=list(range(limit)))
    return limit


def enough(**kwargs):
    return len(kwargs["ti"].xcom_pull(task_ids="count", key="numbers")) > 3


count_task = PythonOperator(task_id="count", python_callable=count, op_kwargs={"limit": 5}, dag=dag)
enough_task = ShortCircuitOperator(task_id="enough", python_callable=enough, dag=dag)
previous = enough_task
for number in range(1, 4):
    step = BashOperator(task_id="step_%d" % number, bash_command="echo step %d" % number, dag=dag)
    previous.set_downstream(step)
    previous = step
enough_task.set_upstream(count_task)
