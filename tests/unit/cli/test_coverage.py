"""`goflow check --airflow-repo`: what a team reads before it migrates."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from goflow.cli import main

FILES = {
    "Dockerfile": "FROM apache/airflow:2.9.3\n",
    "requirements.txt": "pandas\n",
    "plugins/company/names.py": "NAME = 'full'\n",
    "dags/.airflowignore": "ignored.py\n",
    "dags/ignored.py": "from airflow import DAG\ndag = DAG(\n",
    "dags/helpers.py": "import requests\nfrom airflow.models import Variable\nDAGS = 1\n",
    "dags/full.py": """\
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.providers.amazon.aws.operators.s3 import S3ListOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from company.names import NAME
import helpers

with DAG(NAME, schedule_interval=None) as dag:
    EmptyOperator(task_id="begin") >> BashOperator(task_id="a", bash_command="{{ var.value.where }}")
    BashOperator(task_id="b", bash_command="b")
    S3ListOperator(task_id="list", bucket="b", aws_conn_id="lake")
    KubernetesPodOperator(task_id="pod", name="p", image="i")
    KubernetesPodOperator(task_id="other", name="p", image="i", config_file="c")
""",
    "dags/holes.py": """\
import datetime, os, sklearn
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("holes", schedule_interval=None) as dag:
    BashOperator(task_id="a", bash_command=f"{datetime.datetime.now()}", env={"X": os.environ.get("WHERE", "")})
""",
    "dags/inputs.py": "from airflow import DAG\nfrom airflow.models import Variable\ndag = DAG(Variable.get('name'), schedule=None)\n",
    "dags/part.py": """\
from airflow import DAG
from airflow.partition_mappers.wait_policy import WaitPolicy
from airflow.sdk import Asset, DayWindow, PartitionedAssetTimetable, RollupMapper, StartOfDayMapper
import requests

class Half(WaitPolicy): ...

by = RollupMapper(upstream_mapper=StartOfDayMapper(), window=DayWindow(), wait_policy=Half())
good = DAG("good", schedule=PartitionedAssetTimetable(Asset("s3://a"), {}, by), start_date=__import__("datetime").datetime(2024, 1, 1))
bad = DAG("bad", schedule=requests.get("x").text, start_date=good.start_date)
""",
    "dags/refused.py": "from airflow import DAG\nDAG('a b')\n",
}


@pytest.fixture
def repository(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def report(repository, *options: str):
    return CliRunner().invoke(main, ["check", "--airflow-repo", str(repository), *options], catch_exceptions=False)


def document(repository, *options: str):
    return json.loads(report(repository, "--format", "json", *options).stdout)


def test_files_are_read_fully_with_holes_in_part_or_not(repository):
    found = document(repository)
    assert {file["path"]: file["reading"] for file in found["files"]} == {
        "dags/full.py": "fully",
        "dags/holes.py": "with holes",
        "dags/inputs.py": "needs inputs",
        "dags/part.py": "refused in part",
        "dags/refused.py": "refused",
    }
    assert found["files_without_dags"] == 1


def test_the_repository_is_understood(repository):
    found = document(repository)["repository"]
    assert [folder["path"] for folder in found["folders"]] == ["dags"]
    assert (found["dialect"], found["dialect_from"]) == ("airflow2", "Dockerfile")
    assert (found["ignore_files"], found["requirements"]) == (["dags/.airflowignore"], ["requirements.txt"])
    assert "plugins" in found["import_roots"]


def test_yaml_is_found(repository):
    (repository / "dags" / "factory.py").write_text(
        "import os\nfrom dagfactory import load_yaml_dags  # airflow dag\n"
        "load_yaml_dags(globals_dict=globals(), dags_folder=os.path.dirname(__file__) + '/made')\n"
    )
    (repository / "dags" / "made").mkdir()
    (repository / "dags" / "native.yaml").write_text("Name: native\nCommand: [a]\n")
    (repository / "dags" / "made" / "of_factory.yml").write_text(
        "made:\n  schedule: null\n  default_args: {start_date: 2024-01-01}\n  tasks:\n"
        "    a: {operator: airflow.operators.bash.BashOperator, bash_command: b}\n"
    )
    found = document(repository)
    assert (found["repository"]["yaml_files"], found["repository"]["dag_factory_files"]) == (1, 1)
    readings = {file["path"]: file["reading"] for file in found["files"]}
    assert (readings["dags/factory.py"], readings["dags/native.yaml"]) == ("fully", "fully")


def test_operators_are_counted_with_the_way_they_run(repository):
    found = {(one["operator"], one["runs"]): (one["tasks"], one["wants"]) for one in document(repository)["operators"]}
    assert found[("EmptyOperator", "scheduler")] == (1, "")
    assert found[("BashOperator", "runner")] == (3, "")
    assert found[("S3ListOperator", "provider")] == (1, "apache-airflow-providers-amazon")
    assert found[("KubernetesPodOperator", "pod")] == (1, "")
    assert found[("KubernetesPodOperator", "provider")] == (1, "apache-airflow-providers-cncf-kubernetes")


def test_what_the_files_ask_for_is_listed(repository):
    found = document(repository)["asks_for"]
    assert found["variables"] == ["name", "where"]
    assert found["connections"] == ["lake"]
    assert found["environment"] == ["WHERE"]
    assert found["modules"] == {"requests": 2, "sklearn": 1}
    assert set(found["providers"]) == {"apache-airflow-providers-amazon", "apache-airflow-providers-cncf-kubernetes"}


def test_inputs_that_are_given_are_no_reason_any_more(repository):
    (repository / "inputs.json").write_text('{"variables": {"name": "named"}}')
    found = document(repository, "--inputs", str(repository / "inputs.json"))
    (file,) = [file for file in found["files"] if file["path"] == "dags/inputs.py"]
    assert file["reading"] == "fully"
    assert [one["code"] for one in file["diagnostics"]] == ["GF507"]


def test_schedules_that_are_not_followed_are_listed(repository):
    (found,) = document(repository)["schedules_not_followed"]
    assert (found["path"], found["dag_id"]) == ("dags/part.py", "good")


def test_the_text_fits_80_columns_and_says_why(repository):
    result = report(repository)
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    assert "dags/refused.py: refused" in result.output
    assert "line 2, GF205" in result.output
    assert "read          2 files as Airflow 2" in result.output


def test_markdown_has_tables_and_lists(repository):
    text = report(repository, "--format", "markdown").output
    assert "## How the files are read" in text
    assert "| S3ListOperator | 1 | 1 | provider: amazon |" in text
    assert "* dags/refused.py: refused" in text


def test_what_is_told_stands_over_what_is_found(repository):
    found = document(repository, "--folder", str(repository / "plugins"), "--airflow", "3")
    assert [folder["path"] for folder in found["repository"]["folders"]] == ["plugins"]


@pytest.mark.parametrize(
    "options", [["--format", "sarif"], ["dags"]], ids=["a form that it does not have", "paths beside it"]
)
def test_wrong_usage_is_told(repository, options):
    arguments = [str(repository / option) if option == "dags" else option for option in options]
    assert report(repository, *arguments).exit_code == 2


def test_a_repository_without_dags_is_told(tmp_path):
    result = report(tmp_path)
    assert result.exit_code == 2
    assert "looks like a DAG file" in result.stderr
