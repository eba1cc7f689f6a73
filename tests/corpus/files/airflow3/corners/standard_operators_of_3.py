from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    task,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


import datetime as dtm

from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.python import ExternalPythonOperator, PythonVirtualenvOperator
from airflow.providers.standard.operators.smooth import SmoothOperator
from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator
from airflow.providers.standard.sensors.bash import BashSensor
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.providers.standard.sensors.external_task import ExternalTaskMarker
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time import TimeSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.providers.standard.sensors.weekday import DayOfWeekSensor
from airflow.providers.standard.utils.weekday import WeekDay

with DAG("std3", schedule=None, start_date=S) as d:
    LatestOnlyOperator(task_id="lo") >> E("x")
    BranchDateTimeOperator(
        task_id="bdt",
        follow_task_ids_if_true=["x"],
        follow_task_ids_if_false="y",
        target_upper=dtm.time(10),
        target_lower=dtm.datetime(2024, 1, 1),
        use_task_logical_date=True,
    )
    BranchDayOfWeekOperator(
        task_id="bdw", follow_task_ids_if_true="x", follow_task_ids_if_false=["y"], week_day={WeekDay.MONDAY, "tuesday"}
    )
    BranchDayOfWeekOperator(
        task_id="bdw2", follow_task_ids_if_true="x", follow_task_ids_if_false=["y"], week_day=WeekDay.FRIDAY
    )
    TimeDeltaSensor(task_id="td", delta=timedelta(minutes=3))
    DateTimeSensor(task_id="dts", target_time="{{ ds }}")
    DateTimeSensor(task_id="dts2", target_time=datetime(2024, 5, 1))
    TimeSensor(task_id="ts", target_time=dtm.time(3, 4))
    PythonSensor(task_id="ps", python_callable=fn, op_kwargs={"a": 1}, mode="reschedule")
    BashSensor(task_id="bs", bash_command="true", retry_exit_code=3)
    DayOfWeekSensor(task_id="dow", week_day="Monday")
    DayOfWeekSensor(task_id="dow2", week_day={WeekDay.SATURDAY})
    ExternalTaskMarker(task_id="em", external_dag_id="o", external_task_id="x", recursion_depth=3)
    PythonVirtualenvOperator(
        task_id="pv", python_callable=fn, requirements=["a", "b==1"], system_site_packages=False, op_args=[1]
    )
    ExternalPythonOperator(task_id="ep", python_callable=fn, python="/x/py", expect_airflow=False)
    SmoothOperator(task_id="sm")

    @task.skip_if(lambda c: True)
    @task
    def sk(): ...
    @task.run_if(fn, skip_message="m")
    @task.bash
    def rn():
        return "x"

    sk() >> rn()
