"""A DAG for each kind of schedule."""
from datetime import datetime, timedelta

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, AssetAlias, AssetAll, AssetAny, CronPartitionTimetable  # noqa: F401
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable, MultipleCronTriggerTimetable
from dateutil.relativedelta import relativedelta

orders = Asset("s3://bucket/orders")
customers = Asset(name="customers", uri="s3://bucket/customers")
berlin = pendulum.timezone("Europe/Berlin")
SCHEDULES = {
    "none": None,
    "once": "@once",
    "continuous": "@continuous",
    "hourly": "@hourly",
    "weekly": "@weekly",
    "monthly": "@monthly",
    "quarterly": "@quarterly",
    "yearly": "@yearly",
    "cron": "15 3 * * MON-FRI",
    "delta": timedelta(hours=5),
    "relative": relativedelta(months=1),
    "cron_interval": CronDataIntervalTimetable("0 2 * * *", timezone="Europe/Berlin"),
    "delta_interval": DeltaDataIntervalTimetable(timedelta(days=2)),
    "cron_trigger": CronTriggerTimetable("0 2 * * *", timezone="UTC"),
    "cron_trigger_interval": CronTriggerTimetable("0 2 * * *", timezone=berlin, interval=timedelta(hours=3)),
    "delta_trigger": DeltaTriggerTimetable(timedelta(hours=7)),
    "several": MultipleCronTriggerTimetable("0 1 * * *", "30 13 * * *", timezone="UTC"),
    "events": EventsTimetable(event_dates=[pendulum.datetime(2024, 2, 1), pendulum.datetime(2024, 3, 1)]),
    "asset": [orders],
    "both": orders & customers,
    "either": (orders | customers),
    "nested": AssetAny(orders, AssetAll(customers, Asset("x://y"))),
    "alias": AssetAlias("later"),
    "asset_or_time": AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 6 * * *", timezone="UTC"), assets=[orders]),
}
for name, schedule in SCHEDULES.items():
    with DAG(f"schedule_{name}", schedule=schedule, start_date=pendulum.datetime(2024, 1, 3, 4, 5, tz=berlin), end_date=datetime(2026, 1, 1), **({"max_active_runs": 1} if name == "continuous" else {})) as dag:
        EmptyOperator(task_id="x", outlets=[customers] if name == "asset" else [])
