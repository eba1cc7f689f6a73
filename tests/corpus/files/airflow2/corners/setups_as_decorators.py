from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.decorators import setup, task, teardown
from airflow.models.baseoperator import chain
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("setup2", schedule=None, start_date=S) as d:

    @setup
    @task
    def cl():
        return "x"

    @task
    def w(x): ...
    @teardown
    @task
    def de(x): ...

    c = cl()
    ww = w(c)
    dd = de(c)
    ww >> dd
    with E("s1").as_setup() >> E("t1").as_teardown() if False else E("t1").as_teardown(setups=E("s1").as_setup()) as td:
        E("in1") >> E("in2")
    with TaskGroup("g") as g:
        s, x, t = E("s").as_setup(), E("x"), E("t").as_teardown(setups="g.s") if False else E("t")
        s >> x >> t.as_teardown(setups=s)
    E("before") >> g >> E("after")
    [E("ms1").as_setup(), E("ms2").as_setup()] >> E("mw") >> E("mt").as_teardown()
    chain(E("cs").as_setup(), E("cw"), E("ct").as_teardown(on_failure_fail_dagrun=True))
