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


with DAG("trystar", schedule=None, start_date=S) as d:
    try:
        E("in_try")
        raise ExceptionGroup("g", [ValueError("x"), KeyError("k"), ExceptionGroup("n", [ValueError("y")])])
    except* ValueError as e:
        B("in_star", f"{len(e.exceptions)} {e.message} {type(e).__name__}")
    except* KeyError as e:
        E("in_key")
    except* TypeError:
        E("never")
    else:
        E("els")
    finally:
        E("fin")
    try:
        raise ValueError("naked")
    except* ValueError as e:
        B("naked", str(e.exceptions[0]))
    try:
        try:
            raise ExceptionGroup("g", [ValueError("x"), TypeError("t")])
        except* ValueError:
            E("half")
    except ExceptionGroup as g:
        B("rest", f"{g.exceptions[0]}")
    try:
        E("no_exc")
    except* OSError:
        E("never2")
    else:
        E("else_ran")
