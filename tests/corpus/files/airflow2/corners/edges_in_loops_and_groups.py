from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.models.baseoperator import chain
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("wiring", schedule=None, start_date=S) as d:
    ts = {n: E(n) for n in "abcdefgh"}
    for up, downs in {"a": ["b", "c"], "b": "d", "c": ["d"]}.items():
        ts[up] >> [ts[x] for x in downs]
    ts["d"] >> [ts["e"], ts["f"]] >> ts["g"] << ts["h"]
    ts["a"] >> ts["h"]
    ts["a"] >> ts["h"]
    prev = None
    for i in range(4):
        cur = E(f"s{i}")
        prev = (prev >> cur) if prev else cur
    [E("m1"), E("m2")] << E("root")
    x = E("x1")
    x.set_upstream([ts["g"], prev])
    x >> (E("t1"), E("t2")) if False else x >> [E("t1"), E("t2")]
    for a, b in zip(list(ts.values())[:-1], list(ts.values())[1:]):
        if b.task_id in "gh":
            continue
    d.set_dependency("s3", "root")
    d.get_task("a").downstream_list and E("hasdown")
    groups = []
    for i in range(3):
        with TaskGroup(f"g{i}") as g:
            E("in") >> E("out")
        groups.append(g)
    chain(*groups)
    groups[-1] >> E("fin")
    E("pre") >> groups[0]
    chain(E("q0"), groups[1], [E("q1"), E("q2")])
    with TaskGroup("outer") as og:
        inner = []
        for k in "xy":
            with TaskGroup(k) as ig:
                a1 = E("a1")
                b1 = E("b1")
                a1 >> b1
            inner.append(ig)
        inner[0] >> inner[1]
    E("before") >> og
