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


import configparser

cp = configparser.ConfigParser()
cp.read_string("[DEFAULT]\nz=1\n[a]\nx = 5\ny = yes\nlist = 1, 2\n[b]\nw=%(z)s")
cp.read(os.path.join(os.path.dirname(__file__), "conf.ini"))
cp.read(["nope.ini"])
with DAG("confp", schedule=cp.get("file", "schedule", fallback="@daily"), start_date=S) as d:
    for s in cp.sections():
        E("s_" + s)
    B(
        "v",
        f"{cp['a']['x']} {cp.getint('a', 'x')} {cp['a'].getboolean('y')} {cp.has_option('a', 'q')} {cp.get('a', 'q', fallback='fb')} {cp['b']['w']} {'a' in cp} {dict(cp['a'])} {cp.options('b')} {cp.items('b')} {cp['a'].get('none', 'd')} {cp['file']['Name']}",
    )
    try:
        cp.get("a", "nope")
    except configparser.NoOptionError as e:
        B("err", str(e))
    try:
        cp["nosec"]
    except KeyError as e:
        B("err2", str(e))
