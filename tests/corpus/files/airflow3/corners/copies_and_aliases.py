from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


import copy

base = {"a": {"b": [1]}}
d1 = copy.deepcopy(base)
d1["a"]["b"].append(2)
d2_ = dict(base)
d2_["a"]["b"].append(3)
d3_ = base.copy()
d3_["z"] = 1
d4 = {**base}
with DAG("copy_tasks", schedule=None, start_date=S) as d:
    B("x", f"{base} {d1} {d2_} {d3_}")
    common = {"env": {"A": "1"}}
    a = B("a", **common)
    b = B("b", **common)
    a.env["B"] = "2"
    B("c", **common)
    PythonOperator(task_id="p", python_callable=fn, op_kwargs=(kw := {"n": 0}))
    kw["n"] = 5
    PythonOperator(task_id="q", python_callable=fn, op_kwargs=kw)
    lst = []
    PythonOperator(task_id="r", python_callable=fn, op_args=lst)
    lst.append(3)
