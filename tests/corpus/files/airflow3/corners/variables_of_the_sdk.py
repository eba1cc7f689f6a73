from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Variable,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("sdkdefault", schedule=None, start_date=S) as d:
    try:
        Variable.get("absent", default_var="x")
        E("taken")
    except TypeError:
        E("refused")
from airflow.models import Variable as MV

with DAG("mv", schedule=None, start_date=S) as d2:
    B("a", MV.get("absent", default_var="x"))
    try:
        MV.get("absent")
    except KeyError:
        E("keyerror")
