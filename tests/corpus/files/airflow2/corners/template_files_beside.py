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


@task.bash
def cmdf():
    return "x.sh"


with DAG("tmplext", schedule=None, start_date=S, template_searchpath=os.path.dirname(__file__) + "/tpl") as d:
    B("a", "tpl/run.sh")
    B("b", "run2.sh ")
    B("c", "run3.sh")
    B("e", "echo x.sh")
    PythonOperator(
        task_id="p",
        python_callable=fn,
        templates_dict={"q": "tpl/q.sql"},
        templates_exts=[".sql"],
        op_kwargs={"f": "tpl/q.sql"},
    )
    cmdf()
