from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.models import BaseOperator
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


from airflow.models import DAG as MDAG
from airflow.operators.bash_operator import BashOperator as BO
from airflow.operators.dummy_operator import DummyOperator
from airflow.operators.latest_only import LatestOnlyOperator
from airflow.operators.python_operator import PythonOperator as PO
from airflow.operators.subdag import SubDagOperator
from airflow.operators.weekday import BranchDayOfWeekOperator
from airflow.sensors.external_task import ExternalTaskMarker
from airflow.sensors.time_delta import TimeDeltaSensor
from airflow.utils.decorators import apply_defaults
from airflow.utils.helpers import chain as hchain
from airflow.utils.helpers import cross_downstream as xd
from airflow.utils.weekday import WeekDay


class Old(BaseOperator):
    @apply_defaults
    def __init__(self, a, b=2, *args, **kwargs):
        super(Old, self).__init__(*args, **kwargs)
        self.a, self.b = a, b


def sub(parent, child, args):
    s = DAG(dag_id=f"{parent}.{child}", default_args=args, schedule="@daily", start_date=S)
    for i in range(2):
        DummyOperator(task_id=f"{child}-{i}", dag=s)
    return s


A = {
    "owner": "o",
    "start_date": datetime(2024, 1, 1),
    "depends_on_past": True,
    "provide_context": True,
    "a": "fromdef",
    "trigger_rule": "dummy",
}
with MDAG("legacy2", default_args=A, schedule_interval="@daily", catchup=False, concurrency=2) as d:
    x = DummyOperator(task_id="x")
    y = BO(task_id="y", bash_command="e", xcom_push=True) if False else BO(task_id="y", bash_command="e")
    z = PO(task_id="z", python_callable=fn, provide_context=True)
    o = Old(task_id="o")
    o2 = Old(task_id="o2", a="z", b=3, task_concurrency=3)
    SubDagOperator(task_id="sub", subdag=sub("legacy2", "sub", A))
    LatestOnlyOperator(task_id="lo")
    TimeDeltaSensor(task_id="td", delta=timedelta(1))
    BranchDayOfWeekOperator(
        task_id="bdw",
        follow_task_ids_if_true="x",
        follow_task_ids_if_false="y",
        week_day=WeekDay.MONDAY,
        use_task_execution_day=True,
    )
    hchain(x, [y, z], o)
    xd([x], [o2])
    x >> y << z if False else None
    ExternalTaskMarker(task_id="em", external_dag_id="o", external_task_id="x", execution_date="{{ ds }}")
    DummyOperator(task_id="tr", trigger_rule="none_failed_or_skipped")
