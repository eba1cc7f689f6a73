"""Params and arguments of DAG functions and tasks."""
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Param, ParamsDict, dag, task


@dag(
    "params_of_functions",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    params={"p": Param("q", description="words")},
    default_args={"params": {"from_default": 1}, "retries": 2},
    description=None,
    on_success_callback=None,
)
def function(table: str = "orders", limit: int = 10, flag: bool = False, nothing=None):
    BashOperator(task_id="uses", bash_command=f"echo {{{{ params.table }}}} {limit}", params={"own": [1]})

    @task
    def work(t, n):
        return t

    work(table, n=limit)


function(table="customers", limit=5)

shared = dict(start_date=datetime(2024, 1, 1), schedule=None, tags=["x"])
with DAG("args_by_unpacking", **shared, params=ParamsDict({"a": Param(1, type="integer")})) as unpacked:
    common = {"retries": 4, "retry_delay": timedelta(seconds=5)}
    BashOperator(**{"task_id": "t1", "bash_command": "x", **common})
    PythonOperator(task_id="t2", python_callable=print, **common | {"op_kwargs": {"a": 1}})

with DAG(dag_id="positional_words", description="d", schedule="@daily", start_date=shared["start_date"]) as positional:
    BashOperator(task_id="t", bash_command="x", retry_delay=timedelta(days=1, seconds=0.5), email="a@b.c", email_on_retry=True)
