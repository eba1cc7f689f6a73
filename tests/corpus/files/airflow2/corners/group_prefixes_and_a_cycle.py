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


with DAG("group_prefix", schedule=None, start_date=S) as d:
    with TaskGroup("out") as o:
        with TaskGroup("in", prefix_group_id=False) as i:
            a = E("a")
            with TaskGroup("deep") as dp:
                b = E("b")
        c = E("c")
    with TaskGroup("flat", prefix_group_id=False) as fl:
        with TaskGroup("x"):
            E("y")
    o >> fl
    t = E("last")
    t << [o, fl]
    with TaskGroup("empty") as em:
        pass
    em >> t
    o.children
    E("k").set_upstream(em)
