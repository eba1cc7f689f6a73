from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


for p in [
    "@once",
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "@quarterly",
    "@yearly",
    None,
    "*/5 * * * *",
    "0 0 * * MON-FRI",
    "0 9 1-7 * 1#1",
]:
    name = "p_" + str(p).strip("@").replace("*", "s").replace("/", "_").replace(" ", "_").replace("#", "_")
    globals()[name] = DAG(name, schedule=p, start_date=S)
a1 = DAG("annually", schedule="0 0 L * *", start_date=S)
td = DAG("td", schedule=timedelta(hours=6, minutes=30), start_date=S)
from dateutil.relativedelta import relativedelta

rd = DAG("rd", schedule=relativedelta(months=1, days=-1), start_date=S)
cont = DAG("cont", schedule="@continuous", start_date=S, max_active_runs=1)
no = DAG("no_schedule", start_date=S)
