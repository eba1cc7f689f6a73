"""Names taken from modules of Airflow that are not where they live, and from modules taken as names."""

from datetime import datetime

import airflow
from airflow import configuration, models, settings
from airflow.models.dag import DagStateChangeCallback, ScheduleInterval
from airflow.operators import bash
from airflow.utils import dates
from airflow.utils.dates import days_ago, timedelta
from airflow.utils.db import create_session, provide_session
from airflow.utils.state import State

START = datetime(2024, 1, 1)


class NightlySensor(airflow.models.BaseOperator):
    def __init__(self, *, table, **kwargs):
        super().__init__(**kwargs)
        self.table = table

    @provide_session
    def execute(self, context, session=None):
        return session


def dag_of(name: str, schedule: ScheduleInterval, failed: DagStateChangeCallback = None) -> models.DAG:
    with models.DAG(name, schedule_interval=schedule, start_date=START, on_failure_callback=failed) as dag:
        first = bash.BashOperator(task_id="first", bash_command=f"echo {State.SUCCESS}", retry_delay=timedelta(minutes=7))
        second = NightlySensor(task_id="second", table="events")
        first >> second
    return dag


modular = dag_of("names_from_anywhere", dates.timedelta(hours=6))
plain = airflow.DAG("names_from_packages", start_date=START, schedule_interval=dates.cron_presets["@daily"])
