"""As such files looked in 2018: contrib imports, provide_context, days_ago, schedule_interval."""
from datetime import timedelta

import airflow
from airflow import DAG
from airflow.operators.bash_operator import BashOperator
from airflow.operators.dummy_operator import DummyOperator
from airflow.operators.python_operator import BranchPythonOperator, PythonOperator
from airflow.utils.trigger_rule import TriggerRule
from common.utils import DEFAULT_ARGS, notify

args = DEFAULT_ARGS.copy()
args["on_failure_callback"] = notify

dag = DAG(
    dag_id="old_style",
    default_args=args,
    schedule_interval="30 4 * * *",
    dagrun_timeout=timedelta(minutes=60),
    concurrency=4,
)


def choose(**kwargs):
    return "left"


def work(ds, **kwargs):
    return ds


start = DummyOperator(task_id="start", dag=dag)
branch = BranchPythonOperator(task_id="branch", python_callable=choose, provide_context=True, dag=dag)
start.set_downstream(branch)
join = DummyOperator(task_id="join", trigger_rule=TriggerRule.ONE_SUCCESS, dag=dag)
for side in ["left", "right"]:
    t = PythonOperator(task_id=side, python_callable=work, provide_context=True, op_kwargs={"side": side}, dag=dag)
    branch >> t
    t >> join
templated = """
{% for i in range(3) %}
    echo "{{ ds }}" {{ macros.ds_add(ds, 7) }} {{ params.my_param }}
{% endfor %}
"""
BashOperator(task_id="templated", bash_command=templated, params={"my_param": "x"}, dag=dag) << join
