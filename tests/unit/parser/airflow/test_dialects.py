"""Which Airflow a file is written for, where it shows."""

import pytest

from goflow.domain.spec import Dialect

from .reading import THREE, TWO, errors, read


@pytest.mark.parametrize(
    ("sentence", "lines", "given", "taken"),
    [
        ("days_ago is gone from 3", "from airflow.utils.dates import days_ago", THREE, TWO),
        ("so are operators of 1.10", "from airflow.operators.bash_operator import BashOperator", THREE, TWO),
        ("so is contrib", "from airflow.contrib.operators.ssh_operator import SSHOperator", THREE, TWO),
        ("so are datasets", "from airflow.datasets import Dataset", THREE, TWO),
        ("so is schedule_interval", 'DAG("x", schedule_interval=None)', THREE, TWO),
        ("and task_concurrency", 'EmptyOperator(task_id="x", task_concurrency=1)', THREE, TWO),
        ("and the dummy rule", 'EmptyOperator(task_id="x", trigger_rule="dummy")', THREE, TWO),
        ("airflow.sdk is new in 3", "from airflow.sdk import DAG", TWO, THREE),
        ("so is fail_fast", 'DAG("x", schedule=None, fail_fast=True)', TWO, THREE),
        ("a file for both keeps what is given", "from airflow.operators.bash import BashOperator", THREE, THREE),
        ("and under the other, too", "from airflow.operators.bash import BashOperator", TWO, TWO),
        (
            "an import with a way out decides nothing",
            "try:\n    import airflow.datasets\nexcept ImportError: pass",
            THREE,
            THREE,
        ),
        ("nor the other way round", "try:\n    import airflow.sdk\nexcept ImportError: pass", TWO, TWO),
    ],
)
def test_a_file_shows_its_dialect(sentence, lines, given, taken):
    head = "from airflow.models import DAG\nfrom airflow.operators.empty import EmptyOperator\n"
    result = read(f'{head}{lines}\nwith DAG("d", schedule=None): pass', given, prelude=False)
    assert errors(result) == [], sentence
    (dag,) = (dag for dag in result.dags if dag.dag_id == "d")
    assert (dag.dialect, dag.dialect_source) == (taken, "default" if taken is given else "file"), sentence
    notes = [problem.code for problem in result.diagnostics]
    assert notes == ([] if taken is given else ["GF501"])


def test_what_neither_has_is_an_error():
    result = read("from airflow.models import Nonsense", prelude=False)
    assert errors(result) == ["GF006 ImportError: cannot import name 'Nonsense' from 'airflow.models'"]


def test_a_file_of_both_worlds_is_an_error_in_either():
    lines = "from airflow.sdk import DAG\nfrom airflow.utils.dates import days_ago"
    for dialect in Dialect:
        assert len(errors(read(lines, dialect, prelude=False))) == 1


def test_is_venv_installed_is_false_as_in_a_plain_airflow_2_and_said_so():
    result = read(
        """
        from airflow.operators.python import is_venv_installed
        with DAG("d", start_date=START, schedule=None):
            E("always")
            if is_venv_installed():
                E("with_virtualenv")
        """,
        TWO,
    )
    (dag,) = result.dags
    assert [task.task_id for task in dag.tasks] == ["always"]
    (found,) = result.diagnostics
    assert (found.code, found.severity.value) == ("GF101", "warning")
    assert "is_venv_installed() is taken as False" in found.message
