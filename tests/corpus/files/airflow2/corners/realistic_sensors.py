from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sensors.filesystem import FileSensor

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


class Wait(FileSensor):
    def __init__(self, *, name, **kw):
        super().__init__(
            task_id=f"wait_{name}", filepath=f"/in/{name}", mode="reschedule", poke_interval=30, timeout=60 * 60, **kw
        )


def dag_for(country, *, hours=1, **kw):
    d = DAG(f"c_{country}", schedule=f"0 {hours} * * *", start_date=datetime(2024, 1, hours), **kw)
    w = [Wait(name=f"{country}_{i}", dag=d) for i in range(2)]
    p = [B(f"p_{i}", f"x {i}", dag=d) for i in range(2)]
    for a, b in zip(w, p):
        a >> b
    j = TriggerDagRunOperator(task_id="next", trigger_dag_id=f"c_{country}_2", conf={"c": country}, dag=d)
    j << p
    return d


for c, h in {"de": 1, "fr": 2}.items():
    globals()[f"dag_{c}"] = dag_for(c, hours=h, tags=[c], catchup=h > 1)
