"""What a task tells of its outlets, and what it is told of its inlets and of what has begun its run; both dialects."""

from __future__ import annotations

import pytest

from tests.unit.airflow_shim.kit import MOMENT, Dags

ASSETS = """
from airflow.sdk import DAG, Asset, AssetAlias, Metadata, task
a, b, alias = Asset("a", "s3://a"), Asset("b"), AssetAlias("called")
with DAG("d"):
"""
DATASETS = """
from airflow import DAG
from airflow.datasets import Dataset, DatasetAlias
from airflow.datasets.metadata import Metadata
from airflow.decorators import task
a, b, alias = Dataset("s3://a"), Dataset("b"), DatasetAlias("called")
with DAG("d", schedule=None):
"""
A = {"name": "a", "uri": "s3://a/"}
OF_2 = {"name": "s3://a/", "uri": "s3://a/"}
B = {"name": "b", "uri": "b"}


def put(dags: Dags, text: str, body: str) -> None:
    """A DAG file of that beginning and those lines in its DAG."""
    dags.write(text + "\n".join(f"    {line}" for line in body.splitlines()) + "\n    t()\n")


TOLD = [
    ("nothing is said", "@task(outlets=[a, b])\ndef t(): ...", [A, B]),
    ("one outlet twice", "@task(outlets=[a, a])\ndef t(): ...", [A]),
    ("no outlets", "@task\ndef t(*, outlet_events): outlet_events[a].extra = {'n': 1}", []),
    (
        "an extra",
        "@task(outlets=[a, b])\ndef t(*, outlet_events): outlet_events[a].extra = {'n': 1}",
        [{**A, "extra": {"n": 1}}, B],
    ),
    (
        "metadata that is yielded",
        "@task(outlets=[a])\ndef t():\n    yield Metadata(a, {'n': 1})\n    yield Metadata(b, {'n': 2})",
        [{**A, "extra": {"n": 1}}],
    ),
    (
        "an alias",
        "@task(outlets=[alias, a])\ndef t(*, outlet_events):\n"
        "    outlet_events[alias].add(b, extra={'n': 1})\n    outlet_events[AssetAlias('other')].add(b)",
        [A, {**B, "extra": {"n": 1}, "aliases": ["called"]}],
    ),
    (
        "two aliases that tell the same",
        "other = AssetAlias('other')\n@task(outlets=[alias, other])\ndef t(*, outlet_events):\n"
        "    outlet_events[alias].add(b)\n    outlet_events[other].add(b)\n    outlet_events[other].add(b, {'n': 1})",
        [{**B, "extra": {}, "aliases": ["called", "other"]}, {**B, "extra": {"n": 1}, "aliases": ["other"]}],
    ),
    (
        "an alias by metadata",
        "@task(outlets=[alias])\ndef t():\n    yield Metadata(b, extra={'n': 1}, alias=alias)",
        [{**B, "extra": {"n": 1}, "aliases": ["called"]}],
    ),
    (
        "partitions",
        "@task(outlets=[a])\ndef t(*, outlet_events): outlet_events[a].add_partitions(['y', 'x'])",
        [{**A, "extra": {}, "partition_key": "x"}, {**A, "extra": {}, "partition_key": "y"}],
    ),
    ("a reference", "@task(outlets=[Asset.ref(name='a')])\ndef t(): ...", [{"name": "a", "uri": None}]),
]


@pytest.mark.parametrize(("body", "told"), [case[1:] for case in TOLD], ids=[case[0] for case in TOLD])
def test_the_end_tells_what_has_happened_to_the_outlets(dags: Dags, body: str, told: list[dict]) -> None:
    put(dags, ASSETS, body)
    outcome = dags.run()
    assert (outcome["state"], outcome["asset_events"]) == ("success", told)


def test_airflow_2_tells_a_dataset_as_often_as_it_is_an_outlet(dags: Dags) -> None:
    body = "@task(outlets=[a, a, alias])\ndef t(*, outlet_events):\n"
    body += "    outlet_events[a].extra = {'n': 1}\n    outlet_events[alias].add(b)"
    put(dags, DATASETS, body)
    told = {**OF_2, "extra": {"n": 1}}
    assert dags.run(dialect="airflow2")["asset_events"] == [told, told, {**B, "extra": {}, "aliases": ["called"]}]


def test_an_extra_that_is_no_json_fails_the_task(dags: Dags) -> None:
    put(dags, ASSETS, "@task(outlets=[a])\ndef t(*, outlet_events): outlet_events[a].extra = {'x': object()}")
    outcome = dags.run()
    assert outcome["state"] == "failed"
    assert "JSON" in outcome["message"]


def happened(number: int, **more: object) -> dict:
    """An event of ``a`` as the server tells it."""
    return {
        "id": number,
        "timestamp": f"2026-01-02T0{number}:00:00+00:00",
        "asset": {"name": "a", "uri": "s3://a/", "group": "asset", "extra": {}},
        "extra": {"n": number},
        "source_aliases": [{"name": "called"}],
        "source_dag_id": "made",
        "source_run_id": "r1",
        "source_task_id": "makes",
        "source_map_index": -1,
        "partition_key": None,
        **more,
    }


ASKED = [
    ("all of it", "[e.extra['n'] for e in inlet_events[a]]", [1, 2]),
    ("by its place", "inlet_events[a][-1].extra", {"n": 2}),
    ("a slice", "[e.extra for e in inlet_events[0][:1]]", [{"n": 1}]),
    ("how many", "len(inlet_events[a])", 2),
    ("by an alias", "[e.extra['n'] for e in inlet_events[alias]]", [1, 2]),
    ("by name and URI", "[e.extra['n'] for e in inlet_events.for_asset(name='a', uri='s3://a')]", [1, 2]),
    ("who made it", "inlet_events[a][0].source_task_instance.xcom_pull()", "left"),
    ("in which run", "str(inlet_events[a][0].source_dag_run.data_interval_start)", "2026-01-02 03:00:00+00:00"),
    ("which aliases", "[alias.name for alias in inlet_events[a][0].source_aliases]", ["called"]),
    ("when", "inlet_events[a][0].timestamp.isoformat()", "2026-01-02T01:00:00+00:00"),
]


@pytest.mark.parametrize(("text", "wanted"), [case[1:] for case in ASKED], ids=[case[0] for case in ASKED])
@pytest.mark.parametrize("dialect", ["airflow3", "airflow2"])
def test_a_task_reads_what_has_happened_to_its_inlets(dags: Dags, dialect: str, text: str, wanted: object) -> None:
    if dialect == "airflow2" and "for_asset" in text:
        text = text.replace("for_asset(name='a', uri='s3://a')", "__getitem__('s3://a')")
    put(
        dags,
        ASSETS if dialect == "airflow3" else DATASETS,
        f"@task(inlets=[a, alias])\ndef t(*, inlet_events): return {text}",
    )
    dags.client.happened = [happened(1), happened(2)]
    dags.client.runs["made"] = [
        {"run_id": "r1", "state": "success", "logical_date": MOMENT, "data_interval_start": MOMENT}
    ]
    dags.client.results[("makes", -1, "return_value")] = {"key": "return_value", "value": "left", "length": None}
    outcome = dags.run(dialect=dialect)
    assert outcome["state"] == "success", outcome
    found = dags.result()
    assert found == (wanted.replace(" 03", "T03") if isinstance(found, str) and "T03" in found else wanted)


def test_what_is_asked_for_reaches_the_server(dags: Dags) -> None:
    body = "@task(inlets=[a, Asset.ref(name='b')])\ndef t(*, inlet_events):\n"
    body += "    list(inlet_events[a].after('2026-01-01').before('2026-02-01').ascending(False).limit(3))\n"
    body += "    list(inlet_events[Asset.ref(name='b')])"
    put(dags, ASSETS, body)
    dags.client.known = [{**B, "group": "asset"}]
    assert dags.run()["state"] == "success"
    window = {"after": "2026-01-01", "before": "2026-02-01", "ascending": False, "limit": 3}
    assert dags.client.asked_events == [{**A, **window}, {"name": "b"}]


def test_events_of_what_is_no_inlet_are_not_told(dags: Dags) -> None:
    put(dags, ASSETS, "@task(inlets=[a])\ndef t(*, inlet_events): list(inlet_events[b])")
    assert "KeyError" in dags.run()["message"]


TRIGGERING = [
    (
        "airflow3",
        ASSETS,
        "@task\ndef t(*, triggering_asset_events):\n"
        "    return [[key.name, [e.extra['n'] for e in found]] for key, found in triggering_asset_events.items()]",
        [["a", [1, 2]], ["called", [1, 2]]],
    ),
    (
        "airflow2",
        DATASETS,
        "@task\ndef t(*, triggering_dataset_events):\n"
        "    return [[uri, [e.extra['n'] for e in found]] for uri, found in triggering_dataset_events.items()]",
        [["s3://a/", [1, 2]]],
    ),
    (
        "airflow2",
        DATASETS,
        "from airflow.operators.bash import BashOperator\n"
        "@task(templates_dict={'x': '{{ (triggering_dataset_events.values() | first | first)"
        ".source_dag_run.data_interval_start | ds }}'})\ndef t(templates_dict): return templates_dict['x']",
        "2026-01-02",
    ),
]


@pytest.mark.parametrize(("dialect", "text", "body", "wanted"), TRIGGERING)
def test_a_run_knows_what_has_begun_it(dags: Dags, dialect: str, text: str, body: str, wanted: object) -> None:
    put(dags, text, body)
    dags.client.runs["made"] = [
        {"run_id": "r1", "state": "success", "logical_date": MOMENT, "data_interval_start": MOMENT}
    ]
    begun = [happened(1), happened(2)]
    outcome = dags.run(dialect=dialect, run_type="asset_triggered", consumed_asset_events=begun)
    assert outcome["state"] == "success", outcome
    assert dags.result() == wanted
