from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("groups2", schedule=None, start_date=S, default_args={"retries": 1}) as d:
    a = E("a")
    with TaskGroup(group_id="g1", tooltip="x", ui_color="red", add_suffix_on_collision=True) as g1:
        b = E("b")
        c = E("c")
        b >> c
        with TaskGroup("g1", default_args={"retries": 4}) as inner:
            E("z")
    with TaskGroup("g1", add_suffix_on_collision=True) as g1b:
        E("b")
    with TaskGroup("g1", add_suffix_on_collision=True) as g1c:
        E("b")
    g2 = TaskGroup("g2", parent_group=g1)
    E("in2", task_group=g2)
    E("root2", task_group=d.task_group)
    a >> g1 >> [g1b, g1c] >> E("end")
    with g2:
        E("in2b")
    g1.children["g1.b"]
    d.get_task("g1.b") >> d.get_task("g1__1.b")
    E(g1.group_id + "_x")
    E(g1.child_id("lab").replace(".", "_"))
    E("n_" + str(len(g1.children)))
    E("roots_" + "_".join(sorted(t.task_id.replace(".", "-") for t in g1.get_roots())))
    for t in d.tasks:
        t.doc_md = t.task_id
    E("cnt_%d" % len(d.task_ids))
    E("leaf_" + "_".join(sorted(x.task_id.replace(".", "-") for x in d.leaves)))
    E("up_" + "_".join(sorted(b.downstream_task_ids)).replace(".", "-"))
