from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("delays", schedule=None, start_date=S, dagrun_timeout=timedelta(hours=2)) as d:
    E("a", retry_delay=30)
    E("b", retry_delay=timedelta(seconds=90), max_retry_delay=600, retry_exponential_backoff=True)
    E("c", retry_delay=12.5, execution_timeout=timedelta(minutes=1))
    E("f", max_retry_delay=timedelta(hours=1), retries=2)
    E("g", retries=None) if False else None
