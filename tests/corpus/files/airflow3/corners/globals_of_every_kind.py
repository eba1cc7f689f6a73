from __future__ import annotations

import sys
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


CONF = [{"id": "x", "sched": "@daily", "tasks": ["a", "b"]}, {"id": "y", "sched": None, "tasks": []}]


def create(cfg, default=None):
    dag = DAG(f"lg_{cfg['id']}", schedule=cfg["sched"], start_date=S, catchup=False)
    with dag:
        prev = None
        for t in cfg["tasks"]:
            cur = PythonOperator(task_id=t, python_callable=lambda t=t: t, op_kwargs={"t": t})
            if prev:
                prev >> cur
            prev = cur
    return dag


for c in CONF:
    globals()[c["id"]] = create(c)
dags = [create({"id": "hidden", "sched": None, "tasks": ["h"]})]


def not_found():
    local = DAG("lg_local", schedule=None, start_date=S)


not_found()
locals()["viaLocals"] = DAG("lg_locals", schedule=None, start_date=S)
vars()["viaVars"] = DAG("lg_vars", schedule=None, start_date=S)
globals().update({f"u{i}": DAG(f"lg_u{i}", schedule=None, start_date=S) for i in range(2)})
sys.modules[__name__].__dict__["sm"] = DAG("lg_sm", schedule=None, start_date=S)
setattr(sys.modules[__name__], "sa", DAG("lg_sa", schedule=None, start_date=S))
del globals()["u1"]
_private = DAG("lg_private", schedule=None, start_date=S)
