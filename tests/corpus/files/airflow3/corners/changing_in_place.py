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


class P:
    def __init__(s, v):
        s.v = v

    def __iadd__(s, o):
        s.v += o
        return s

    def __add__(s, o):
        return P(s.v * 100)

    def __ior__(s, o):
        s.v = o
        return s


with DAG("iadd", schedule=None, start_date=S) as d:
    p = q = P(1)
    p += 2
    B("a", f"{q.v} {p is q}")
    p |= 9
    B("b", str(q.v))
    l = m = [1]
    l *= 2
    B("l", str(m))
    s = t = {1}
    s -= {1}
    s |= {5}
    B("s", str(t))
    x = y = (1,)
    x += (2,)
    B("t", str(y) + str(x))
    it = iter(range(5))
    D = {0: 0, 1: 0, 2: 0}
    D[next(it)] += 1
    D[next(it)] += 1
    B("D", str(D))

    def idx(c=[0]):
        c[0] += 1
        return c[0] - 1

    L = [0, 0, 0]
    L[idx()] += 5
    L[idx()] -= 1
    B("L", str(L))
