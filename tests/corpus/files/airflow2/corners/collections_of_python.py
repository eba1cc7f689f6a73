from __future__ import annotations

import json
from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

with DAG("colls", schedule=None, start_date=S) as d:
    c = Counter("abca")
    c.update("bb")
    c["z"] += 5
    c.subtract({"a": 1})
    B(
        "c",
        f"{c} {c.most_common(2)} {c['nope']} {sorted(c.elements())} {c + Counter(a=1)} {sum(c.values())} {c == Counter(b=3, z=5, c=1, a=1)} {Counter({'q': 2})} {Counter()} {c.total()} {type(c).__name__}",
    )
    o = OrderedDict([("b", 1), ("a", 2)])
    o.move_to_end("b")
    o["c"] = 3
    o.popitem(last=False)
    B("o", f"{list(o)} {o == {'b': 1, 'c': 3}} {dict(o)} {isinstance(o, dict)} {json.dumps(o)}")
    PythonOperator(task_id="p", python_callable=fn, op_kwargs=OrderedDict(a=1, b=Counter("aa")))
    dd = defaultdict(lambda: defaultdict(int))
    dd["x"]["y"] += 2
    dd["q"]
    B("dd", json.dumps(dd) + str(len(dd)) + str("nope" in dd))
    q = deque([1, 2])
    q.append(3)
    B("q", str(list(q)) + str(len(q)))
    N = namedtuple("N", ["a", "b"], defaults=[5])
    n = N(1)
    B("n", f"{n} {n.b} {n[0]} {n == (1, 5)} {N._fields}")
    a, b = n
    B("n2", f"{a}{b}")
