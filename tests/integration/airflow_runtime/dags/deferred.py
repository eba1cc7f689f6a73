"""Deferred tasks."""

from datetime import datetime

from airflow.sdk import DAG
from waiting import Waits

with DAG("deferred", start_date=datetime(2026, 1, 1), schedule=None):
    Waits(task_id="goes_on", seconds=0.1)
    Waits(task_id="waits_too_long", seconds=600, limit=1)
