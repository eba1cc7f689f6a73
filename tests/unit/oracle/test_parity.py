"""What `make parity` compares, and when it is content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.environments import AIRFLOW_3
from tests.parity.driving import drive
from tests.parity.examples import Group
from tests.parity.outcomes import Difference, OwnWords, differences
from tests.parity.report import Score

GROUP = Group("g", AIRFLOW_3, ("example_dags",))
TASK = {"state": "success", "try_number": 1, "label": None, "rendered": {"a": "b"}, "xcoms": {"return_value": 1}}


def run(**task: Any) -> dict[str, Any]:
    base = {"state": "success", "conf": {}, "logical_date": "2026-02-03T04:05:06+00:00"}
    interval = {"data_interval_start": None, "data_interval_end": None}
    return {"run_id": "parity", **base, **interval, "tasks": {"t": {**TASK, **task}}}


@pytest.mark.parametrize(
    ("task", "places"),
    [
        ({}, []),
        ({"state": "skipped"}, ["t.state"]),
        ({"try_number": 2}, ["t.try_number"]),
        ({"rendered": {"a": "c"}}, ["t.rendered.a"]),
        ({"xcoms": {"return_value": 1, "more": 2}}, ["t.xcoms.more"]),
        ({"xcoms": {"return_value": "1"}}, ["t.xcoms.return_value"]),
        ({"xcoms": {"return_value": True}}, ["t.xcoms.return_value"]),
        ({"xcoms": {}}, ["t.xcoms.return_value"]),
        ({"label": "x"}, ["t.label"]),
    ],
    ids=lambda value: str(value),
)
def test_every_part_of_a_task_counts(task, places):
    assert [found.place for found in differences([run()], [run(**task)])] == places


def test_a_run_or_a_task_that_one_side_has_not_is_a_difference():
    assert [d.place for d in differences([run()], [])] == ["runs"]
    assert [d.place for d in differences([run()], [{**run(), "tasks": {}}])] == ["t"]


SAME = {
    "the paths of one's own": ("/tmp/goflow-parity-ab/home/x", "/tmp/goflow-parity-cd/home/local/launches/0f/airflow/x"),
    "the moment at which it ran": ("2026-11-28T20:00:00.1+00:00", "2026-11-29T21:00:00+00:00"),
    "the order of a branch's choice": ({"skipmixin_key": {"followed": ["a", "b"]}}, {"skipmixin_key": {"followed": ["b", "a"]}}),
}  # fmt: skip


@pytest.fixture
def words(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "tests.parity.outcomes.environment", lambda release: type("E", (), {"python": Path("/airflow/python")})
    )
    return OwnWords(GROUP, tmp_path)


@pytest.mark.parametrize(("theirs", "ours"), SAME.values(), ids=SAME)
def test_what_is_each_side_s_own_is_the_same(words, theirs, ours):
    airflow, goflow = words.airflow([{"x": theirs}]), words.goflow([{"x": ours}])
    assert airflow == goflow


def test_a_moment_of_the_run_s_own_month_is_compared(words):
    moments = ("2026-02-03T00:00:00+00:00", "2026-02-04T00:00:00+00:00")
    assert words.airflow([{"x": moments[0]}]) != words.goflow([{"x": moments[1]}])


def test_it_is_content_with_97_in_a_hundred_where_the_others_are_explained():
    different = [Difference("t.state", "success", "failed")]
    there = {f"d{n}": "f.py" for n in range(100)}

    def score(wrong: int, **listed: Any) -> Score:
        group = replace(GROUP, listed=listed)
        return Score(group, {name: different if n < wrong else [] for n, name in enumerate(there)}, there)

    explained = {f"d{n}": {"t.*": "why"} for n in range(4)}
    assert score(3, explained=explained).good
    assert not score(4, explained=explained).good
    assert not score(1).good
    assert not score(0, left_out={f"d{n}": "why" for n in range(11)}).good


def test_dags_are_driven_in_order_and_one_that_cannot_start_holds_up_no_other(monkeypatch):
    monkeypatch.setattr("tests.parity.driving.time.sleep", lambda seconds: None)
    states: dict[str, list[str]] = {}
    ended: list[str] = []

    def trigger(entry: Any) -> None:
        if entry["dag_id"] == "broken":
            raise RuntimeError("no")
        states[entry["dag_id"]] = ["success"]

    def entry(dag_id: str, *after: str) -> dict[str, Any]:
        return {"dag_id": dag_id, "after": list(after), "triggered": False}

    drive(
        [entry("second", "first", "broken"), entry("first"), entry("broken")], trigger, lambda: states, ended.append, 60
    )
    assert ended == ["first", "second"]
