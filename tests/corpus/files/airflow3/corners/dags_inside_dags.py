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


outer = DAG("outer", schedule=None, start_date=S)
with DAG("ctx", schedule=None, start_date=S) as ctx:
    a = E("a")
    b = E("b", dag=outer)
    with DAG("inner", schedule=None, start_date=S) as inner:
        E("in1")
    E("after")
    with outer:
        E("from_outer")
