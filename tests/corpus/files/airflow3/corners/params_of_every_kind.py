from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Param,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG(
    "params_kinds",
    schedule=None,
    start_date=S,
    params={
        "i": 1,
        "s": "x",
        "l": [1, 2],
        "d": {"a": {"b": 1}},
        "n": None,
        "f": 1.5,
        "b": True,
        "p": Param(5, type="integer", minimum=1, maximum=10),
        "pn": Param(None, type=["null", "string"]),
        "pe": Param("a", enum=["a", "b"], description="x"),
        "pd": Param("2024-01-01", type="string", format="date"),
        "req": Param(type="string") if False else Param("zz", type="string", title="t", description_md="md"),
    },
) as d:
    B("a", "{{ params.i }} {{ params['p'] }}", params={"i": 7, "own": Param(3, type="integer")})
    B("b", f"echo {d.params['i']} {d.params['p']}")
    B("c", "x" + str(d.params.get("s")))
    B("e", d.params["pe"])
    for k in d.params:
        E("p_" + k)
    E(f"n_{len(d.params)}")
