from __future__ import annotations

import os
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


with DAG(
    "env",
    schedule=os.environ.get("SCHED", "@daily"),
    start_date=S,
    catchup=os.getenv("CATCH", "false").lower() == "true",
) as d:
    B("a", os.environ.get("STAGE", "none") + os.getenv("NOPE", "dflt") + str(os.getenv("NOPE")))
    B("b", os.environ["TEAM"] if "TEAM" in os.environ else "-")
    if os.environ.get("STAGE") == "test":
        E("only_test")
    else:
        E("not_test")
    B("c", os.path.join(os.path.dirname(os.path.abspath(__file__)), "sql", "x.txt").split("/")[-1])
    os.environ["NEW"] = "1"
    B("e", os.environ["NEW"])
    os.environ.setdefault("N2", "v")
    B("f", os.environ["N2"])
    try:
        os.environ["MISSING"]
    except KeyError as k:
        B("g", f"missing {k}")
    B("v", Variable.get("tables"))
    B("v2", Variable.get("nope", None) or "d")
    B("v3", str(Variable.get("settings", deserialize_json=True)["limits"]))
