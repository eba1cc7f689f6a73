"""A class that another module has: of Airflow's own modules all names are known, of providers those of one version."""

from __future__ import annotations

import pytest

from goflow.domain.diagnostics import Severity
from tests.unit.parser.airflow.reading import THREE, TWO, read


@pytest.mark.parametrize(
    ("dialect", "line", "hint"),
    [
        (TWO, "from airflow.operators.bash import BranchDateTimeOperator", "is in airflow.operators.datetime"),
        (TWO, "from airflow.operators.python import BashOperator", "is in airflow.operators.bash"),
        (THREE, "from airflow.sdk.bases.operator import TaskGroup", "is in airflow.sdk"),
    ],
)
def test_airflow_refuses_the_file_and_so_do_we(dialect, line, hint):
    found = read(f"{line}\nwith DAG('d'):\n    E('e')\n", dialect)
    (told,) = found.diagnostics
    assert (found.dags, told.code, told.severity) == ((), "GF006", Severity.ERROR)
    assert told.hint.endswith(hint)


@pytest.mark.parametrize("dialect", [TWO, THREE])
def test_of_a_provider_it_is_told(dialect):
    line = "from airflow.providers.standard.operators.bash import BranchDateTimeOperator"
    found = read(f"{line}\nwith DAG('d'):\n    E('e')\n", dialect)
    (told,) = found.diagnostics
    assert (len(found.dags), told.code, told.severity) == (1, "GF006", Severity.WARNING)
    assert told.hint == "BranchDateTimeOperator is in airflow.providers.standard.operators.datetime"
