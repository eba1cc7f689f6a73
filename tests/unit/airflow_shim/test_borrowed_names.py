"""Names that a module of Airflow only has because it imports them itself."""

import datetime as dt
import json

import pytest

from tests.unit.airflow_shim.kit import Dags

DAG = """
from airflow.utils.dates import days_ago, timedelta
from airflow.utils.db import json
from airflow import models
from airflow.models.dag import ScheduleInterval

with models.DAG("d", start_date=days_ago(1), schedule_interval=timedelta(hours=6)):
    task = models.BaseOperator(task_id="t", params={"text": json.dumps([1])})
"""


def test_a_file_may_take_them_from_there(tmp_path):
    dags = Dags(tmp_path)
    dags.write(DAG)
    task = dags.load("airflow2").task_dict["t"]
    assert task.params["text"] == json.dumps([1])


@pytest.mark.parametrize(("name", "value"), [("timedelta", dt.timedelta), ("datetime", dt.datetime)])
def test_they_are_what_they_are_elsewhere(name, value, world):
    from airflow._goflow import facts

    world.reset("airflow2")
    assert facts.borrowed("airflow.utils.dates", name) == f"datetime.{value.__name__}"


@pytest.mark.parametrize(
    ("dialect", "module", "name"),
    [("airflow3", "airflow.sdk", "DAG"), ("airflow2", "airflow.operators.python", "PythonOperator")],
)
def test_a_file_may_import_all_that_a_module_has(tmp_path, dialect, module, name):
    dags = Dags(tmp_path)
    dags.write(
        f"from airflow.models.dag import DAG\nfrom {module} import *\nfound = {name}\nwith DAG('d'):\n    pass\n"
    )
    assert dags.load(dialect).dag_id == "d"
