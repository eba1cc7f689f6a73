from __future__ import annotations

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


from dateutil import parser, tz
from dateutil.parser import parse
from dateutil.relativedelta import MO, relativedelta

with DAG("du", schedule=None, start_date=parse("2024-01-01")) as d:
    B(
        "a",
        f"{parse('Jan 5 2024 10:00')} {parse('2024-01-05T10:00:00Z').isoformat()} {parse('05/06/2024', dayfirst=True)} {parser.isoparse('2024-02-03')} {parse('10:30', default=S)}",
    )
    B(
        "b",
        f"{S + relativedelta(months=1, day=31)} {S + relativedelta(weekday=MO(-1))} {relativedelta(S, datetime(2020, 5, 6)).years} {tz.gettz('Europe/Paris') is not None} {datetime(2024, 1, 1, tzinfo=tz.UTC).isoformat()} {datetime(2024, 7, 1, tzinfo=tz.gettz('Europe/Paris')).isoformat()}",
    )
    B("now", f"{parse('10:30').year}")
