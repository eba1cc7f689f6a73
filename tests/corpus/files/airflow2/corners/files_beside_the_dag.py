from __future__ import annotations

import os
from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


import yaml

with open(os.path.join(os.path.dirname(os.path.realpath(__file__)), "conf2.yaml"), encoding="utf-8") as f:
    c = yaml.safe_load(f.read())
with DAG(f"yamls2_{c['dup']}", schedule=c["sched"], start_date=S) as d:
    ts = {t["id"]: B(t["id"], t["cmd"]) for t in c["tasks"]}
    for t in c["tasks"]:
        for x in t.get("deps", []):
            ts[x] >> ts[t["id"]]
    for p in sorted(os.listdir(os.path.dirname(__file__))):
        if p.endswith(".yaml"):
            E("f_" + p.replace(".", "_"))
    import glob
    import pathlib

    for p in sorted(glob.glob(os.path.dirname(__file__) + "/*.json")):
        E("g_" + os.path.splitext(os.path.basename(p))[0])
    for p in sorted(pathlib.Path(__file__).parent.glob("conf*.yaml")):
        E("pg_" + p.stem)
    B(
        "ex",
        f"{os.path.exists(os.path.join(os.path.dirname(__file__), 'nope'))} {pathlib.Path(__file__).parent.joinpath('c.json').exists()} {pathlib.Path('a/b/../c.txt').suffix} {pathlib.PurePath('/x') / 'y'} {pathlib.Path('/a/b/c').relative_to('/a')} {os.path.normpath('a/../b')} {os.path.expanduser('~') != ''} {os.sep} {pathlib.Path('a.tar.gz').suffixes} {pathlib.Path('/a/b').parts} {pathlib.Path('/a/b').with_suffix('.x')} {os.path.relpath('/a/b', '/a')}",
    )
