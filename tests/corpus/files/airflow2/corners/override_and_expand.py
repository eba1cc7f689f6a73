from __future__ import annotations

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


@task
def add(x, y=0):
    return x + y


@task(multiple_outputs=True)
def mo() -> dict:
    return {"a": 1, "b": 2}


@task
def anno() -> dict[str, int]:
    return {"k": 1}


@task
def anno2() -> "dict":
    return {}


@task(multiple_outputs=False)
def anno3() -> dict:
    return {}


with DAG("override_expand", schedule=None, start_date=S) as d:
    m = mo()
    x = add(m["a"], m["b"])
    k = anno()
    add.override(task_id="ov", retries=4, trigger_rule="all_done")(k["k"])
    add.partial(y=3).expand(x=[1, 2, 3])
    add.expand(x=[1], y=[2, 3])
    add.expand_kwargs([{"x": 1, "y": 2}, {"x": 3}])
    anno2()
    anno3()
    BashOperator.partial(task_id="bm", retries=3, env={"a": "b"}).expand(bash_command=["echo 1", "echo 2"])
    BashOperator.partial(task_id="bm2").expand_kwargs([{"bash_command": "echo", "env": {"x": "1"}}])
    PythonOperator.partial(task_id="pm", python_callable=fn).expand(op_args=[[1], [2]])
    B("after", "echo {{ ti.xcom_pull('add') }}") << x
