"""A schedule that GoFlow reads and does not follow is told of, where it stands."""

from __future__ import annotations

import pytest

from goflow.domain.diagnostics import Severity
from tests.unit.parser.airflow.reading import THREE, read

OWN = """\
from airflow.partition_mappers.wait_policy import WaitPolicy
from airflow.sdk import DayWindow, FixedKeyMapper, PartitionMapper, ProductMapper, RollupMapper, StartOfDayMapper
class Half(WaitPolicy): ...
class Few(WaitPolicy):
    def __init__(self, most): super().__init__()
class Own(PartitionMapper): ...
class Business(DayWindow): ...
"""


def by_mapper(mapper: str) -> str:
    """A DAG by partitions."""
    return f'DAG("d", schedule=PartitionedAssetTimetable(assets=Asset("s3://a"), default_partition_mapper={mapper}))'


def rolled_up(policy: str) -> str:
    """A mapper that waits by POLICY."""
    return f"RollupMapper(upstream_mapper=StartOfDayMapper(), window=DayWindow(), wait_policy={policy})"


def words(name: str) -> str:
    """What is said of a class."""
    return (
        f"this DAG is scheduled by partitions of assets, and {name} is not one of Airflow's own wait policies; "
        "trigger it by hand"
    )


TOLD = [
    ("a wait policy of the author's own", THREE, by_mapper(rolled_up("Half()")), words("Half")),
    (
        "one inside another",
        THREE,
        by_mapper(f"ProductMapper(FixedKeyMapper('x'), {rolled_up('Half()')})"),
        words("Half"),
    ),
    ("one with arguments", THREE, by_mapper(rolled_up("Few(3)")), words("Few")),
]
QUIET = [
    (
        "a timetable class of the author's own",
        "from airflow.timetables.base import Timetable\nclass Own(Timetable): ...\nd = DAG('d', schedule=Own())",
    ),
    ("a mapper of the author's own", f"{OWN}d = {by_mapper('Own()')}"),
    (
        "a window of the author's own",
        f"{OWN}d = {by_mapper('RollupMapper(upstream_mapper=StartOfDayMapper(), window=Business())')}",
    ),
    ("cron", 'DAG("d", schedule="0 0 * * *")'),
    ("a list of assets", 'DAG("d", schedule=[Asset("s3://a")])'),
    ("partitions", 'DAG("d", schedule=PartitionedAssetTimetable(assets=Asset("s3://a")))'),
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


@pytest.mark.parametrize(("dialect", "call", "told"), [case[1:] for case in TOLD], ids=[case[0] for case in TOLD])
def test_what_is_not_followed_is_told_of_at_the_argument(dialect, call, told):
    result = read(f"{OWN}d = {call}", dialect)
    (found,) = result.diagnostics
    assert (found.code, found.severity, found.dag_id) == ("GF302", Severity.WARNING, "d")
    assert found.message == told
    assert found.span.column == 1 + f"d = {call}".index("schedule=" if "schedule=" in call else "timetable=")
    assert [dag.dag_id for dag in result.dags] == ["d"]


@pytest.mark.parametrize("text", [case[1] for case in QUIET], ids=[case[0] for case in QUIET])
def test_what_is_followed_is_not(text):
    result = read(text if "\n" in text else f"d = {text}")
    assert result.diagnostics == ()
    assert len(result.dags) == 1


def test_a_decorated_dag_is_told_of_in_its_decorator():
    (found,) = read(
        f"{OWN}@dag(schedule=PartitionedAssetTimetable(Asset('s3://a'), {{}}, {rolled_up('Half()')}))\ndef made(): ...\nmade()"
    ).diagnostics
    assert (found.code, found.dag_id, found.span.column) == ("GF302", "made", 6)
