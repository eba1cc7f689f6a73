from __future__ import annotations

import os
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


IS = os.getenv("STAGE") == "test"
with DAG(
    "condop" if IS else "nocond",
    schedule=None if IS else "@daily",
    start_date=S,
    **({"tags": ["c"]} if IS else {}),
    catchup=not IS,
) as d:
    ops = {"x": E, "y": B}
    for k, o in ops.items():
        o(k)
    if IS and (val := os.getenv("TEAM")):
        E(val)
    [E(f"i{i}") if i % 2 else B(f"i{i}") for i in range(3)]
    a = b = E("multi")
    a >> E("m2")
    c, e = (E(n) for n in "ce")
    c >> e
    x = E("x_") if not IS else None
    if x is not None:
        x >> a
    assert len(d.tasks) > 3, "few"
    lst = sorted(d.task_ids)
    B("ids", " ".join(lst))
    B("cnt", str(len(d.task_dict)))
    last = None
    for tid in ("k1", "k2", "k3"):
        t = E(tid)
        if last:
            last >> t
        last = t
    else:
        last >> E("kend")
    del last
    try:
        last
    except NameError:
        E("deleted")
