from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG(
    "deps_past",
    schedule="@daily",
    start_date=S,
    default_args={
        "depends_on_past": True,
        "wait_for_downstream": True,
        "pool": "p",
        "priority_weight": 5,
        "queue": "k8s",
        "max_active_tis_per_dag": 2,
        "execution_timeout": timedelta(minutes=3),
        "do_xcom_push": False,
        "run_as_user": "me",
        "weight_rule": "absolute",
    },
    max_active_tasks=3,
    max_consecutive_failed_dag_runs=2,
    is_paused_upon_creation=True,
) as d:
    E("a")
    B(
        "b",
        "x",
        pool=None,
        pool_slots=2,
        env={},
        append_env=True,
        cwd="/x",
        output_encoding="utf-8",
        skip_on_exit_code=[99, 100],
    )
    B("c", ["x"] if False else "y", skip_on_exit_code=None)
    PythonOperator(
        task_id="p",
        python_callable=fn,
        op_args="abc",
        templates_dict={"x": 1},
        templates_exts=[".sql"],
        show_return_value_in_logs=False,
    )
    ShortCircuitOperator(task_id="s", python_callable=lambda: True, ignore_downstream_trigger_rules=False)
    BranchPythonOperator(task_id="br", python_callable=fn) >> [E("x"), E("y")]
