"""``{{ partition_key }}`` where the daemon renders, for which the table of truths has no runs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.spec import DagSpec, Dialect
from goflow.domain.state import RunState, RunType
from goflow.templating import context as contexts
from goflow.templating.environment import environment, render
from goflow.templating.reach import within_reach
from tests.unit.scheduler.kit import T0, task

TEXT = "{{ partition_key }} {{ partition_date }} {{ partition_date | ds_nodash }}"
DAY = dt.datetime(2026, 1, 4, 16, tzinfo=dt.UTC)


def rendered(text: str, **of_run: Any) -> str:
    dag = DagSpec(dag_id="d", tasks=(task("t"),), dialect=Dialect.AIRFLOW3)
    run = DagRun(
        id=1, dag_id="d", run_id="r", run_type=RunType.MANUAL, state=RunState.RUNNING, version_id=1, reading_id=1,
        logical_date=None, data_interval_start=None, data_interval_end=None, run_after=T0,
    )  # fmt: skip
    run = dataclasses.replace(run, **of_run)
    instance = TaskInstance(id=1, dag_run_id=1, dag_id="d", run_id="r", task_id="t")
    context = contexts.build(
        dag, dag.tasks[0], run, instance, pull_xcom=lambda *_, **__: None, find_variable=lambda _: None
    )
    return str(render(text, environment(contexts.FILTERS), context))


@pytest.mark.parametrize(
    ("of_run", "shown"),
    [
        ({"partition_key": "eu"}, "eu None None"),
        ({"partition_key": "2026-01-05", "partition_date": DAY}, "2026-01-05 2026-01-04 16:00:00+00:00 20260104"),
        ({}, "None None None"),
    ],
)
def test_the_partition_of_a_run_is_rendered(of_run: dict[str, Any], shown: str) -> None:
    assert within_reach(TEXT, Dialect.AIRFLOW3)
    assert rendered(TEXT, **of_run) == shown


def test_airflow_2_has_no_partitions_and_its_own_container_says_so() -> None:
    assert not within_reach("{{ partition_key }}", Dialect.AIRFLOW2)
