"""Partition mappers as the reader describes them, and what of them Airflow refuses."""

from __future__ import annotations

import pytest

from goflow.domain.partitions import not_followed
from tests.unit.parser.airflow.reading import read

HEAD = "from airflow.sdk import *\nfrom airflow.sdk import Window\na, b = Asset('s3://x/a'), Asset('b')\n"
SECONDS = "%Y-%m-%dT%H:%M:%S"
DAY = {"mapper": "StartOfDayMapper", "timezone": "UTC", "input_format": SECONDS, "output_format": "%Y-%m-%d"}
HOUR = {**DAY, "mapper": "StartOfHourMapper", "output_format": "%Y-%m-%dT%H"}
KEEP = {"mapper": "IdentityMapper"}
WEEK = {"window": "WeekWindow", "direction": "forward"}
MADE = [
    ("IdentityMapper()", KEEP),
    ("IdentityMapper(max_downstream_keys=2)", {**KEEP, "max_downstream_keys": 2}),
    ("AllowedKeyMapper(['eu', 'us'])", {"mapper": "AllowedKeyMapper", "allowed_keys": ["eu", "us"]}),
    ("FixedKeyMapper('all')", {"mapper": "FixedKeyMapper", "downstream_key": "all"}),
    ("StartOfDayMapper()", DAY),
    (
        "StartOfDayMapper(timezone='Asia/Tokyo', input_format='%Y', output_format='%d')",
        {**DAY, "timezone": "Asia/Tokyo", "input_format": "%Y", "output_format": "%d"},
    ),
    (
        "StartOfQuarterMapper()",
        {**DAY, "mapper": "StartOfQuarterMapper", "output_format": "%Y-Q{quarter}"},
    ),
    ("ChainMapper(IdentityMapper(), StartOfDayMapper())", {"mapper": "ChainMapper", "mappers": [KEEP, DAY]}),
    (
        "ProductMapper(IdentityMapper(), StartOfDayMapper(), delimiter='/')",
        {"mapper": "ProductMapper", "mappers": [KEEP, DAY], "delimiter": "/"},
    ),
    (
        "RollupMapper(upstream_mapper=StartOfDayMapper(), window=WeekWindow())",
        {"mapper": "RollupMapper", "upstream_mapper": DAY, "window": WEEK, "wait_policy": {"policy": "WaitForAll"}},
    ),
    (
        "RollupMapper(upstream_mapper=FixedKeyMapper('w'), window=SegmentWindow({'us', 'eu'}), wait_policy=MinimumCount(-1))",
        {
            "mapper": "RollupMapper",
            "upstream_mapper": {"mapper": "FixedKeyMapper", "downstream_key": "w"},
            "window": {"window": "SegmentWindow", "segments": ["eu", "us"]},
            "wait_policy": {"policy": "MinimumCount", "n": -1},
        },
    ),
    (
        "FanOutMapper(upstream_mapper=StartOfDayMapper(), window=DayWindow(direction=Window.Direction.BACKWARD))",
        {
            "mapper": "FanOutMapper",
            "upstream_mapper": DAY,
            "window": {"window": "DayWindow", "direction": "backward"},
            "downstream_mapper": HOUR,
        },
    ),
]


@pytest.mark.parametrize(
    ("text", "described"), MADE, ids=[text.partition("(")[0] + str(n) for n, (text, _) in enumerate(MADE)]
)
def test_a_mapper_is_described_with_all_that_it_does(text, described):
    result = read(f"{HEAD}d = DAG('d', schedule=PartitionedAssetTimetable(a, default_partition_mapper={text}))")
    (dag,) = result.dags
    assert result.diagnostics == ()
    assert dag.schedule.arguments == {"default_partition_mapper": described}
    assert not_followed(dag.schedule) is None


def test_mappers_are_given_by_assets_references_and_expressions():
    config = "{a | Asset.ref(name='c'): FixedKeyMapper('x'), b: IdentityMapper()}"
    result = read(
        f"{HEAD}d = DAG('d', schedule=PartitionedAssetTimetable(assets=a & b, partition_mapper_config={config}))"
    )
    (dag,) = result.dags
    (first, mapper), (second, other) = dag.schedule.arguments["partition_mapper_config"]
    assert first == {
        "any": [{"$asset": {"name": "s3://x/a", "uri": "s3://x/a"}}, {"$asset": {"name": "c", "ref": "name"}}]
    }
    assert (second, other) == ({"$asset": {"name": "b", "uri": "b"}}, KEEP)
    assert mapper == {"mapper": "FixedKeyMapper", "downstream_key": "x"}


REFUSED = [
    ("IdentityMapper(max_downstream_keys=0)", "max_downstream_keys must be a positive integer"),
    ("FixedKeyMapper('')", "non-empty str"),
    ("MinimumCount(0)", "degenerate"),
    ("SegmentWindow([])", "requires segment keys"),
    ("WeekWindow(direction='up')", "not a valid Window.Direction"),
    (
        "RollupMapper(upstream_mapper=IdentityMapper(), window=WeekWindow())",
        "expects decoded values of type 'datetime'",
    ),
    ("RollupMapper(upstream_mapper=StartOfDayMapper(), window=SegmentWindow(['a']))", "of type 'str'"),
    ("RollupMapper(upstream_mapper='x', window=WeekWindow())", "must be a PartitionMapper"),
    ("FanOutMapper(upstream_mapper=StartOfDayMapper(), window=HourWindow())", "no default downstream_mapper"),
    ("ChainMapper(IdentityMapper())", "missing 1 required positional argument"),
    ("PartitionedAssetTimetable(a, {'a': IdentityMapper()})", "has mappers by assets"),
    ("PartitionedAssetTimetable(a, default_partition_mapper='x')", "must be a PartitionMapper"),
    ("CronPartitionTimetable('@daily', timezone='UTC', run_offset=timedelta(days=1))", "other than integer"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_airflow_refuses_is_refused(text, said):
    result = read(f"{HEAD}from datetime import timedelta\nx = {text}")
    (found,) = result.diagnostics
    assert said in found.message
    assert found.span.column == 5


def test_a_mapper_that_is_not_known_leaves_the_schedule_unknown():
    text = "import requests\nd = DAG('d', schedule=PartitionedAssetTimetable(a, {}, FixedKeyMapper(requests.get('x').text)))"
    result = read(f"{HEAD}{text}")
    assert [found.code for found in result.diagnostics] == ["GF101"]
    assert result.dags == ()


def test_a_format_that_airflow_cannot_read_back_is_told_of():
    mapper = "StartOfWeekMapper(output_format='%Y-%Y')"
    result = read(f"{HEAD}d = DAG('d', schedule=PartitionedAssetTimetable(a, default_partition_mapper={mapper}))")
    (found,) = result.diagnostics
    assert found.code == "GF302"
    assert "'%Y' is no name, or is used twice" in found.message


OWN = """
from airflow.partition_mappers.base import PartitionMapper

class Mine(PartitionMapper):
    def __init__(self, words, *, inner=None, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.words = words
"""


def described(text):
    result = read(f"{HEAD}{OWN}d = DAG('d', schedule=PartitionedAssetTimetable(a, default_partition_mapper={text}))")
    assert result.diagnostics == ()
    return result.dags[0].schedule.arguments["default_partition_mapper"]


def test_of_one_of_the_authors_own_is_said_what_it_was_made_with():
    own = described("Mine(('a', 'b'), inner=IdentityMapper(), max_downstream_keys=3)")
    assert own.pop("own").endswith("_file.Mine")
    kwargs = {"inner": {"mapper": "IdentityMapper"}, "max_downstream_keys": 3}
    assert own == {"args": [{"$tuple": ["a", "b"]}], "kwargs": kwargs}


def test_one_of_the_authors_own_may_stand_among_airflows():
    chain = described("ChainMapper(StartOfDayMapper(), Mine('x'))")
    assert chain["mapper"] == "ChainMapper"
    assert chain["mappers"][1]["args"] == ["x"]
