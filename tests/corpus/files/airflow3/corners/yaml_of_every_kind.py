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


from pathlib import Path

import yaml

HERE = Path(__file__).parent


def load(n, **k):
    with open(HERE / n) as f:
        return yaml.safe_load(f)


try:
    c = load("conf.yaml")
except Exception as e:
    c = {"err": type(e).__name__}
with DAG("yamls", schedule=None, start_date=S) as d:
    for k, v in c.items():
        PythonOperator(task_id=f"k_{k}", python_callable=fn, op_kwargs={"v": v, "t": type(v).__name__, "s": str(v)})
    j = json.loads((HERE / "c.json").read_text())
    B("j", str(j))
    B("jd", json.dumps(j))
    B("jd2", json.dumps({"é": (1, 2), 1: None, True: 2, None: 3, 1.5: 4}, ensure_ascii=False, separators=(",", ":")))
    B("ys", str(yaml.safe_load("- a\n- b: 1\n")))
    B("ys2", str(list(yaml.safe_load_all("a: 1\n---\nb: 2\n"))))
    B("base", str(yaml.load("a: 1\nb: yes", Loader=yaml.BaseLoader)))
    B("full", str(yaml.load("a: 1\nb: 2024-01-01", Loader=yaml.FullLoader)))
    B("dump", yaml.safe_dump({"a": 1}))
    try:
        yaml.safe_load("a: [")
    except yaml.YAMLError as e:
        E("yaml_error")
