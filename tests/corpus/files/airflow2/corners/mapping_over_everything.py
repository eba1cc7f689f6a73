from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.decorators import task, task_group
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


@task
def get():
    return [1, 2]


@task
def proc(x, y=1):
    return x


@task_group(group_id="tgx", default_args={"retries": 3}, tooltip="tt")
def tg(a, b=2):
    r = proc(a, b)
    with TaskGroup("sub"):
        proc(r)
    return r


with DAG("mapping", schedule=None, start_date=S) as d:
    g = get()
    p = proc.partial(y=2).expand(x=g)
    proc.expand(x=p.map(lambda v: v + 1), y=[1])
    proc.expand(x=g.zip(p, fillvalue=0))
    proc.expand(x=g.concat(p)) if hasattr(g, "concat") else None
    tg.expand(a=g)
    tg.partial(b=g).expand(a=[1, 2])
    q = tg(5)
    q2 = tg(q)
    proc.expand_kwargs(g.map(lambda v: {"x": v}))
    proc.expand({"x": [1]}) if False else proc.expand(x={"k": 1, "l": 2})
    BashOperator.partial(
        task_id="b", do_xcom_push=False, max_active_tis_per_dag=1, map_index_template="{{ task.x }}"
    ).expand(bash_command=p)
    BashOperator.partial(task_id="b2", env={"x": g}).expand(bash_command=["a"])
    proc.override(task_id="lazy", max_active_tis_per_dagrun=2).expand(x=["a", "b"])
