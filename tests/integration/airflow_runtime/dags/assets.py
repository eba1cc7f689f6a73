"""What tasks tell of assets and of other DAGs' runs."""

from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, AssetAlias, task

ORDERS = Asset(name="orders", uri="s3://bucket/orders")
CALLED, MORE = AssetAlias("called"), Asset("more")

with DAG("assets", start_date=datetime(2026, 1, 1), schedule=None):

    @task(outlets=[ORDERS, CALLED])
    def writes(*, outlet_events):
        outlet_events[ORDERS].extra = {"rows": 3}
        outlet_events[CALLED].add(MORE, extra={"rows": 4})

    @task(inlets=[ORDERS, CALLED])
    def reads(*, inlet_events):
        return [event.extra["rows"] for inlet in (ORDERS, CALLED) for event in inlet_events[inlet]]

    writes() >> reads()
    TriggerDagRunOperator(
        task_id="starts", trigger_dag_id="started", conf={"a": 1}, trigger_run_id="by_hand", wait_for_completion=True,
        poke_interval=1,
    )  # fmt: skip

with DAG("follows", start_date=datetime(2026, 1, 1), schedule=[ORDERS, CALLED]):

    @task
    def tells(*, triggering_asset_events):
        return sorted(
            [key.name, event.extra["rows"], event.source_dag_run.run_id, event.source_task_instance.task_id]
            for key, found in triggering_asset_events.items()
            for event in found
        )

    tells()

with DAG("started", start_date=datetime(2026, 1, 1), schedule=None):
    EmptyOperator(task_id="nothing")
