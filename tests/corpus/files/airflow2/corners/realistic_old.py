from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.decorators import dag
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


args = {"owner": "x", "start_date": datetime(2020, 5, 1)}
dag = DAG("old_style", default_args=args, schedule="@once", description="old")
t1 = BashOperator(task_id="t1", bash_command="date", dag=dag)
t2 = BashOperator(task_id="t2", depends_on_past=False, bash_command="sleep 5", retries=3, dag=dag)
t1.set_downstream(t2)
t3 = PythonOperator(task_id="t3", python_callable=fn, op_args=[1], dag=dag)
t3.set_upstream([t1, t2])
for i in range(3):
    t = EmptyOperator(task_id="loop_%d" % i, dag=dag)
    t3 >> t
    if i > 0:
        tt >> t
    tt = t
dag.doc_md = __doc__
t1.doc_md = """x"""
if __name__ == "__main__":
    dag.cli()
