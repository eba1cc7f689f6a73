"""Mapped tasks, groups, a task that fails, one that asks, and assets."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, AssetAlias, TaskGroup, task

START = datetime(2026, 1, 1)
ORDERS, PRICES = Asset("orders", uri="s3://shop/orders"), Asset("prices", uri="s3://shop/prices")

with DAG("mapped", schedule=None, start_date=START, tags=["a"]):

    @task
    def double(x: int):
        return 2 * x

    double.expand(x=[1, 2, 3])

with DAG("grouped", schedule=None, start_date=START, dag_display_name="Grouped ones"):
    with TaskGroup("g"):
        EmptyOperator(task_id="left") >> EmptyOperator(task_id="right")
    EmptyOperator(task_id="alone")

with DAG("fails", schedule="@once", start_date=START, catchup=False):
    BashOperator(task_id="bad", bash_command="exit 3") >> EmptyOperator(task_id="after")

with DAG("asks", schedule=None, start_date=START):
    HITLOperator(task_id="ask", subject="Which?", options=["a", "b"])

with DAG("calls", schedule=None, start_date=START):
    TriggerDagRunOperator(task_id="call", trigger_dag_id="called", trigger_run_id="by_call")

with DAG("called", schedule=None, start_date=START):
    EmptyOperator(task_id="hear")

with DAG("makes", schedule=None, start_date=START):
    EmptyOperator(task_id="make", outlets=[ORDERS])
    EmptyOperator(task_id="may", outlets=[AssetAlias("later")])

with DAG("waits", schedule=[ORDERS, PRICES], start_date=START):
    EmptyOperator(task_id="take", inlets=[ORDERS])
