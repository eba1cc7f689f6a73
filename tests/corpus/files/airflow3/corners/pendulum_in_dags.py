from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


import pendulum as pp
from pendulum import DateTime, duration
from pendulum import datetime as pdt
from pendulum import timezone as ptz

local_tz = ptz("Europe/Amsterdam")
a = DAG("pa", schedule="0 6 * * *", start_date=pdt(2024, 1, 1, tz=local_tz), dagrun_timeout=duration(hours=2))
b = DAG("pb", schedule=duration(days=2), start_date=pdt(2024, 1, 1))
c = DAG("pc", schedule=duration(hours=3), start_date=datetime(2024, 1, 1, tzinfo=local_tz), end_date=pdt(2024, 6, 1))
e = DAG("pe", schedule="@daily", start_date=pp.DateTime(2024, 1, 1, tzinfo=local_tz))
f = DAG("pf", schedule="@daily", start_date=pdt(2024, 1, 1, tz=3))
j = DAG("pj", schedule="@daily", start_date=pp.parse("2024-01-01").in_tz("Asia/Tokyo"))
with DAG(
    "pk",
    schedule=None,
    start_date=pdt(2024, 1, 1),
    default_args={"retry_delay": duration(minutes=3), "execution_timeout": pp.duration(hours=1)},
) as k:
    E("t")
    PythonOperator(
        task_id="u",
        python_callable=fn,
        op_kwargs={"d": pdt(2024, 1, 2), "du": duration(days=1), "date": pdt(2024, 1, 2).date(), "t": pp.time(1, 2)},
    )
    B(
        "isi",
        f"{isinstance(pdt(2024, 1, 1), datetime)} {isinstance(datetime(2024, 1, 1), DateTime)} {isinstance(duration(days=1), timedelta)} {pdt(2024, 1, 1) == datetime(2024, 1, 1, tzinfo=timezone.utc)} {datetime(2024, 1, 2) - timedelta(1)} {k.timezone} {k.start_date}",
    )
    for x in pp.interval(pdt(2024, 1, 1), pdt(2024, 1, 3)).range("days"):
        E(f"d_{x:%Y%m%d}")
    for x in range((pdt(2024, 1, 3) - pdt(2024, 1, 1)).days):
        E(f"n_{x}")
