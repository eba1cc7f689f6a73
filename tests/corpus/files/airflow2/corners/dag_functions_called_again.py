from __future__ import annotations

from datetime import datetime

from airflow.decorators import dag, task
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


def build(i):
    @dag(dag_id=f"tw_{i}", schedule=None, start_date=S, tags=[f"t{i}"])
    def inner():
        @task
        def go():
            return i

        go()

    return inner()


for i in range(3):
    build(i)
