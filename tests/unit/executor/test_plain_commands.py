"""Which tasks are one command and nothing else."""

from __future__ import annotations

import pytest
from goflow_runner.command import BASH_OPERATOR, plain_command


def given(dialect: str, **spec: object) -> dict[str, object]:
    fields = {"bash_command": "true", "env": None, "cwd": None}
    return {"dialect": dialect, "task": {"operator_path": BASH_OPERATOR, "fields": fields, "arguments": {}, **spec}}


@pytest.mark.parametrize(
    ("task", "is_plain"),
    [
        (given("airflow3"), True),
        (given("airflow3", outlets=[{"uri": "s3://a"}]), True),
        (given("airflow2"), True),
        (given("airflow2", outlets=[{"uri": "s3://a"}]), False),
        (given("airflow2", inlets=[{"uri": "s3://a"}]), False),
        (given("airflow3", fields={"bash_command": "echo {{ ds }}"}), False),
    ],
    ids=[
        "Airflow 3",
        "Airflow 3, outlets",
        "Airflow 2",
        "Airflow 2, outlets: results",
        "Airflow 2, inlets",
        "a template",
    ],
)
def test_a_bash_operator_is_a_command_where_nothing_of_airflow_s_is_needed_for_it(task, is_plain):
    assert (plain_command(task) is not None) is is_plain
