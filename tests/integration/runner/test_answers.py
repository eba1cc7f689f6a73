"""Questions that a trigger runner answers in child processes: one that hangs, or dies, takes no other along."""

from __future__ import annotations

import select
from pathlib import Path
from typing import Any

import pytest
from goflow_runner.answers import Answers
from goflow_runner.client import TaskClient
from goflow_runner.wire import AnswerInfo, QuestionInfo

FILE = """
import os
import select
import time

import pendulum
from airflow.sdk import DAG
from airflow.timetables.base import DataInterval, Timetable


class Moody(Timetable):
    partitioned = True

    def _decode_partition_date(self, partition_key):
        return pendulum.parse(partition_key, tz="Asia/Taipei")

    def infer_manual_data_interval(self, *, run_after):
        if run_after.hour == 1:
            time.sleep(600)
        if run_after.hour == 2:
            os._exit(7)
        if run_after.hour == 3:
            raise LookupError("no such calendar")
        if run_after.hour == 4:
            return DataInterval(run_after.naive(), run_after)
        return DataInterval(run_after.subtract(hours=1), run_after)


dag = DAG("d", schedule=Moody())
"""


def question(key: int, hour: int, folder: Path, **more: Any) -> QuestionInfo:
    info: QuestionInfo = {
        "id": key,
        "epoch": 3,
        "kind": "interval",
        "dag_id": "d",
        "dialect": "airflow3",
        "environment": {},
        "folder": {
            "digest": "x",
            "path": "/dags",
            "file": "d.py",
            "import_roots": ["/dags"],
            "local": str(folder),
        },
        "inputs": {},
        "asked": {"run_after": f"2026-01-05T{hour:02}:00:00+00:00"},
        "launch_id": None,
    }
    return {**info, **more}  # type: ignore[typeddict-item]


@pytest.fixture
def answers(tmp_path: Path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "d.py").write_text(FILE)
    made = Answers(TaskClient("http://127.0.0.1:1", "", "/nowhere"), "r", tmp_path / "work", longest_s=10.0)
    yield made
    made.end()


def all_of(answers: Answers, count: int) -> dict[int, AnswerInfo]:
    while len(found := answers.look()) < count:
        _hear(answers)
    return {answer["id"]: answer for answer in found}


def _hear(answers: Answers) -> None:
    """Wait until a child says something or ends, or its time is over."""
    select.select(answers.pipes, [], [], 1)


@pytest.mark.timeout(120)
def test_each_has_its_own_fate(answers: Answers, tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    asked = [question(hour, hour, folder) for hour in range(6)]
    answers.begin(asked)
    answers.begin(asked)
    assert answers.keys == [f"{hour}:3" for hour in range(6)], "each is asked once"
    found = all_of(answers, 6)
    assert {key: answer["told"] for key, answer in found.items() if answer["problem"] is None} == {
        0: ["2026-01-04T23:00:00+00:00", "2026-01-05T00:00:00+00:00"],
        5: ["2026-01-05T04:00:00+00:00", "2026-01-05T05:00:00+00:00"],
    }
    assert found[1]["problem"] == "it did not answer within 10 seconds"
    assert found[2]["problem"] == "its process has ended (exit code 7)"
    assert found[3]["problem"].endswith("LookupError: no such calendar\n")
    assert '"/dags/d.py"' in found[3]["problem"], "with the author's own lines"
    assert "must have a time zone" in found[4]["problem"]
    answers.told(list(found.values()))
    while answers.pipes:  # what has answered takes a moment to end
        _hear(answers)
        assert answers.look() == []
    assert answers.keys == []


@pytest.mark.timeout(120)
def test_a_file_that_cannot_be_imported_is_the_answer_to_all_of_it(answers: Answers, tmp_path: Path) -> None:
    (tmp_path / "dags" / "d.py").write_text("import no_such_module")
    answers.begin([question(hour, hour, tmp_path / "dags") for hour in (0, 5)])
    found = all_of(answers, 2)
    assert [("No module named 'no_such_module'" in answer["problem"]) for answer in found.values()] == [True, True]


def test_a_timetable_is_asked_what_the_key_of_a_partition_stands_for(answers: Answers, tmp_path: Path) -> None:
    asked = [{"key": key, "assets": None} for key in ("2026-01-05", "no day")]
    kind = {"kind": "partition_date"}
    answers.begin([question(key, 0, tmp_path / "dags", asked=one, **kind) for key, one in enumerate(asked, 1)])
    found = all_of(answers, 2)
    assert found[1]["told"] == "2026-01-04T16:00:00+00:00"
    assert "ParserError" in str(found[2]["problem"])
