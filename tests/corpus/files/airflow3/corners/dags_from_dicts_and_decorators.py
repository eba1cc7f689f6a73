from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


CFG = {
    "dags": {
        "n1": {
            "schedule": "@daily",
            "tasks": {
                "a": {"type": "bash", "cmd": "x"},
                "b": {"type": "py", "after": ["a"]},
                "c": {"type": "empty", "after": ["a", "b"]},
            },
        },
        "n2": {"schedule": None, "tasks": {}},
    }
}
MAKERS = {
    "bash": lambda k, c: B(k, c["cmd"]),
    "py": lambda k, c: PythonOperator(task_id=k, python_callable=fn),
    "empty": lambda k, c: E(k),
}
for dag_id, dc in CFG["dags"].items():
    with DAG(dag_id, schedule=dc["schedule"], start_date=S) as dg:
        made = {k: MAKERS[c["type"]](k, c) for k, c in dc["tasks"].items()}
        for k, c in dc["tasks"].items():
            for up in c.get("after", ()):
                made[up] >> made[k]
    globals()[dag_id] = dg


class DagMaker:
    def __init__(self, **kw):
        self.kw = kw

    def __call__(self, f):
        with DAG(f.__name__, start_date=S, **self.kw) as dd:
            f(dd)
        return dd


@DagMaker(schedule="@weekly", tags=["m"])
def made_by_class(dd):
    E("t")


def with_defaults(**over):
    base = dict(schedule="@daily", start_date=S, catchup=False, default_args={"owner": "b"})
    base["default_args"] = {**base["default_args"], **over.pop("default_args", {})}
    return DAG(**{**base, **over})


wd = with_defaults(dag_id="wd", default_args={"retries": 2}, tags=["x"])
with wd:
    E("k")
import contextlib


@contextlib.contextmanager
def my_dag(name, **k):
    with DAG(name, start_date=S, schedule=None, **k) as dd:
        s = E("start")
        yield dd
        for t in dd.tasks:
            if t is not s and not t.upstream_task_ids:
                s >> t


with my_dag("cm", tags=["q"]) as cm:
    E("one") >> E("two")
    E("three")
with contextlib.ExitStack() as st:
    st.enter_context(DAG("es", schedule=None, start_date=S))
    E("in_es")
