"""Timetables and partition mappers of authors' own, asked by a real trigger runner of a daemon with the local backend."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from tests.running import Daemon, standalone

TIMETABLES = """
import os

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable


class Days(Timetable):
    def __init__(self, many):
        self.many = many

    def serialize(self):
        return {"many": self.many}

    @classmethod
    def deserialize(cls, data):
        return cls(data["many"])

    def infer_manual_data_interval(self, *, run_after):
        return DataInterval(run_after.start_of("month"), run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        last = last_automated_data_interval
        start = restriction.earliest if last is None else last.end
        return DagRunInfo.interval(start, start.add(days=self.many))

    def generate_run_id(self, *, run_type, run_after, data_interval, **extra):
        import only_on_path  # which PYTHONPATH of goflow.yaml leads to

        return f"{only_on_path.PREFIX}-{run_type}-{data_interval.start.date()}"


class Broken(Days):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        raise LookupError("no such calendar")


class Deadly(Days):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        os._exit(3)
"""

DAGS = """
import pendulum
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator
from timetables import Broken, Days, Deadly

for name, timetable in (("days", Days(4)), ("broken", Broken(1)), ("deadly", Deadly(1))):
    with DAG(name, schedule=timetable, start_date=pendulum.datetime(*NINE, tz="UTC"), catchup=True):
        BashOperator(task_id="a", bash_command="echo {{ data_interval_start | ds }}")
"""

MAPPED = """
import datetime

from airflow.partition_mappers.base import PartitionMapper
from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, RollupMapper, SegmentWindow, task


class Region(PartitionMapper):
    def __init__(self, known):
        super().__init__()
        self.known = known

    def to_downstream(self, key):
        return [self.known[word] for word in key.split("+")]

    def to_partition_date(self, downstream_key):
        return datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)

    def serialize(self):
        return {"known": self.known}

    @classmethod
    def deserialize(cls, data):
        return cls(data["known"])


region = Region({"Europe": "eu", "America": "us"})
rollup = RollupMapper(upstream_mapper=region, window=SegmentWindow(["Europe", "Europe+Europe"]))
for name, mapper in (("mapped", region), ("rolled", rollup)):
    timetable = PartitionedAssetTimetable(assets=Asset(name), default_partition_mapper=mapper)
    with DAG(name, schedule=timetable):

        @task
        def key(*, partition_key, partition_date):
            return [partition_key, partition_date.isoformat()]

        key()
"""


@pytest.fixture
def daemon(tmp_path: Path):
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=9)
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "timetables.py").write_text(TIMETABLES)
    (folder / "theirs.py").write_text(DAGS.replace("*NINE", f"{day.year}, {day.month}, {day.day}"))
    (folder / "mapped.py").write_text(MAPPED)
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "only_on_path.py").write_text("PREFIX = 'mine'\n")
    rule = {"dag": "days", "environment": {"PYTHONPATH": str(tmp_path / "path")}}
    (folder / "goflow.yaml").write_text(json.dumps({"rules": [rule]}))
    made = standalone(tmp_path / "home", folder, GOFLOW_TRIGGER_POLL_S="0.2")
    made.start()
    yield made
    made.stop()


def runs(daemon: Daemon, dag_id: str = "days") -> list[Any]:
    return sorted(daemon.json("runs", "list", dag_id), key=lambda run: run["run_after"])


def problems(daemon: Daemon, dag_id: str) -> str:
    return " ".join(found["problem"] for found in daemon.json("dags", "show", dag_id)["problems"])


@pytest.mark.timeout(300)
def test_runs_are_made_as_the_timetable_tells_and_one_that_fails_is_told_of(daemon: Daemon) -> None:
    daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 5)
    for dag_id in ("broken", "deadly", "days"):
        daemon.run("dags", "unpause", dag_id)
    found = daemon.wait_for(
        "two runs", lambda: (rows := runs(daemon)) and {row["state"] for row in rows} == {"success"} and rows, 120
    )
    assert len(found) == 2
    for row in found:
        assert row["run_id"] == f"mine-scheduled-{row['data_interval_start'][:10]}"
    assert found[0]["data_interval_end"] == found[1]["data_interval_start"]
    shown = daemon.json("dags", "show", "days")
    assert (shown["next_dagrun_data_interval_start"], shown["problems"]) == (found[1]["data_interval_end"], [])
    assert shown["timetable_summary"] == "Days"
    daemon.wait_for("a failure", lambda: "LookupError: no such calendar" in problems(daemon, "broken"))
    daemon.wait_for("another", lambda: "its process has ended (exit code 3)" in problems(daemon, "deadly"))
    daemon.kill()
    daemon.start()
    daemon.run("dags", "trigger", "days", "--run-id", "mine")
    mine = daemon.wait_for(
        "the run by hand", lambda: (row := daemon.json("runs", "show", "days", "mine"))["state"] == "success" and row
    )
    assert (mine["data_interval_start"][8:10], mine["data_interval_end"]) == ("01", mine["logical_date"])


@pytest.mark.timeout(300)
def test_runs_begin_for_the_keys_that_their_partition_mapper_tells(daemon: Daemon) -> None:
    daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 5)
    for dag_id in ("mapped", "rolled"):
        daemon.run("dags", "unpause", dag_id)
    daemon.run("assets", "tell", "mapped", "--partition-key", "Europe+America")
    daemon.run("assets", "tell", "mapped", "--partition-key", "Asia")

    def ended(dag_id: str, count: int) -> list[Any]:
        rows = runs(daemon, dag_id)
        return rows if [row["state"] for row in rows] == ["success"] * count else []

    def told(dag_id: str, run: Any) -> Any:
        return daemon.json("tasks", "show", dag_id, run["run_id"], "key")["xcoms"]["return_value"]

    found = daemon.wait_for("two runs", lambda: ended("mapped", 2), 120)
    date = "2026-01-05T00:00:00+00:00"
    assert sorted(told("mapped", run) for run in found) == [["eu", date], ["us", date]]

    def problems_told() -> list[str]:
        return [words for event in daemon.json("assets", "events", "mapped") for words in event["problems"].values()]

    (problem,) = daemon.wait_for("a failure", problems_told)
    assert "KeyError: 'Asia'" in problem
    daemon.run("assets", "tell", "rolled", "--partition-key", "Europe")
    (one,) = daemon.wait_for("what waits", lambda: daemon.json("partitions", "list"))
    assert (one["partition_key"], one["assets"][0]["missing_keys"]) == ("eu", ["Europe+Europe"])
    daemon.run("assets", "tell", "rolled", "--partition-key", "Europe+Europe")
    (run,) = daemon.wait_for("the run", lambda: ended("rolled", 1), 120)
    assert told("rolled", run) == ["eu", date]
