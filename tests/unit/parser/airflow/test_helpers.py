"""Helpers of Airflow that a file calls while it is read."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Dialect
from tests.unit.parser.airflow.reading import only_task, read

TWO, THREE = Dialect.AIRFLOW2, Dialect.AIRFLOW3


@pytest.mark.parametrize(
    ("dialect", "lines", "value"),
    [
        (TWO, "from airflow.macros import ds_add\nx = ds_add('2024-02-28', 2)", "2024-03-01"),
        (TWO, "from airflow import macros\nx = macros.ds_format('2024-02-28', '%Y-%m-%d', '%d.%m.')", "28.02."),
        (THREE, "from airflow.sdk import macros\nx = macros.ds_add('2024-01-01', -1)", "2023-12-31"),
        (
            TWO,
            "from datetime import datetime, timedelta\nfrom airflow.utils.dates import date_range\n"
            "x = [d.isoformat() for d in date_range(datetime(2024, 1, 1), num=-2, delta=timedelta(1))]",
            "['2023-12-31T00:00:00+00:00', '2024-01-01T00:00:00+00:00']",
        ),
        (
            TWO,
            "from datetime import datetime, timedelta\nfrom airflow.utils.dates import date_range\n"
            "x = len(date_range(datetime(2024, 1, 1), datetime(2024, 1, 3), delta=timedelta(1)))",
            "3",
        ),
        (
            TWO,
            "from airflow.utils.module_loading import import_string\nx = import_string('datetime.timedelta')(1)",
            "1 day, 0:00:00",
        ),
        (THREE, "from airflow.listeners import hookimpl\n@hookimpl(tryfirst=True)\ndef f(): return 1\nx = f()", "1"),
        (THREE, "from airflow.sdk.log import mask_secret\nx = ['a']\nmask_secret(x)", "['a']"),
    ],
)
def test_a_helper_gives_what_airflow_gives(dialect, lines, value):
    assert only_task(f"{lines}\nwith DAG('d', start_date=START): E('t', doc_md=str(x))", dialect).doc == value


def test_decorators_of_airflow_2_by_their_long_names():
    result = read(
        """
        from airflow.decorators import bash_task, branch_task
        with DAG("d", start_date=START):
            @bash_task
            def say(): return "echo"
            @branch_task(task_id="way")
            def choose(): return "say"
            choose() >> say()
        """,
        TWO,
    )
    (dag,) = result.dags
    assert {task.task_id: task.operator for task in dag.tasks} == {
        "way": "_BranchPythonDecoratedOperator",
        "say": "_BashDecoratedOperator",
    }


@pytest.mark.parametrize(
    "lines",
    [
        "from airflow.macros import ds_format\nimport uuid\nx = ds_format('2024-01-01', '%Y-%m-%d', str(uuid.uuid4()))",
        "from airflow.utils.dates import date_range\nfrom datetime import datetime\nx = date_range(datetime(2024, 1, 1), "
        "delta='@daily', num=2)",
        "from airflow.macros import ds_add\nimport time\nx = ds_add('2024-01-01', int(time.time()))",
    ],
)
def test_a_helper_of_what_is_not_known_gives_nothing_known(lines):
    task = only_task(f"{lines}\nwith DAG('d', start_date=START): E('t', doc_md=str(x))", TWO)
    assert task.doc is None
    assert "$hole" in str(task.arguments["doc_md"])
