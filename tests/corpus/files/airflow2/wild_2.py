import os
from datetime import datetime, timedelta

import pendulum
from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.dummy import DummyOperator
from airflow.operators.email import EmailOperator
from airflow.operators.latest_only import LatestOnlyOperator
from airflow.operators.python import PythonOperator, PythonVirtualenvOperator, ShortCircuitOperator
from airflow.operators.weekday import BranchDayOfWeekOperator
from airflow.sensors.base import BaseSensorOperator
from airflow.sensors.date_time import DateTimeSensor
from airflow.sensors.python import PythonSensor
from airflow.sensors.time_sensor import TimeSensor
from airflow.sensors.weekday import DayOfWeekSensor
from airflow.utils.dates import days_ago
from airflow.utils.decorators import apply_defaults
from airflow.utils.helpers import chain, cross_downstream
from airflow.utils.task_group import TaskGroup
from airflow.utils.weight_rule import WeightRule

ENV = os.environ.get("STAGE", "dev").upper()
LOCAL = pendulum.timezone("Europe/Amsterdam")


class MySensor(BaseSensorOperator):
    template_fields = ["target"]

    @apply_defaults
    def __init__(self, target, flag=False, *args, **kwargs):
        super(MySensor, self).__init__(*args, **kwargs)
        self.target = target
        self.flag = flag

    def poke(self, context):
        return True


def slack(context, channel="#x"):
    pass


args = {
    "owner": "wild",
    "depends_on_past": False,
    "start_date": datetime(2022, 10, 29, tzinfo=LOCAL),
    "email": ["x@example.com"],
    "retries": int(Variable.get("retries", 3)),
    "retry_delay": timedelta(minutes=5),
    "on_failure_callback": slack,
    "sla": timedelta(hours=1),
}
dag = DAG(
    dag_id="wild_%s" % ENV.lower(),
    default_args=args,
    schedule_interval="30 2 * * *",
    max_active_runs=2,
    catchup=True,
    default_view="tree",
    user_defined_macros=dict(env=ENV),
    on_failure_callback=lambda context: slack(context, "#y"),
    params=dict(a=1, b=[1, 2]),
    is_paused_upon_creation=False,
)
with dag:
    start = DummyOperator(task_id="start")
    latest = LatestOnlyOperator(task_id="latest")
    day = BranchDayOfWeekOperator(
        task_id="day", follow_task_ids_if_true="weekday", follow_task_ids_if_false="weekend", week_day={"Monday", "Tuesday"}
    )
    weekday, weekend = (DummyOperator(task_id=t) for t in ("weekday", "weekend"))
    sensor = MySensor(task_id="sensor", target="{{ ds }}", flag=True, poke_interval=10, timeout=20, mode="reschedule")
    other = [
        DayOfWeekSensor(task_id="dow", week_day="Friday", use_task_logical_date=True),
        TimeSensor(task_id="ts", target_time=datetime(2022, 1, 1, 9, 30).time()),
        PythonSensor(task_id="ps", python_callable=lambda: True, soft_fail=True),
        DateTimeSensor(task_id="ds", target_time="{{ next_ds }}"),
    ]
    mail = EmailOperator(task_id="mail", to="x@example.com", subject="{{ ds }}", html_content="hi", trigger_rule="all_failed")
    venv = PythonOperator(task_id="venv", python_callable=slack, op_args=["{{ ds }}"], templates_dict={"a": "{{ ds }}"})
    circuit = ShortCircuitOperator(task_id="circuit", python_callable=lambda **k: True, provide_context=True)
    start >> latest >> day >> [weekday, weekend]
    chain(sensor, other, circuit)
    cross_downstream([weekday, weekend], [mail, venv])
    groups = []
    for i in range(3):
        with TaskGroup(group_id=f"g{i}") as tg:
            t1 = BashOperator(task_id="t1", bash_command="echo {{ params.a }}", weight_rule=WeightRule.ABSOLUTE)
            t2 = PythonOperator(task_id="t2", python_callable=slack, op_kwargs={"i": i}, retries=i)
            t1 >> t2
        groups.append(tg)
    chain(circuit, *groups)
    groups[-1] >> mail

old = DAG("wild_days_ago", start_date=days_ago(2), schedule_interval=timedelta(hours=12), default_args={"retries": 1})
DummyOperator(task_id="only", dag=old)
string_dates = DAG("wild_string_dates", default_args={"start_date": "2021-03-04", "end_date": "2030-01-01", "owner": "x"}, schedule_interval="@weekly")
DummyOperator(task_id="only", dag=string_dates)
