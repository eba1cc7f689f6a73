"""The exported document: every kind of value in the oracle's words."""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path

import pytest

from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.domain.moments import Moment
from goflow.domain.spec import DagSpec, Dialect, Schedule, SensorSpec, TaskSpec
from goflow.parser.api import ParseResult
from goflow.parser.export import file_document

NOW = dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC)
TODAY = Moment(truncate="day").to_json()
COMPARE = Path(__file__).parents[4].parent / "shared" / "oracle" / "compare.py"


def document_of(dag: DagSpec):
    document = file_document(ParseResult("x.py", "", (dag,)), lambda dag, now: ["runs"], NOW)
    return document["dags"][dag.dag_id]


def task_of(dialect: Dialect = Dialect.AIRFLOW3, **values):
    task = TaskSpec(**{"task_id": "t", "operator": "BashOperator", **values})
    return document_of(DagSpec(dag_id="d", dialect=dialect, tasks=(task,)))["tasks"]["t"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, "b", None, True, 1.5]}, {"a": [1, "b", None, True, 1.5]}),
        ({"$timedelta": 90}, {"seconds": 90.0}),
        ({"$relativedelta": {"months": 1}}, {"object": "relativedelta"}),
        ({"$datetime": "2024-01-01T02:00:00+02:00"}, {"datetime": "2024-01-01T00:00:00+00:00"}),
        ({"$date": "2024-01-01"}, {"datetime": "2024-01-01"}),
        ({"$time": "12:30:00"}, {"datetime": "12:30:00"}),
        ({"$tuple": [1, {"$tuple": [2]}]}, [1, [2]]),
        ({"$set": ["b", "a", 1]}, [1, "a", "b"]),
        ({"$xcom": {"task_id": "a", "key": "return_value"}}, {"xcom": "a", "key": "return_value"}),
        ({"$xcom": {"task_id": "a", "key": "k", "map": []}}, {"xcom": None, "key": None}),
        ({"$callable": "dags.x:outer.<locals>.inner"}, {"callable": "inner"}),
        ({"$callable": "x:<lambda>"}, {"callable": "<lambda>"}),
        ({"$asset": {"name": "n", "uri": "s3://a"}}, {"asset": "s3://a"}),
        ({"$asset": {"name": "n", "uri": ""}}, {"asset": "n"}),
        ({"$asset_alias": "n"}, {"object": "AssetAlias"}),
        ({"$object": {"class": "V1Pod", "module": "kubernetes.client"}}, {"object": "V1Pod"}),
        ({"$hole": {"reason": "depends on now()", "line": 7, "column": 2}}, {"unknown": "line 7: depends on now()"}),
        ({"$hole": {"reason": "why", "line": 0}}, {"unknown": "why"}),
        ({"$dict": [[1, "a"], [{"$tuple": [1, 2]}, "b"], [None, "c"]]}, {"1": "a", "(1, 2)": "b", "None": "c"}),
        ({"$moment": TODAY}, {"datetime": "2024-05-06T00:00:00+00:00"}),
        ([[[[[[[[[[1]]]]]]]]]], [[[[[[[[["<deep>"]]]]]]]]]),
    ],
)  # fmt: skip
def test_a_value_of_a_field(value, expected):
    assert task_of(fields={"f": value})["fields"]["f"] == expected


def test_an_alias_of_airflow_2_is_a_dataset_alias():
    assert task_of(Dialect.AIRFLOW2, outlets=({"$asset_alias": "n"},))["outlets"] == [{"object": "DatasetAlias"}]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(), None),
        (Schedule(kind="once", timetable="OnceTimetable"), "@once"),
        (Schedule(kind="continuous", timetable="ContinuousTimetable"), "@continuous"),
        (Schedule(kind="cron", crons=("0 0 * * *",), timezone="Europe/Oslo", timetable="CronTriggerTimetable"),
         {"cron": "0 0 * * *", "timezone": "Europe/Oslo"}),
        (Schedule(kind="cron", crons=("0 0 * * *", "5 5 * * *"), timetable="MultipleCronTriggerTimetable"),
         {"timetable": "MultipleCronTriggerTimetable"}),
        (Schedule(kind="delta", every_s=60, timetable="DeltaDataIntervalTimetable"), {"every_seconds": 60}),
        (Schedule(kind="delta", relative={"months": 1}, timetable="DeltaDataIntervalTimetable"),
         {"timetable": "DeltaDataIntervalTimetable"}),
        (Schedule(kind="assets", assets=("s3://b", "s3://a", "s3://b"), timetable="AssetTriggeredTimetable"),
         {"assets": ["s3://a", "s3://b"]}),
        (Schedule(kind="asset_or_time", assets=("s3://a",), timetable="AssetOrTimeSchedule",
                  time=Schedule(kind="cron", crons=("1 * * * *",))),
         {"assets": ["s3://a"], "time": {"cron": "1 * * * *", "timezone": "UTC"}}),
        (Schedule(kind="custom", timetable="AfterWorkdayTimetable"), {"timetable": "AfterWorkdayTimetable"}),
    ],
)  # fmt: skip
def test_a_schedule(schedule, expected):
    document = document_of(DagSpec(dag_id="d", schedule=schedule))
    assert document["schedule"] == expected
    assert document["timetable"] == schedule.timetable


def test_moments_are_seen_at_the_time_of_the_export():
    dag = DagSpec(dag_id="d", start_date=Moment(truncate="day", offset_s=-2 * 86400))
    document = document_of(dag)
    assert document["start_date"] == "2024-05-04T00:00:00+00:00"
    assert document["end_date"] is None
    assert document["next_runs"] == ["runs"]


def test_given_arguments_are_those_that_stand_nowhere_else():
    task = task_of(
        arguments={"append_env": True, "bash_command": "x", "retries": 3, "note": {"$timedelta": 1}},
        given=("task_id", "append_env", "bash_command", "retries", "note", "doc_md", "do_xcom_push", "start_date"),
        fields={"bash_command": "x"},
        doc="words",
        do_xcom_push=False,
        start_date=Moment(at=NOW),
    )
    assert task["given"] == {
        "append_env": True,
        "note": {"seconds": 1.0},
        "doc_md": "words",
        "do_xcom_push": False,
        "start_date": {"datetime": NOW.isoformat()},
    }


@pytest.mark.parametrize(
    "values",
    [
        {"operator": "_PythonDecoratedOperator"},
        {"mapped": True},
        {"operator": "DecoratedSensorOperator", "bases": ("airflow.sdk.bases.decorator.DecoratedOperator",)},
    ],
    ids=["TaskFlow", "mapped", "a decorated sensor"],
)
def test_taskflow_and_mapped_tasks_have_none(values):
    assert task_of(arguments={"a": 1}, given=("a",), **values)["given"] == {}


def test_callbacks_are_lists_of_names():
    calls = {"on_failure_callback": [{"$callable": "m:f"}, {"url": "x"}], "on_success_callback": {"$callable": "m:g"}}
    assert task_of(callbacks=calls)["callbacks"] == {
        "on_failure_callback": [{"callable": "f"}, {"object": "dict"}],
        "on_success_callback": [{"callable": "g"}],
    }


def test_sensors_say_how_they_wait_and_others_do_not():
    assert task_of()["sensor"] == {}
    assert task_of(sensor=SensorSpec(mode="reschedule"))["sensor"] == {
        "mode": "reschedule",
        "poke_interval": 60.0,
        "timeout": 604800.0,
        "soft_fail": False,
        "exponential_backoff": False,
    }


def test_the_error_of_the_whole_file_comes_before_one_dags():
    errors = (
        Diagnostic("GF101", "one DAG's", Span("x.py", 3, 1), dag_id="d"),
        Diagnostic("GF404", "harmless", Span("x.py", 1, 1), Severity.WARNING),
        Diagnostic("GF002", "the file's", Span("x.py", 9, 1)),
    )
    document = file_document(ParseResult("x.py", "", (), errors), lambda dag, now: [], NOW)
    assert document == {"seconds": 0.0, "error": "GF002 x.py:9:1: the file's", "dags": {}}


@pytest.mark.skipif(not COMPARE.exists(), reason="the oracle is not beside this checkout")
def test_the_document_has_all_that_the_oracle_compares():
    spec = importlib.util.spec_from_file_location("oracle_compare", COMPARE)
    assert spec is not None
    assert spec.loader is not None
    compare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compare)
    dag = document_of(DagSpec(dag_id="d", tasks=(TaskSpec(task_id="t", operator="X"),)))
    assert set(dag) == {*compare.DAG_KEYS, "tasks"}
    kinds = {*compare.TASK_STRUCTURE, *compare.TASK_POLICY, "expand", "fields", "given"}
    assert set(dag["tasks"]["t"]) == kinds
