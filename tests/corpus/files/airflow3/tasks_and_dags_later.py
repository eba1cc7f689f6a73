"""Attributes that are set after the objects were made, and questions that files ask of them."""
from datetime import datetime, timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, chain

local_tz = pendulum.timezone("America/New_York")
dag = DAG(
    "tasks_and_dags_later",
    schedule="0 9 * * *",
    start_date=datetime(2024, 3, 8, tzinfo=local_tz),
    default_args={"retries": 1, "start_date": datetime(2023, 1, 1), "bash_command": "echo default", "env": {"A": "1"}},
)
dag.doc_md = __doc__
with dag:
    a = BashOperator(task_id="a")
    b = BashOperator(task_id="b", bash_command="echo own", start_date=datetime(2024, 5, 1), retries=None)
with dag:
    c = EmptyOperator(task_id="c")
d = EmptyOperator(task_id="d", dag=dag)
e = EmptyOperator(task_id="e")
a >> e
f = EmptyOperator(task_id="f")
f.dag = dag
a.retries = 4
b.trigger_rule = "all_done"
c.pool = "later"
d.doc_md = "later"
b.set_upstream([a, c])
c.set_downstream(d)
[a, d] >> f
f << [b]
names = sorted(t.task_id for t in dag.tasks)
g = PythonOperator(task_id="g", python_callable=print, op_args=[names, len(dag.tasks), dag.dag_id], dag=dag)
chain(*[t for t in dag.tasks if t.task_id in ("e", "f")], g)
for task in dag.tasks:
    if task.task_id.startswith("d"):
        task.execution_timeout = timedelta(minutes=3)
if dag.has_task("a"):
    dag.get_task("a").queue = "asked"
    dag.task_dict["a"].owner = "dict"
ups = a.downstream_task_ids
h = BashOperator(task_id="h", bash_command="echo " + " ".join(sorted(ups)), dag=dag)
h.set_upstream(dag.get_task("g"))
