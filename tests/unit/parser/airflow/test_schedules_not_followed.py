"""A schedule that GoFlow reads and does not follow yet is told of, where it stands."""

from __future__ import annotations

import pytest

from goflow.domain.diagnostics import Severity
from tests.unit.parser.airflow.reading import THREE, read

BY_PARTITIONS = "this DAG is scheduled by partitions of assets; GoFlow does not follow them yet; trigger it by hand"
TOLD = [
    (
        "partitions",
        THREE,
        'DAG("d", schedule=PartitionedAssetTimetable(assets=Asset("s3://a")))',
        BY_PARTITIONS,
    ),
]
QUIET = [
    (
        "a timetable class of the author's own",
        "from airflow.timetables.base import Timetable\nclass Own(Timetable): ...\nd = DAG('d', schedule=Own())",
    ),
    ("cron", 'DAG("d", schedule="0 0 * * *")'),
    ("a list of assets", 'DAG("d", schedule=[Asset("s3://a")])'),
    ("one asset", 'DAG("d", schedule=Asset("s3://a"))'),
    ("an expression of assets", 'DAG("d", schedule=Asset("s3://a") & Asset("s3://b"))'),
    (
        "assets or time",
        'DAG("d", schedule=AssetOrTimeSchedule('
        'timetable=CronTriggerTimetable("0 0 * * *", timezone="UTC"), assets=[Asset("s3://a")]))',
    ),
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
    result = read(f"d = {call}", dialect)
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
    (found,) = read(
        "@dag(schedule=PartitionedAssetTimetable(assets=Asset('s3://a')))\ndef made(): ...\nmade()"
    ).diagnostics
    assert (found.code, found.dag_id, found.span.column) == ("GF302", "made", 6)
