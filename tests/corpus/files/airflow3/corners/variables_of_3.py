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


with DAG("vars3", schedule=None, start_date=S) as d:
    B("a", Variable.get("absent", default="dv"))
    B("b", str(Variable.get("absent", default=None)))
    B("c", str(Variable.get("absent", default={"a": 1}, deserialize_json=True)))
