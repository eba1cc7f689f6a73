from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


DEFAULTS = {"retries": 2, "retry_delay": timedelta(minutes=5), "start_date": datetime(2023, 1, 1)}
with DAG(
    "timeouts",
    default_args={**DEFAULTS, "owner": "o"},
    schedule="5 4 * * sun",
    catchup=True,
    max_active_runs=1,
    tags=["x"] + ["y"],
    description=f"d{1}",
) as d:
    for i, (k, v) in enumerate({"a": {"retries": 0}, "b": {}}.items()):
        BashOperator(task_id=f"{k}_{i}", bash_command="echo", **v)
    BashOperator(**dict(task_id="kw", bash_command="x", **{"env": {"a": "b"}}))
    args = ["task_id"]
    opts = {args[0]: "dyn", "bash_command": "y"}
    BashOperator(**opts)
with DAG("timeouts2", default_args=DEFAULTS | {"retries": 9}, schedule=None) as d2:
    E("a")
DEFAULTS.update(retries=1)
d3 = DAG("timeouts3", default_args=DEFAULTS, schedule=None)
DEFAULTS["retries"] = 77
E("a", dag=d3)
d3.default_args["retries"] = 55
E("b", dag=d3)
