from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("reassign_1", schedule=None, start_date=S) as d:
    E("a")
with DAG("reassign_2", schedule=None, start_date=S) as d:
    E("b")
d = DAG("reassign_3", schedule=None, start_date=S)
E("c", dag=d)
d = DAG("reassign_4", schedule=None, start_date=S)
E("d", dag=d)
