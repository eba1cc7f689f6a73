from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("vars", schedule=None, start_date=S) as d:
    B("a", str(Variable.get("config", deserialize_json=True)))
    B("b", Variable.get("tables"))
    try:
        Variable.get("absent")
        E("got")
    except KeyError:
        E("keyerror")
    except Exception as e:
        B("exc", type(e).__name__)
    B("c", "{{ var.value.tables }} {{ conn.x.host }}")
    B("e", str(int(Variable.get("config", deserialize_json=True)["retries"]) * 2))
    for t in Variable.get("tables").split(","):
        E("t_" + t)
