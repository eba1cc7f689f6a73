"""Functions that are wrapped, renamed and bound before they come to Airflow."""

import functools
from datetime import datetime

from airflow.sdk import dag, task
from airflow.providers.standard.operators.python import PythonOperator


def logged(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


def timed(function):
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return functools.update_wrapper(inner, function)


def make(name):
    def run(**context): ...

    run.__name__ = f"run_{name}"
    return run


@timed
def load(): ...


def team_dag(function=None, *, team="core", **given):
    if function is None:
        return functools.partial(team_dag, team=team, **given)

    @dag(dag_id=f"{team}.{function.__name__}", start_date=datetime(2024, 1, 1), schedule=None, **given)
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@team_dag
def plain(size: int = 3):
    """What it does."""

    @task
    def count(n): ...

    count(size)
    PythonOperator(task_id="made", python_callable=make("first"))
    PythonOperator(task_id="timed", python_callable=load)


@team_dag(team="sales", catchup=True)
def campaigns(region, *, limit=5):
    task(task_id="renamed")(make("second"))(region=region)
    task(logged(load))()


class Builder:
    def build(self, name, size=1):
        task(task_id="built")(make("built"))(name=name, size=size)


plain(size=4)
campaigns("eu")
of_method = dag(dag_id="of_method", start_date=datetime(2024, 1, 1), schedule=None)(Builder().build)("x", size=2)
of_partial = dag(dag_id="of_partial", start_date=datetime(2024, 1, 1), schedule=None)(
    functools.partial(Builder().build, "y")
)()
