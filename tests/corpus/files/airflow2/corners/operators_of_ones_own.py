from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.models import BaseOperator
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.sensors.filesystem import FileSensor

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


class MyOp(BaseOperator):
    template_fields = ("sql", "conn")
    template_ext = (".sql",)
    ui_color = "#fff"

    def __init__(self, *, sql, conn="c", retries=7, extra=None, **kwargs):
        super().__init__(retries=retries, **kwargs)
        self.sql = sql
        self.conn = conn.upper()
        self.extra = extra

    def execute(self, context): ...


class MySub(MyOp):
    def __init__(self, table, **kw):
        kw.setdefault("pool", "subpool")
        super().__init__(sql=f"select * from {table}", **kw)
        self.table = table


class MyBash(BashOperator):
    def __init__(self, script, **kw):
        super().__init__(bash_command=f"bash {script}", **kw)


class MySensor(FileSensor):
    poke_interval = 5

    def poke(self, c):
        return True


with DAG(
    "custom_ops",
    schedule=None,
    start_date=S,
    default_args={"conn": "dflt", "retries": 2, "extra": 5, "poke_interval": 9, "mode": "reschedule"},
) as d:
    a = MyOp(task_id="a", sql="x.sql")
    b = MySub("t", task_id="b") if False else MySub(table="t", task_id="b", retries=1)
    c = MyBash(task_id="c", script="s.sh")
    e = MySensor(task_id="e", filepath="/x", poke_interval=3)
    f = MySensor(task_id="f", filepath="/x")
    a >> b >> [c, e]
    MyOp.partial(task_id="m", conn="q").expand(sql=["a", "b"])
    a.sql = "changed"
    setattr(b, "conn", "set")
    b.retries = 11
