from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    chain,
    chain_linear,
    cross_downstream,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("lists_both", schedule=None, start_date=S) as d:
    a, b, c, e = E("a"), E("b"), E("c"), E("e")
    [a, b] >> c
    c << [e]
    try:
        [a] >> [b]
    except TypeError:
        E("typeerror")
    chain([a, b], [c, e]) if False else None
    x = [E("x1"), E("x2")]
    y = [E("y1"), E("y2")]
    chain(a, x, y, E("z"))
    chain_linear([E("l1"), E("l2")], [E("m1"), E("m2")], E("n"))
    cross_downstream([E("p1"), E("p2")], [E("q1"), E("q2")])
    r = E("r1") >> E("r2") >> [E("r3"), E("r4")]
    for i in r:
        i >> E("r5_" + i.task_id)
