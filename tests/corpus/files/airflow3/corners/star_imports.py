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


from math import *
from os.path import *
from string import *
from tokenize import *

from airflow.utils.timezone import *

with DAG("stars", schedule=None, start_date=S) as d:
    B("a", f"{sqrt(16)} {floor(2.5)} {join('a', 'b')} {basename('/x/y.z')} {pi:.3f} {ascii_letters[:3]} {tau:.2f}")
