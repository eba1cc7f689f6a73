"""Which Airflow the text of a file is for, told without reading it."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow.dag_arguments import parameters
from goflow.parser.libraries.airflow.telling import ARGUMENTS, told_by

TWO, THREE = Dialect.AIRFLOW2, Dialect.AIRFLOW3
CASES = {
    "a module that only Airflow 3 has": ("from airflow.sdk import DAG\n", THREE),
    "a module that only Airflow 2 has": ("from airflow.operators.subdag import SubDagOperator\n", TWO),
    "a path of Airflow 1.10": ("from airflow.contrib.hooks.ssh_hook import SSHHook\n", TWO),
    "a name that only Airflow 2 has, among others": ("from airflow.utils.dates import (\n  days_ago,  # old\n)\n", TWO),
    "a module imported whole": ("import airflow.sdk\n", THREE),
    "what both have": ("from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n", None),
    "a provider, which either may have": ("from airflow.providers.standard.operators.bash import BashOperator\n", None),
    "an import that may fail": ("try:\n    from airflow.sdk import DAG\nexcept ImportError:\n    pass\n", None),
    "an import for one of them": ("if AIRFLOW_V_3_0_PLUS:\n    from airflow.sdk import DAG\n", None),
    "an import in a docstring": ('"""Use it so:\n\nfrom airflow.sdk import DAG\n"""\nimport airflow\n', None),
    "an argument of DAG": ("import airflow\nwith DAG('d', tags=['(', ')'], schedule_interval=None): ...\n", TWO),
    "an argument of the decorator": ("import airflow\n@dag(\n    'd',\n    fail_fast=True,\n)\ndef d(): ...\n", THREE),
    "an argument of a call in the call": ("import airflow\nDAG('d', x=timer(schedule_interval=1))\n", None),
    "a comparison, which is no argument": ("import airflow\nDAG('d', tags=[schedule_interval == 1])\n", None),
    "a variable of the name": (
        "import airflow\nschedule_interval = '@daily'\nDAG('d', schedule=schedule_interval)\n",
        None,
    ),
    "another function's argument": ("import airflow\nmy_DAG('d', schedule_interval=None)\n", None),
    "both, which neither could read": ("from airflow.sdk import DAG\nDAG('d', schedule_interval=None)\n", None),
    "no Airflow at all": ("from airfoil import wing\n", None),
}


@pytest.mark.parametrize("name", CASES)
def test_only_what_fails_for_certain_under_the_other_tells(name):
    text, expected = CASES[name]
    assert told_by(text.encode()) is expected


def test_the_arguments_are_those_that_the_model_of_dag_has_for_one_of_them_alone():
    two, three = set(parameters(TWO)), set(parameters(THREE))
    assert {TWO: two - three, THREE: three - two} == ARGUMENTS


def test_a_text_made_to_take_long_takes_no_time():
    assert told_by(b"import airflow\n" + b"DAG(schedule_interval" * 100_000) is None
    assert told_by(b"from airflow import (" * 100_000) is None
