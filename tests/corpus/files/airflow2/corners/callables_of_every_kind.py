from __future__ import annotations

import os
from datetime import datetime

from airflow import DAG
from airflow.decorators import task
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


class Runner:
    def __init__(self, n):
        self.n = n

    def run(self, **k):
        return self.n

    @classmethod
    def cm(cls): ...
    @staticmethod
    def sm(): ...
    def __call__(self): ...


from functools import partial, wraps


def deco(f):
    @wraps(f)
    def inner(*a):
        return f(*a)

    return inner


@deco
def wrapped(a): ...


R = Runner(3)
with DAG("pyop", schedule=None, start_date=S) as d:
    PythonOperator(task_id="m", python_callable=R.run)
    PythonOperator(task_id="cm", python_callable=Runner.cm)
    PythonOperator(task_id="sm", python_callable=Runner.sm)
    PythonOperator(task_id="w", python_callable=wrapped, op_args=[1])
    PythonOperator(task_id="l", python_callable=lambda: 1)
    PythonOperator(task_id="bi", python_callable=print, op_args=["x"])
    PythonOperator(task_id="mod", python_callable=os.path.join, op_args=["a"])
    PythonOperator(task_id="p", python_callable=partial(fn, 1, b=2))
    PythonOperator(task_id="cls", python_callable=R)
    t = task(fn)
    t.override(task_id="wrapfn")(1)
    task(task_id="asfn")(wrapped)(2)

    @task
    def k(a, *, b, ds=None, ti=None, **context): ...

    k(1, b=2)
    k.override(task_id="kk")(a=1, b={"x": k(2, b=3)})
    try:
        k(1)
    except TypeError:
        E("te")
