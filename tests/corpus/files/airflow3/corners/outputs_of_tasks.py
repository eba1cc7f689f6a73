from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import (
    DAG,
    XComArg,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("task_output", schedule=None, start_date=S) as d:
    p = PythonOperator(task_id="p", python_callable=fn)
    B("b", p.output)
    B("c", p.output["key"])
    PythonOperator(
        task_id="q", python_callable=fn, op_args=[p.output, 1], op_kwargs={"x": p.output["y"], "z": [p.output]}
    )
    PythonOperator(task_id="r", python_callable=fn, op_args=["{{ ds }}"], templates_dict={"t": p.output})
    XComArg(p, "kk") >> E("e1")
    E("e2").set_upstream(p.output)
    B("str", f"echo {p.output}")
    B("str2", "echo " + str(p.output["kk"]))
