"""What tasks tell of assets and of other DAGs' runs."""

from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, task

ORDERS = Asset(name="orders", uri="s3://bucket/orders")

with DAG("assets", start_date=datetime(2026, 1, 1), schedule=None):

    @task(outlets=[ORDERS])
    def writes(*, outlet_events):
        outlet_events[ORDERS].extra = {"rows": 3}

    @task(inlets=[ORDERS])
    def reads(*, inlet_events):
        return [event.extra["rows"] for event in inlet_events[ORDERS]]

    writes() >> reads()
    TriggerDagRunOperator(
        task_id="starts", trigger_dag_id="started", conf={"a": 1}, trigger_run_id="by_hand", wait_for_completion=True,
        poke_interval=1,
    )  # fmt: skip

with DAG("started", start_date=datetime(2026, 1, 1), schedule=None):
    EmptyOperator(task_id="nothing")
