from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("vars2", schedule=None, start_date=S) as d:
    B("a", Variable.get("absent", default_var="dv"))
    B("b", str(Variable.get("absent", default_var=None)))
    B("c", str(Variable.get("absent", default_var={"a": 1}, deserialize_json=True)))
