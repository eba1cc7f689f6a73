from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


dag_ = DAG("group_ctx", schedule=None, start_date=S, default_args={"retries": 2, "pool": "p1"})
with TaskGroup("g", dag=dag_, default_args={"pool": "p2"}) as g:
    a = E("a", dag=dag_)
    b = E("b")
c = E("c", dag=dag_, task_group=g)
g >> E("z", dag=dag_)
