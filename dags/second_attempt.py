"""Retries: the first attempt fails on purpose, the second one succeeds."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import dag, task


@dag(schedule=None, start_date=datetime(2025, 1, 1), tags=["example", "retries"])
def second_attempt():
    @task(retries=2, retry_delay=timedelta(seconds=1), retry_exponential_backoff=True)
    def flaky(ti=None) -> int:
        if ti.try_number == 1:
            raise RuntimeError("the first attempt fails")
        return ti.try_number

    @task(trigger_rule="all_done")
    def report(attempt: int) -> None:
        print(f"attempt {attempt} went well")

    report(flaky())


second_attempt()
