from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("cd1", schedule=None, start_date=S):
    a = E("a")
with DAG("cd2", schedule=None, start_date=S):
    b = E("b")
try:
    a >> b
except Exception as e:
    with DAG("cd_err", schedule=None, start_date=S):
        E("t")
