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


import abc
from typing import (
    ClassVar,
    Generic,
    NewType,
    Protocol,
    TypedDict,
    TypeVar,
    cast,
)

T = TypeVar("T")
UserId = NewType("UserId", int)


class Base(abc.ABC):
    @property
    @abc.abstractmethod
    def name(self): ...
    @abc.abstractmethod
    def run(self): ...


class Good(Base):
    name = "good"

    def run(self):
        return self.name


class Bad(Base):
    name = "bad"


class TD(TypedDict, total=False):
    a: int


class Box(Generic[T]):
    cnt: ClassVar[int] = 0

    def __init__(self, v: T):
        self.v = v
        Box.cnt += 1


class Pr(Protocol):
    def f(self): ...


with DAG("abstract", schedule=None, start_date=S) as d:
    B("g", Good().run())
    try:
        Bad()
        E("bad_made")
    except TypeError:
        E("bad_refused")
    try:
        Base()
        E("base_made")
    except TypeError:
        E("base_refused")
    B("td", str(TD(a=1)))
    B("box", f"{Box[int](3).v} {Box('x').v} {Box.cnt} {cast(int, 'x')} {UserId(5)}")
