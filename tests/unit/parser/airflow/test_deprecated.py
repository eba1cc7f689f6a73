"""Operators that their providers want to be rid of are told, once each."""

from __future__ import annotations

from goflow.domain.diagnostics import Severity
from tests.unit.parser.airflow.reading import TWO, read

HEAD = """
from airflow.providers.google.cloud.operators.stackdriver import StackdriverDeleteAlertOperator
from airflow.providers.postgres.operators.postgres import PostgresOperator
with DAG("d", schedule=None, start_date=START):
"""


def told(body: str) -> list[tuple[str, str, int]]:
    result = read(HEAD + body, TWO)
    found = [finding for finding in result.diagnostics if finding.code == "GF504"]
    assert all(finding.severity is Severity.NOTE for finding in found)
    return [(finding.message, finding.hint, finding.span.line) for finding in found]


def test_a_deprecated_class_is_told_with_what_takes_its_place_at_its_first_task() -> None:
    tasks = [f'    StackdriverDeleteAlertOperator(task_id="t{n}", name="x")\n' for n in range(2)]
    ((message, hint, _line),) = told("".join(tasks))
    assert message == "StackdriverDeleteAlertOperator is deprecated by its provider"
    assert hint.endswith("cloud_monitoring.CloudMonitoringDeleteAlertOperator in its place")


def test_a_class_that_the_provider_has_dropped_is_told() -> None:
    ((message, _hint, _line),) = told('    PostgresOperator(task_id="t", sql="select 1")\n')
    assert message == "PostgresOperator is not in newer versions of its provider"


def test_nothing_is_told_of_others() -> None:
    assert told('    EmptyOperator(task_id="t")\n') == []
