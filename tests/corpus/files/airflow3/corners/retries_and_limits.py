from __future__ import annotations

from datetime import datetime

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


from datetime import timedelta as TD

with DAG(
    "retryd",
    schedule="@daily",
    start_date=S,
    default_args={"retry_delay": 120, "retries": "3"},
    dagrun_timeout=TD(minutes=30),
    max_active_runs=True + 1,
) as d:
    E("a")
    E("b", retries=0, retry_delay=TD(0))
    E("c", execution_timeout=TD(hours=1, seconds=1), retry_exponential_backoff=True, max_retry_delay=TD(days=1))
