"""Has run every day, and some of its days failed: what a calendar is for."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "daily_sums",
    schedule="0 4 * * *",
    start_date=datetime(2026, 11, 20),
    catchup=True,
    max_active_runs=3,
    tags=["e2e"],
):
    BashOperator(task_id="sum", bash_command="test {{ logical_date.day }} -ne 23")
