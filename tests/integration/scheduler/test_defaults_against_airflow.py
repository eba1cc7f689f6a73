"""Defaults that an installation of Airflow sets by its environment: the reader gives what real Airflow's DAGs have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, parse_file
from tests.oracle.environments import AIRFLOW_2, AIRFLOW_3, environment

from .asking import told_by

FILE = """
import datetime as dt
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.utils import timezone

try:
    from airflow.utils.dates import date_range
except ImportError:
    date_range = None

with DAG("d", start_date=dt.datetime(2024, 7, 1), schedule="0 3 * * *") as d:
    EmptyOperator(task_id="plain", doc=str(timezone.datetime(2024, 7, 1).timestamp()))
    EmptyOperator(task_id="parsed", doc=str(timezone.parse("2024-07-01").timestamp()))
    EmptyOperator(task_id="utc", doc=str(timezone.convert_to_utc(dt.datetime(2024, 7, 1)).timestamp()))
    if date_range is not None:
        aware = timezone.make_aware(dt.datetime(2024, 7, 1))
        EmptyOperator(task_id="aware", doc=str(aware.timestamp()))
        EmptyOperator(task_id="naive", doc=timezone.make_naive(aware.astimezone(dt.timezone.utc)).isoformat())
        for date in date_range(dt.datetime(2024, 7, 1), num=2, delta=dt.timedelta(days=1)):
            EmptyOperator(task_id=f"of_{date.day}", doc=str(date.timestamp()))
with DAG("e", start_date=dt.datetime(2024, 1, 1), schedule=dt.timedelta(hours=1), catchup=False, max_active_runs=3) as e:
    EmptyOperator(task_id="own", retries=0, retry_delay=5, owner="me", queue="mine", execution_timeout=dt.timedelta(1))
"""
COMMON = {
    "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/Berlin",
    "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "5",
    "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "7",
    "AIRFLOW__CORE__MAX_CONSECUTIVE_FAILED_DAG_RUNS_PER_DAG": "2",
    "AIRFLOW__OPERATORS__DEFAULT_OWNER": "us",
    "AIRFLOW__OPERATORS__DEFAULT_QUEUE": "ours",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "4",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "60",
    "AIRFLOW__CORE__DEFAULT_TASK_EXECUTION_TIMEOUT": "90",
}
OTHERWISE_3 = {
    "AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "True",
    "AIRFLOW__SCHEDULER__CREATE_CRON_DATA_INTERVALS": "True",
}
OTHERWISE_2 = dict.fromkeys(OTHERWISE_3, "False")


@pytest.mark.parametrize(
    ("release", "dialect", "variables"),
    [
        pytest.param(AIRFLOW_2, Dialect.AIRFLOW2, {}, id="Airflow 2, nothing set"),
        pytest.param(AIRFLOW_2, Dialect.AIRFLOW2, {**COMMON, **OTHERWISE_2}, id="Airflow 2, everything set"),
        pytest.param(AIRFLOW_3, Dialect.AIRFLOW3, {}, id="Airflow 3, nothing set"),
        pytest.param(AIRFLOW_3, Dialect.AIRFLOW3, {**COMMON, **OTHERWISE_3}, id="Airflow 3, everything set"),
    ],
)
def test_the_installations_defaults_are_airflows(release, dialect, variables, tmp_path: Path) -> None:
    (tmp_path / "dags.py").write_text(FILE)
    airflow = told_by(
        environment(release).python,
        "ask_airflow_defaults.py",
        home=tmp_path / "home",
        folder=tmp_path,
        variables={**os.environ, **variables},
    )

    read = parse_file(Folder(tmp_path, parse_path="/dags", dialect=dialect), "dags.py", Inputs(environment=variables))

    told = {}
    for dag in read.dags:
        assert dag.start_date is not None
        assert dag.start_date.at is not None
        told[dag.dag_id] = {
            "covers": dag.schedule.interval,
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "max_active_tasks": dag.max_active_tasks,
            "max_consecutive_failed_dag_runs": dag.max_consecutive_failed_dag_runs,
            "start": dag.start_date.at.timestamp(),
            "zone": dag.timezone,
        }
        for task in dag.tasks:
            told[task.task_id] = {
                "owner": task.owner,
                "queue": task.queue,
                "retries": task.retries,
                "retry_delay": task.retry_delay,
                "execution_timeout": task.execution_timeout,
                "doc": task.doc,
            }
    assert told == airflow
