"""What a strategy of weights is told of a task instance and of its run."""

from __future__ import annotations

import datetime as dt

import pytest

FILE = """
from airflow.models.dag import DAG
from airflow.operators.empty import EmptyOperator
from airflow.task.priority_strategy import PriorityWeightStrategy

class ByConf(PriorityWeightStrategy):
    def get_weight(self, ti):
        run = ti.get_dagrun()
        assert run.dag is ti.task.dag
        return run.conf["weight"] + run.logical_date.year

class ByState(PriorityWeightStrategy):
    def get_weight(self, ti):
        return 7 if ti.state is None else 8

with DAG("d", schedule=None):
    EmptyOperator(task_id="conf", weight_rule=ByConf())
    EmptyOperator(task_id="state", weight_rule=ByState())
"""
RUN = {"run_id": "r", "conf": {"weight": 5}, "logical_date": "2026-01-01T00:00:00+00:00", "run_type": "manual"}


def weigh(dags, task_id: str, try_number: int = 0) -> int:
    from airflow._goflow import asking

    asked = {"task_id": task_id, "map_index": -1, "try_number": try_number, "max_tries": 0, "run_id": "r", "run": RUN}
    return int(asking.ask(dags.load(), {"kind": "weight", "asked": asked}))


@pytest.fixture
def written(dags):
    return dags.write(FILE)


def test_it_may_ask_for_the_run(written):
    assert weigh(written, "conf") == 5 + dt.date(2026, 1, 1).year


def test_before_the_first_attempt_there_is_no_state(written):
    assert weigh(written, "state") == 7


def test_what_is_not_known_later_is_an_error_in_words_and_no_guess(written):
    with pytest.raises(AttributeError, match="GoFlow does not tell a strategy of weights 'state' of a task instance"):
        weigh(written, "state", try_number=1)
