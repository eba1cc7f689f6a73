from __future__ import annotations

import os
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


import yaml

for name in ("conf.yaml",):
    txt = open(os.path.join(os.path.dirname(__file__), name)).read()
    lines = [l for l in txt.splitlines() if not l.startswith("pp:")]
    c = yaml.safe_load("\n".join(lines))
with DAG("yamls3", schedule=None, start_date=S) as d:
    for k, v in c.items():
        PythonOperator(task_id=f"k_{k}", python_callable=fn, op_kwargs={"v": v, "t": type(v).__name__, "s": str(v)})
