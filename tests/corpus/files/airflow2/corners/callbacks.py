from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


def fail(ctx): ...
def ok(ctx): ...


class Notify:
    def __init__(self, ch):
        self.ch = ch

    def __call__(self, ctx): ...


from functools import partial

DA = dict(
    owner="a",
    on_failure_callback=fail,
    on_retry_callback=[fail, ok],
    email_on_failure=False,
    sla=timedelta(hours=1) if False else None,
)
with DAG(
    "alerting",
    schedule=None,
    start_date=S,
    default_args=DA,
    on_failure_callback=[fail, partial(fail, x=1)],
    on_success_callback=ok,
) as d:
    E("a")
    E("b", on_failure_callback=None)
    E("c", on_success_callback=Notify("x"))
    E("e", on_execute_callback=lambda c: None)
    E("f", on_skipped_callback=[ok])
    E("g", on_failure_callback=partial(fail, 3))
