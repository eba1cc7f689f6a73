from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


import pytz

a = DAG("a", schedule="0 0 * * *", start_date=datetime(2024, 1, 1, tzinfo=pytz.timezone("Europe/Paris")))
b = DAG("b", schedule="0 0 * * *", start_date=pytz.timezone("Europe/Paris").localize(datetime(2024, 7, 1)))
c = DAG("c", schedule="0 0 * * *", start_date=datetime(2024, 1, 1, tzinfo=pytz.utc))
e = DAG(
    "e",
    schedule="0 0 * * *",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc).astimezone(pytz.timezone("America/New_York")),
)
f = DAG("f", schedule="0 0 * * *", start_date=pytz.utc.localize(datetime(2024, 7, 1)))
g = DAG(
    "g", schedule="0 0 * * *", start_date=datetime(2024, 7, 1, tzinfo=pytz.UTC).astimezone(pytz.timezone("Asia/Tokyo"))
)
i = DAG(
    "i",
    schedule="0 0 * * *",
    start_date=datetime(2024, 7, 1, tzinfo=pytz.timezone("US/Eastern")),
    end_date=pytz.timezone("US/Eastern").localize(datetime(2024, 11, 3, 1, 30)),
)
h = DAG("h", schedule=None, start_date=S)
P = pytz.timezone("Europe/Paris")
B(
    "x",
    str(P)
    + P.zone
    + str(P.localize(datetime(2024, 7, 1)))
    + P.localize(datetime(2024, 10, 27, 2, 30)).isoformat()
    + P.localize(datetime(2024, 10, 27, 2, 30), is_dst=True).isoformat()
    + P.normalize(P.localize(datetime(2024, 3, 30, 12)) + timedelta(days=1)).isoformat()
    + datetime(2024, 1, 1, tzinfo=P).isoformat()
    + P.localize(datetime(2024, 1, 1)).strftime("%Z %z")
    + P.localize(datetime(2024, 3, 31, 2, 30)).isoformat(),
    dag=h,
)
B(
    "y",
    f"{P.localize(datetime(2024, 7, 1)).tzinfo} {pytz.utc} {pytz.timezone('utc')} {P.localize(datetime(2024, 7, 1)).dst()} {pytz.timezone('UTC') == pytz.utc} {P == pytz.timezone('Europe/Paris')}",
    dag=h,
)
