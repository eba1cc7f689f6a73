from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


DAG("pend3x", schedule="@weekly", start_date=pendulum.parse("2024-03-01T02:00:00+01:00"))
from zoneinfo import ZoneInfo

p = {}
for i, sd in enumerate(
    [
        datetime(2024, 3, 1, 5),
        datetime(2024, 3, 1, 5, tzinfo=timezone.utc),
        datetime(2024, 3, 1, 5, tzinfo=timezone(timedelta(hours=2))),
        pendulum.datetime(2024, 3, 1, tz="Europe/Amsterdam"),
        pendulum.datetime(2024, 3, 1, tz=pendulum.timezone("America/New_York")),
        pendulum.parse("2024-03-01T02:00:00+01:00"),
        datetime(2024, 3, 30, tzinfo=ZoneInfo("Europe/Berlin")),
        pendulum.datetime(2024, 1, 1).subtract(days=3).add(months=1),
        pendulum.instance(datetime(2024, 1, 1)),
        pendulum.from_format("2024-02-03", "YYYY-MM-DD"),
        pendulum.from_timestamp(1700000000),
        pendulum.datetime(2024, 5, 5).start_of("week"),
        pendulum.parse("2024-06-01"),
        pendulum.naive(2024, 1, 1) if False else datetime(2024, 1, 1),
    ]
):
    globals()[f"d{i}"] = DAG(f"sd{i}", schedule="15 2 * * *", start_date=sd)
