from __future__ import annotations

import json
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("dictset", schedule=None, start_date=S) as d:
    D = {"b": 1, "a": 2, 3: "x", None: 1, True: 2, 1.5: 3, (1, 2): 4}
    for k, v in D.items():
        E(f"k_{str(k).replace('(', '').replace(')', '').replace(', ', '_').replace('.', '_')}_{v}")
    for s in sorted({"z", "y", "x"}):
        E("s_" + s)
    B("j", json.dumps({"b": 1, "a": {"c": [1, None, True]}, 3: 4}, sort_keys=False))
    B("j2", json.dumps({"b": 1, "a": 2}, indent=2, sort_keys=True))
    B("r", repr(D))
    B("m", str({**D, "b": 9} | {"zz": 1}))
    x, *rest, y = range(6)
    B("u", f"{x} {rest} {y}")
    PythonOperator(
        task_id="py", python_callable=fn, op_kwargs={1: 2, "a": {3: 4}} if False else {"a": {3: 4, "s": {1, 2}}}
    )
    st = {"q"}
    st |= {"q"}
    B("set1", str(st))
    for i, (p, q) in enumerate(zip("ab", [1, 2], strict=True), start=5):
        E(f"z{i}{p}{q}")
    del D["b"]
    D.setdefault("n", []).append(1)
    D.update(a=5)
    D.pop("zz", None)
    B("d2", str(D))
    B("srt", str(sorted(["b", "A", "c"], key=str.lower, reverse=True)))
