from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    TriggerRule,
    dag,
    task,
    task_group,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


@dag(
    dag_id="tf_real",
    schedule=timedelta(hours=1),
    start_date=S,
    catchup=False,
    params={"n": 3},
    render_template_as_native_obj=True,
)
def pipeline(size: int = 5, name="x"):
    """Doc of pipeline"""

    @task(retries=2)
    def extract(n: int) -> list[int]:
        return list(range(n))

    @task
    def transform(xs: list[int], factor: int = 2) -> dict:
        return {"sum": sum(xs)}

    @task(multiple_outputs=True)
    def split(d):
        return {"a": 1, "b": 2}

    @task.branch(task_id="choose")
    def choose(v):
        return "left"

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def report(*args, **kwargs): ...
    @task_group
    def g(v, w=1):
        """Group doc"""
        a = transform.override(task_id="inner", retries=0)(v, factor=w)
        return split(a)

    e = extract(size)
    t = transform(e, factor=3)
    s = split(t)
    gg = g(e, w=s["a"])
    c = choose(s["b"])
    l, r = E("left"), E("right")
    c >> [l, r] >> report(gg["a"], x=gg, y=[t, {"k": s["a"]}], z=name)
    transform.partial(factor=2).expand(xs=[[1], [2]])
    extract.expand(n=[1, 2, 3]) >> E("done")
    B("tmpl", "echo {{ ti.xcom_pull(task_ids='extract') }} {{ params.n }}") << e


pipeline(size=7)
