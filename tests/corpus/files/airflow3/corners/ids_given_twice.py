from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    TaskGroup,
    dag,
    task,
    task_group,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


@task
def t(x=1):
    return x


@dag(schedule=None, start_date=S)
def dup_ids():
    for i in range(4):
        t(i)
    with TaskGroup("g"):
        t(1)
        t(2)
    a = t.override(task_id="t__2")(5)

    @task_group
    def grp(n):
        return t(n)

    grp(1)
    grp(2)
    grp(3)


dup_ids()
