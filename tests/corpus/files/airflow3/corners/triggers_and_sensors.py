from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import (
    DAG,
    Asset,
    task,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("tdr", schedule=None, start_date=S) as d:
    TriggerDagRunOperator(
        task_id="t",
        trigger_dag_id="other",
        conf={"a": "{{ ds }}", "b": [1]},
        wait_for_completion=True,
        poke_interval=5,
        reset_dag_run=True,
        allowed_states=["success"],
        failed_states=["failed"],
    )
    ExternalTaskSensor(
        task_id="e",
        external_dag_id="o",
        external_task_id="x",
        execution_delta=timedelta(hours=1),
        mode="reschedule",
        timeout=60,
        poke_interval=timedelta(minutes=1),
        soft_fail=True,
        allowed_states=["success"],
        check_existence=True,
    )
    ExternalTaskSensor(task_id="e2", external_dag_id="o", external_task_ids=["x", "y"], execution_date_fn=lambda dt: dt)
    ExternalTaskSensor(
        task_id="e3", external_dag_id="o", external_task_group_id="g", failed_states=["failed", "skipped"]
    )
    FileSensor(
        task_id="f",
        filepath="/x/{{ ds }}",
        fs_conn_id="c",
        recursive=True,
        exponential_backoff=True,
        max_wait=timedelta(minutes=5),
    )

    @task.sensor(poke_interval=3, timeout=30, mode="reschedule")
    def sens(x):
        return True

    sens(1)

    @task.branch
    def br() -> str:
        return "a"

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def sc():
        return True

    @task.bash(env={"A": "b"})
    def bsh(x):
        return f"echo {x}"

    @task
    def ve(x): ...
    @task.external_python(python="/usr/bin/python3")
    def ep(): ...

    br() >> [E("a"), E("b")]
    sc() >> bsh(3) >> ve(1) >> ep()

    @task(
        task_id="named",
        retries=5,
        pool="pp",
        queue="q",
        multiple_outputs=True,
        trigger_rule="all_done",
        doc_md="dd",
        outlets=[Asset("s3://b/x")],
    )
    def nm(a: int, b: str = "z", *args, **kwargs): ...

    nm(1, "w", 3, k=4)
