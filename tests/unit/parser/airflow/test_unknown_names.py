"""Arguments that there are not: told at the argument itself, with the name that was probably meant."""

from __future__ import annotations

import pytest

from goflow.domain.diagnostics import Severity
from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, parse_file

HEAD = """\
from airflow import DAG
from airflow.decorators import dag, task, task_group
from airflow.models.param import Param
from airflow.operators.bash import BashOperator
from airflow.utils.task_group import TaskGroup
"""


def read(folder, text, dialect=Dialect.AIRFLOW3):
    (folder / "f.py").write_text(HEAD + text)
    return parse_file(Folder(folder, dialect=dialect), "f.py", Inputs()).diagnostics


def marked(finding, text):
    """The text that the finding is about."""
    line = (HEAD + text).splitlines()[finding.span.line - 1]
    return line[finding.span.column - 1 : finding.span.end_column - 1]


def test_a_decorator_that_no_provider_has_is_told_with_the_one_that_was_meant(tmp_path):
    text = "with DAG('d'):\n  @task.brnach\n  def f(): ...\n  f()\n  @task.kubernetes(image='x')\n  def g(): ...\n  g()"
    (finding,) = read(tmp_path, text)
    assert (finding.code, finding.severity, finding.hint) == ("GF006", Severity.WARNING, "did you mean 'branch'?")
    assert "@task.brnach" in finding.message
    (finding,) = read(tmp_path, "with DAG('d'):\n  @task.quite_of_their_own\n  def f(): ...\n  f()")
    assert (finding.code, finding.hint) == ("GF006", "")


CASES = {
    "an operator": (
        "with DAG('d'):\n  BashOperator(\n    task_id='a',\n    bash_command='b',\n    retires=1)",
        "retires=1",
        "did you mean 'retries'?",
    ),
    "an operator that is mapped": (
        "with DAG('d'):\n  BashOperator.partial(task_id='a', retires=1).expand(bash_command=['b'])",
        "retires=1",
        "did you mean 'retries'?",
    ),
    "a DAG": ("d = DAG('d', shedule=None)", "shedule=None", "did you mean 'schedule'?"),
    "a DAG that is given what tasks have": (
        "d = DAG('d', retries=1)",
        "retries=1",
        "retries is an argument of tasks: put it into default_args",
    ),
    "@dag": ("@dag(shedule=None)\ndef d(): ...\nd()", "shedule=None", "did you mean 'schedule'?"),
    "@task": (
        "with DAG('d'):\n  @task(retires=1)\n  def f(): ...\n  f()",
        "retires=1",
        "did you mean 'retries'?",
    ),
    "@task.branch": (
        "with DAG('d'):\n  @task.branch(retires=1)\n  def f(): ...\n  f()",
        "retires=1",
        "did you mean 'retries'?",
    ),
    "override": (
        "with DAG('d'):\n  @task\n  def f(): ...\n  f.override(retires=1)()",
        "retires=1",
        "did you mean 'retries'?",
    ),
    "a function that is called": (
        "with DAG('d'):\n  @task\n  def f(number): ...\n  f(numbr=1)",
        "numbr=1",
        "did you mean 'number'?",
    ),
    "a function that is mapped": (
        "with DAG('d'):\n  @task\n  def f(number): ...\n  f.expand(numbr=[1])",
        "numbr=[1]",
        "did you mean 'number'?",
    ),
    "a group": ("with DAG('d'):\n  TaskGroup('g', tooltpi='x')", "tooltpi='x'", "did you mean 'tooltip'?"),
    "@task_group": (
        "with DAG('d'):\n  @task_group(tooltpi='x')\n  def g(): ...\n  g()",
        "tooltpi='x'",
        "did you mean 'tooltip'?",
    ),
}


@pytest.mark.parametrize(("text", "argument", "hint"), CASES.values(), ids=CASES)
def test_an_argument_that_there_is_not_is_an_error(tmp_path, text, argument, hint):
    (finding,) = read(tmp_path, text)
    assert (finding.code, finding.severity, finding.hint) == ("GF204", Severity.ERROR, hint)
    assert marked(finding, text) == argument


WARNED = {
    "a key of default_args": (
        "args = {\n  'owner': 'x',\n  'retires': 1,\n}\nwith DAG('d', default_args=args):\n  pass",
        "'retires'",
        "did you mean 'retries'?",
    ),
    "a key of a group's default_args": (
        "with DAG('d'):\n  with TaskGroup('g', default_args={'retires': 1}):\n    pass",
        "'retires'",
        "did you mean 'retries'?",
    ),
    "a key that the DAG has": (
        "d = DAG('d', default_args={'catchup': False})",
        "'catchup'",
        "give it to DAG(...): catchup=...",
    ),
    "a key that is made by a call": (
        "d = DAG('d', default_args=dict(retires=1))",
        "default_args=dict(retires=1)",
        "did you mean 'retries'?",
    ),
    "a word of Param's schema": (
        "d = DAG('d', params={'x': Param(1, tpye='integer')})",
        "tpye='integer'",
        "did you mean 'type'?",
    ),
}


@pytest.mark.parametrize(("text", "key", "hint"), WARNED.values(), ids=WARNED)
def test_what_airflow_passes_over_is_a_warning(tmp_path, text, key, hint):
    (finding,) = read(tmp_path, text)
    assert (finding.code, finding.severity, finding.hint) == ("GF204", Severity.WARNING, hint)
    assert marked(finding, text) == key


@pytest.mark.parametrize(
    "text",
    [
        "d = DAG('d', default_args={'retries': 1, 'params': {}})",
        "d = DAG('d', default_args={'our_own_team': 'x'})",
        "with DAG('d', default_args={'bash_command': 'x', 'append_env': True}):\n  BashOperator(task_id='a')",
        "class Own(BashOperator):\n  def __init__(self, retry, **kwargs):\n    super().__init__(**kwargs)\n"
        "with DAG('d', default_args={'retry': 1}):\n  Own(task_id='a', bash_command='b')",
        "d = DAG('d', params={'x': Param(1, type='integer', section='s', our_own='x')})",
    ],
    ids=["known keys", "keys that look like nothing", "keys of an operator", "keys of one's own operator", "Params"],
)
def test_what_may_be_meant_is_not_told(tmp_path, text):
    assert read(tmp_path, text) == ()


def test_one_dict_for_many_dags_is_told_once(tmp_path):
    text = "args = {'retires': 1}\nfor i in range(9):\n  with DAG(f'd{i}', default_args=args):\n    pass"
    assert len(read(tmp_path, text)) == 1


def test_a_mistyped_trigger_rule_is_told_at_the_argument(tmp_path):
    text = "with DAG('d'):\n  BashOperator(task_id='a', bash_command='b', trigger_rule='all_don')"
    (finding,) = read(tmp_path, text)
    assert (finding.code, finding.hint) == ("GF203", "did you mean 'all_done'?")
    assert marked(finding, text) == "trigger_rule='all_don'"


S3 = "airflow.providers.amazon.aws.operators.s3"
IMPORTS = {
    "of Airflow itself": ("from airflow.operators.bash import BashOperatr", "error", "did you mean 'BashOperator'?"),
    "of a module": ("import airflow.operators.bsh", "error", "did you mean 'airflow.operators.bash'?"),
    "of a provider": (f"from {S3} import S3ListOperatr", "warning", "did you mean 'S3ListOperator'?"),
}


@pytest.mark.parametrize(("text", "severity", "hint"), IMPORTS.values(), ids=IMPORTS)
def test_a_mistyped_name_in_an_import_is_told(tmp_path, text, severity, hint):
    (finding,) = read(tmp_path, text, Dialect.AIRFLOW2)
    assert (finding.code, finding.severity.value, finding.hint) == ("GF006", severity, hint)


@pytest.mark.parametrize("name", ["S3ListOperator", "S3SomethingElseOperator"])
def test_a_name_that_is_like_no_other_is_not_told(tmp_path, name):
    assert read(tmp_path, f"from {S3} import {name}") == ()


def test_a_name_of_a_provider_that_nobody_knows_makes_no_task_in_silence(tmp_path):
    """It was taken for an object of no importance, and the DAG was read without the task."""
    found = read(tmp_path, f"from {S3} import S3Listing\nwith DAG('d'):\n  S3Listing(task_id='a', bucket='b')")
    assert [(one.code, one.severity, one.dag_id) for one in found] == [("GF101", Severity.ERROR, "d")]
    assert "S3Listing" in found[0].message
