"""A schedule that GoFlow reads and does not follow yet is told of, where it stands."""

from __future__ import annotations

import pytest

from goflow.domain.diagnostics import Severity
from tests.unit.parser.airflow.reading import THREE, TWO, read

BY_ASSETS = "this DAG is scheduled by assets; GoFlow does not start such runs yet; trigger it by hand"
BY_BOTH = "this DAG is scheduled by assets or time; GoFlow starts its runs by time, and none for assets yet"
BY_OWN = "this DAG is scheduled by the timetable Own; GoFlow does not follow it yet; trigger it by hand"
OWN = """
from airflow.timetables.base import Timetable
class Own(Timetable): ...
"""
TOLD = [
    ("a list of assets", THREE, 'DAG("d", schedule=[Asset("s3://a")])', BY_ASSETS),
    ("one asset", THREE, 'DAG("d", schedule=Asset("s3://a"))', BY_ASSETS),
    ("an expression of assets", THREE, 'DAG("d", schedule=Asset("s3://a") & Asset("s3://b"))', BY_ASSETS),
    (
        "assets or time",
        THREE,
        'DAG("d", schedule=AssetOrTimeSchedule('
        'timetable=CronTriggerTimetable("0 0 * * *", timezone="UTC"), assets=[Asset("s3://a")]))',
        BY_BOTH,
    ),
    ("an own timetable", THREE, 'DAG("d", schedule=Own())', BY_OWN),
    ("Airflow 2's datasets", TWO, 'DAG("d", schedule=[Dataset("s3://a")], start_date=START)', BY_ASSETS),
    ("Airflow 2's own timetable", TWO, 'DAG("d", timetable=Own(), start_date=START)', BY_OWN),
]
QUIET = [
    ("cron", 'DAG("d", schedule="0 0 * * *")'),
    ("by hand", 'DAG("d", schedule=None)'),
    ("a delta", 'DAG("d", schedule=timedelta(days=1), start_date=START)'),
    ("once", 'DAG("d", schedule="@once")'),
    ("continuous", 'DAG("d", schedule="@continuous", max_active_runs=1)'),
    ("several crons", 'DAG("d", schedule=MultipleCronTriggerTimetable("0 0 * * *", "1 1 * * *", timezone="UTC"))'),
    (
        "listed moments",
        "from airflow.timetables.events import EventsTimetable\n"
        'd = DAG("d", schedule=EventsTimetable(event_dates=[datetime(2024, 1, 1, tzinfo=timezone.utc)]))',
    ),
]


@pytest.mark.parametrize(("dialect", "call", "words"), [case[1:] for case in TOLD], ids=[case[0] for case in TOLD])
def test_what_is_not_followed_is_told_of_at_the_argument(dialect, call, words):
    result = read(f"{OWN}\nd = {call}", dialect)
    (found,) = result.diagnostics
    assert (found.code, found.severity, found.dag_id) == ("GF302", Severity.WARNING, "d")
    assert found.message == words
    assert found.span.column == 1 + f"d = {call}".index("schedule=" if "schedule=" in call else "timetable=")
    assert [dag.dag_id for dag in result.dags] == ["d"]


@pytest.mark.parametrize("text", [case[1] for case in QUIET], ids=[case[0] for case in QUIET])
def test_what_is_followed_is_not(text):
    result = read(text if "\n" in text else f"d = {text}")
    assert result.diagnostics == ()
    assert len(result.dags) == 1


def test_a_decorated_dag_is_told_of_in_its_decorator():
    (found,) = read('@dag(schedule=[Asset("s3://a")])\ndef made(): ...\nmade()').diagnostics
    assert (found.code, found.dag_id, found.span.column) == ("GF302", "made", 6)
