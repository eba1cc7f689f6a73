"""Branches inside task groups: only one way is taken, and the end joins whichever it was."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Label, TaskGroup, task

WAYS = {"sunny": ["water_the_garden", "hang_out_laundry"], "rainy": ["close_windows"]}

with DAG(
    dag_id="weather_branches",
    schedule=None,
    start_date=datetime(2025, 1, 1),
    tags=["example", "branch", "group"],
) as dag:

    @task.branch
    def look_outside(logical_date=None, **context) -> str:
        day = (logical_date or context["dag_run"].run_after).day
        return "sunny.begin" if day % 2 else "rainy.begin"

    @task
    def do(what: str) -> str:
        print(f"doing it: {what}")
        return what

    sky = look_outside()
    home = EmptyOperator(task_id="home", trigger_rule="none_failed_min_one_success")

    for way, chores in WAYS.items():
        with TaskGroup(group_id=way, tooltip=f"What to do when it is {way}"):
            begin = EmptyOperator(task_id="begin")
            for chore in chores:
                begin >> do.override(task_id=chore)(chore) >> home
        sky >> Label(way) >> begin
