from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Asset,
    TaskGroup,
    chain,
    task,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


from airflow.exceptions import AirflowSkipException

with DAG(
    "misc",
    schedule=None,
    start_date=S,
    access_control={"r": {"can_read"}} if False else None,
    owner_links={"o": "http://x"},
    dag_display_name="Disp",
) as d:
    t = E(
        "a",
        task_display_name="TD",
        map_index_template="x",
        run_as_user="u",
        executor_config={"pod_override": 1},
        inlets=[Asset("s3://a/b")],
    )
    t.retries = 4
    t.pool = "newpool"
    t.trigger_rule = "all_done"
    t.priority_weight = 9
    t.execution_timeout = timedelta(minutes=9)
    d.catchup = True
    d.tags = ["later"] if False else d.tags
    d.max_active_runs = 3
    B(
        "f",
        f"{d.dag_id} {t.task_id} {d.has_task('a')} {t.upstream_task_ids} {t.owner} {d.catchup} {d.max_active_runs} {len(d.tasks)} {t.retries}",
    )

    def cb():
        raise AirflowSkipException("x")

    for x in (1, 2):

        @task(task_id=f"dyn_{x}")
        def dyn(v=x):
            return v

        dyn()

    @task
    def rec(n):
        return n

    r = rec(0)
    for i in range(3):
        r = rec(r)
    [B(f"lc{i}") for i in range(2)] >> E("lcend")
    tuple_ = (E("tp1"), E("tp2"))
    list(tuple_) >> E("tpend")
    a, b = E("s1"), E("s2")
    a >> b >> [E("s3"), E("s4")] >> E("s5")
    chain(*[E(f"ch{i}") for i in range(3)])
    B("x1") >> B("x2") << B("x3")
    E("y1").set_downstream([E("y2"), E("y3")])
    if d.get_task("a").task_id == "a":
        E("got")
    tg = TaskGroup("deco")
    tg.add(E("moved")) if False else None
