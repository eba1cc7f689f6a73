"""Much of the language that DAG files use at their top level."""
from __future__ import annotations

import functools
import itertools
import math
import os.path
import re
import string
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import NamedTuple

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


class Size(str, Enum):
    SMALL = "small"
    LARGE = "large"


@dataclass
class Job:
    name: str
    size: Size = Size.SMALL
    options: dict = field(default_factory=dict)
    after: list[str] = field(default_factory=list)

    def command(self):
        flags = " ".join(f"--{k.replace('_', '-')}={v!r}" for k, v in sorted(self.options.items()))
        return f"run {self.name} {flags}".strip()


class Window(NamedTuple):
    begin: int
    end: int = 24


Point = namedtuple("Point", "x y")
JOBS = [
    Job("extract", options={"limit": 10, "from_date": "{{ ds }}"}),
    Job("clean", Size.LARGE, after=["extract"]),
    Job("publish", after=["clean", "extract"]),
]
grouped = defaultdict(list)
for job in JOBS:
    grouped[job.size].append(job.name)
numbered = OrderedDict((name, i) for i, name in enumerate(sorted(j.name for j in JOBS), start=1))
pairs = list(zip("abc", range(3)))
squares = {n: n**2 for n in range(5) if n % 2}
flat = [x for row in [[1, 2], [3]] for x in row]
first, *rest = "a b c d".split()
text = """
    some text
""".strip().upper()
match = re.match(r"(?P<name>\w+)-(\d+)", "release-42")
version = int(match.group(2)) if match else 0
total = functools.reduce(lambda a, b: a + b, flat, 0)
chained = list(itertools.chain.from_iterable([["p"], ["q", "r"]]))
window = Window(6)
template = string.Template("hello $who").substitute(who="world")
try:
    value = {"a": 1}["b"]
except KeyError as error:
    value = f"missing {error}"
finally:
    done = True
count = 0
while True:
    count += 1
    if count >= 3:
        break
else:
    count = -1
percent = "%-6s|%05.2f|%x" % ("ab", math.pi, 255)
sliced = "abcdef"[1:-1:2] + str([1, 2, 3][::-1])
walrus = [y for x in range(6) if (y := x * 2) > 4]
merged = {"a": 1, **{"b": 2}} | {"c": 3}
when = datetime(2024, 1, 31, tzinfo=timezone.utc) + timedelta(days=1, hours=2)
day = date(2024, 2, 29).strftime("%d.%m.%Y")
joined = os.path.join("/data", "in", *rest[:2])


def outer(prefix, *names, suffix="", **options):
    def inner(name):
        nonlocal_count[0] += 1
        return prefix + name + suffix

    nonlocal_count = [0]
    return [inner(n) for n in names] + sorted(options)


def work(a, b=2, *args, **kwargs):
    return a


with DAG("python_language", schedule=None, start_date=when, doc_md=__doc__, tags=sorted(set(chained))) as dag:
    made = {}
    for job in JOBS:
        made[job.name] = BashOperator(
            task_id=job.name, bash_command=job.command(), env={k: str(v) for k, v in asdict(job).items() if k != "options"}
        )
        for parent in job.after:
            made[job.name].set_upstream(made[parent])
    facts = PythonOperator(
        task_id="facts",
        python_callable=functools.partial(work, 1, b=3),
        op_args=[numbered, pairs, squares, total, version, value, count, percent, sliced, walrus, merged],
        op_kwargs={
            "text": text,
            "joined": joined,
            "day": day,
            "window": list(window),
            "point": Point(1, 2)._asdict(),
            "template": template,
            "outer": outer("<", "a", "b", suffix=">", z=1, y=2),
            "grouped": {size.value: names for size, names in grouped.items()},
            "max": max(JOBS, key=lambda j: len(j.name)).name,
            "any": any(j.after for j in JOBS),
            "sorted": sorted(JOBS, key=lambda j: (-len(j.after), j.name))[0].name,
            "conditional": "yes" if len(flat) > 2 else "no",
            "done": done,
        },
    )
    list(made.values())[-1] >> facts
