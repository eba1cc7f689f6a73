from datetime import datetime, timedelta

import pendulum
from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.empty import EmptyOperator
from airflow.timetables.trigger import CronTriggerTimetable
from dateutil.relativedelta import relativedelta

d1, d2 = Dataset("s3://b/1"), Dataset("s3://b/2")
KINDS = [
    ("omitted", {}),
    ("interval", {"schedule_interval": "@daily"}),
    ("none", {"schedule_interval": None}),
    ("cron", {"schedule": "0 */2 * * *"}),
    ("delta", {"schedule": timedelta(days=1)}),
    ("monthly", {"schedule": relativedelta(months=1)}),
    ("timetable", {"timetable": CronTriggerTimetable("0 1 * * *", timezone="America/New_York")}),
    ("dataset", {"schedule": [d1, d2]}),
    ("condition", {"schedule": (d1 | d2)}),
    ("once", {"schedule": "@once"}),
]
for name, kwargs in KINDS:
    globals()[f"dag_{name}"] = DAG(f"two_{name}", start_date=pendulum.datetime(2024, 3, 30, tz="Europe/Paris"), **kwargs)
    EmptyOperator(task_id="t", dag=globals()[f"dag_{name}"], outlets=[d1] if name == "cron" else None)
