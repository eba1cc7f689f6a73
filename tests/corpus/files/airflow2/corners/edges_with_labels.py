from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.models.baseoperator import chain
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.edgemodifier import Label
from airflow.utils.task_group import TaskGroup

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("updown", schedule=None, start_date=S) as d:
    a, b, c, e, f = [E(x) for x in "abcef"]
    a.set_downstream([b, c], edge_modifier=Label("hey"))
    e.set_upstream([b, c])
    a >> Label("x y") >> e >> Label("z") >> [f]
    f << Label("w") << a
    g = E("g")
    g.set_upstream(f)
    with TaskGroup("tg") as tg:
        E("i")
    tg.set_upstream(g)
    tg >> Label("out") >> E("j")
    chain(E("c1"), Label("l1"), E("c2"), Label("l2"), [E("c3"), E("c4")])
    chain(E("k1"), [Label("a"), Label("b")], [E("k2"), E("k3")], E("k4"))
