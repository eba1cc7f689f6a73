from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Asset,
    task,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


from airflow.sdk import AssetAlias, AssetAll, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable, asset

a1 = Asset("s3://b/k", group="g", extra={"x": 1})
a2 = Asset(name="nm", uri="s3://b/k2")
a3 = Asset("justname")
al = AssetAlias("ali")
with DAG("as1", schedule=[a1, a2], start_date=S):
    B("a", outlets=[a3, al], inlets=[a1])
with DAG("as2", schedule=(a1 & a2) | a3, start_date=S):
    E("a")
with DAG("as3", schedule=AssetAny(a1, AssetAll(a2, a3)), start_date=S):
    E("a")
with DAG(
    "as4",
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 1 * * *", timezone="UTC"), assets=a1 | a2),
    start_date=S,
):
    E("a")
with DAG("as5", schedule=a1, start_date=S):
    E("a", outlets=a2) if False else E("a", outlets=[a2])
with DAG("as6", schedule=[al], start_date=S):

    @task(outlets=[a1, a2], inlets=[al])
    def prod(*, outlet_events): ...

    prod()
with DAG("as7", schedule=Asset.ref(name="nm"), start_date=S):
    E("a")


@asset(schedule="@daily", uri="s3://q/w", tags=["t"])
def my_asset(self, context): ...
@asset.multi(schedule=my_asset, outlets=[Asset("m1"), Asset("m2")])
def multi(): ...
@asset(schedule=None)
def other(my_asset): ...
