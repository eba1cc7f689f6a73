from __future__ import annotations

from datetime import datetime

import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


d1 = DAG("da", schedule="@daily", default_args={"start_date": datetime(2024, 1, 5), "end_date": "2024-02-01"})
d2 = DAG("da2", schedule="@daily", default_args={"start_date": "2024-01-05", "owner": "x"})
with d1:
    E("a")
with d2:
    E("b", start_date="2024-03-01") if False else E("b")
with DAG(
    "da3", schedule="@daily", start_date=S, default_args={"start_date": pendulum.datetime(2024, 5, 1, tz="Asia/Tokyo")}
):
    E("c")
    E("e", start_date=datetime(2024, 9, 1))
