from __future__ import annotations

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


from dataclasses import dataclass, field


@dataclass
class Job:
    name: str
    cron: str | None = None
    steps: list[str] = field(default_factory=list)
    opts: dict = field(default_factory=dict)

    def task_id(self, s):
        return f"{self.name}__{s}".lower()


JOBS = [
    Job("A", "@hourly", ["x", "y", "z"]),
    Job("B", None, ["q"], {"retries": 3}),
    Job(name="C", cron="0 0 1 * *", steps=[]),
]


class Builder:
    registry: dict = {}

    def __init__(self, job):
        self.job, self.tasks = job, {}

    def __enter__(self):
        self.dag = DAG(self.dag_id, schedule=self.job.cron, start_date=S, default_args=self.job.opts)
        return self

    def __exit__(self, *a):
        Builder.registry[self.dag_id] = self.dag
        return False

    @property
    def dag_id(self):
        return "bld_" + self.job.name

    def step(self, s, up=()):
        self.tasks[s] = E(self.job.task_id(s), dag=self.dag)
        [self.tasks[u] >> self.tasks[s] for u in up]
        return self


for j in JOBS:
    with Builder(j) as b:
        last = ()
        for s in j.steps:
            b.step(s, last)
            last = (s,)
globals().update(Builder.registry)
