from __future__ import annotations

from datetime import datetime, timedelta

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


DA = {
    "owner": "me",
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "env": {"A": "1"},
    "params": {"x": 1},
    "queue": "q0",
    "email": ["x@y"],
    "append_env": True,
}
with DAG("default_args", schedule=None, start_date=S, default_args=DA, params={"y": 2, "x": 9}) as d:
    DA["retries"] = 99
    a = B("a")
    with TaskGroup("g", default_args={"retries": 5, "owner": "grp"}) as g:
        b = B("b")
        with TaskGroup("h", default_args={"retries": 6}) as h:
            c = B("c", env={"B": "2"})
            c2 = B("c2", default_args={"queue": "own", "owner": "task"})
    e = B("e", retries=0, default_args={"retries": 8, "pool": "p"})
    DA["env"]["A"] = "changed"
    f = B("f")
    f.env["Z"] = "z"
    g2 = B("g2")
