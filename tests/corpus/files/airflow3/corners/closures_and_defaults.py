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


def make(fs):
    for i in range(3):

        def f():
            return i

        fs.append(f)
    return [f() for f in fs]


def acc(x, seen=[]):
    seen.append(x)
    return list(seen)


with DAG("closures", schedule=None, start_date=S) as d:
    for n in make([]):
        pass
    B(f"last_{n}", str(make([])))
    lam = [lambda i=i: i * 10 for i in range(3)]
    B("lam", str([l() for l in lam]))
    lam2 = [lambda: k for k in range(3)]
    B("lam2", str([l() for l in lam2]))
    acc(1)
    acc(2)
    B("mut", str(acc(3)))
