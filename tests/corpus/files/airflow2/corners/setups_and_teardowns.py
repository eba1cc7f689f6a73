from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.decorators import setup, task, teardown
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("setup_teardown", schedule=None, start_date=S) as d:
    s, w, t_ = E("s"), E("w"), E("t")
    s.as_setup() >> w >> t_.as_teardown(setups=s)

    @setup
    def su(): ...
    @teardown(on_failure_fail_dagrun=True)
    def td(): ...
    @task
    def work(): ...

    su1, td1 = su(), td()
    with td1:
        work()
    su1 >> td1
    with TaskGroup("g") as g:
        gs = E("gs").as_setup()
        gw = E("gw")
        gt = E("gt").as_teardown(setups=gs)
        gs >> gw >> gt
    g >> E("after_g")
    E("s2").as_setup() >> E("w2") >> E("t2").as_teardown(on_failure_fail_dagrun=True)
