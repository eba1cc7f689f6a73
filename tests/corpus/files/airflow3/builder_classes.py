"""DAGs built by classes with inheritance, abstract methods and properties."""
from __future__ import annotations

import abc
import copy
import logging
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Any, Callable, Generic, TypeVar

from airflow.models.baseoperator import BaseOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, TaskGroup

log = logging.getLogger(__name__)
T = TypeVar("T")
DEFAULTS: dict[str, Any] = {"owner": "builder", "retries": 1, "retry_delay": timedelta(minutes=1)}


def logged(function: Callable) -> Callable:
    @wraps(function)
    def wrapper(*args, **kwargs):
        log.info("calling %s", function.__name__)
        return function(*args, **kwargs)

    return wrapper


class Registry(Generic[T]):
    def __init__(self):
        self._items: dict[str, T] = {}

    def __setitem__(self, key, value):
        self._items[key] = value

    def __getitem__(self, key):
        return self._items[key]

    def __iter__(self):
        return iter(self._items.items())

    def __len__(self):
        return len(self._items)

    def __contains__(self, key):
        return key in self._items


class Builder(abc.ABC):
    prefix = "built"
    schedule: str | None = None
    steps: tuple[str, ...] = ()

    def __init__(self, name: str, **overrides):
        self.name = name
        self.args = copy.deepcopy(DEFAULTS)
        self.args.update(overrides)
        self.tasks: list[BaseOperator] = []

    @property
    def dag_id(self) -> str:
        return "_".join([self.prefix, self.name])

    @abc.abstractmethod
    def make(self, step: str) -> BaseOperator: ...

    def wire(self):
        for before, after in zip(self.tasks, self.tasks[1:]):
            before >> after

    def build(self) -> DAG:
        with DAG(
            self.dag_id,
            schedule=self.schedule,
            start_date=datetime(2024, 1, 1),
            default_args=self.args,
            tags=[type(self).__name__, self.__class__.prefix],
        ) as dag:
            self.tasks = [self.make(step) for step in self.steps]
            self.wire()
        return dag


class BashBuilder(Builder):
    schedule = "@daily"
    steps = ("one", "two", "three")

    def make(self, step):
        return BashOperator(task_id=step, bash_command=f"echo {self.name}/{step}")


class PythonBuilder(BashBuilder):
    prefix = "python"

    @staticmethod
    @logged
    def work(step, times=1):
        return step * times

    def make(self, step):
        if step == "two":
            return super().make(step)
        return PythonOperator(task_id=step, python_callable=partial(self.work, times=2), op_args=[step])

    def wire(self):
        first, *others = self.tasks
        first >> others


class GroupBuilder(BashBuilder):
    prefix = "grouped"
    steps = ("a", "b")

    def make(self, step):
        with TaskGroup(f"group_{step}") as group:
            inner = [super(GroupBuilder, self).make(f"{step}{i}") for i in range(2)]
            inner[0] >> inner[1]
        return group


registry: Registry[DAG] = Registry()
for cls, options in [(BashBuilder, {}), (PythonBuilder, {"retries": 5}), (GroupBuilder, {"owner": "groups"})]:
    builder = cls(cls.__name__.lower().replace("builder", ""), **options)
    registry[builder.dag_id] = builder.build()
if len(registry) == 3 and "built_bash" in registry:
    for dag_id, made in registry:
        globals()[dag_id] = made
