"""Tasks that ask people: the standard provider's own operators, on Airflow's supervisor or on the shim."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.hitl import (
    ApprovalOperator,
    HITLBranchOperator,
    HITLEntryOperator,
    HITLOperator,
)
from airflow.sdk import DAG, Param, task

with DAG("asks", start_date=datetime(2026, 1, 1), schedule=None):
    form = HITLEntryOperator(task_id="form", subject="Who are you?", params={"name": Param("", type="string")})
    late = HITLOperator(
        task_id="late", subject="?", options=["a", "b"], defaults="b", response_timeout=timedelta(seconds=1)
    )
    never = HITLOperator(task_id="never", subject="?", options=["a"], response_timeout=timedelta(seconds=1))
    approve = ApprovalOperator(
        task_id="approve",
        subject="Is {{ ti.xcom_pull(task_ids='form')['params_input']['name'] }} right?",
        assigned_users={"id": "me", "name": "me"},
    )
    branch = HITLBranchOperator(
        task_id="branch", subject="Where?", options=["L", "right"], options_mapping={"L": "left"}
    )

    @task
    def left(): ...

    @task
    def right(): ...

    form >> approve >> branch >> [left(), right()]
