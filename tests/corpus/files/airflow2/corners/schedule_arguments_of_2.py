from __future__ import annotations

from datetime import datetime, timedelta

import pendulum
from airflow import DAG
from airflow.datasets import Dataset as Asset
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


a = DAG("si", schedule_interval="@daily", start_date=S)
b = DAG("si_none", schedule_interval=None, start_date=S)
c = DAG("si_td", schedule_interval=timedelta(days=2), start_date=S, catchup=False)
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable

d = DAG("tt", timetable=CronDataIntervalTimetable("0 1 * * *", timezone="Europe/Oslo"), start_date=S)
e = DAG(
    "tt2",
    schedule=CronTriggerTimetable("0 1 * * *", timezone=pendulum.timezone("Asia/Tokyo"), interval=timedelta(hours=1)),
    start_date=S,
)
f = DAG("pos", "a description", "@hourly", start_date=S)
from airflow.timetables.datasets import DatasetOrTimeSchedule

g = DAG(
    "dot",
    schedule=DatasetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 1 * * *", timezone="UTC"), datasets=[Asset("s3://x")]
    ),
    start_date=S,
)
h = DAG("none_default", start_date=S)
i = DAG("conc", start_date=S, concurrency=3, max_active_runs=2, default_view="graph", orientation="TB")
