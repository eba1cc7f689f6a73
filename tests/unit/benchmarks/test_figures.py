"""Figures from rows of runs and tasks, as either side's API gives them."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.__main__ import table
from benchmarks.figures import parallel_per_s, step_and_gap_s


def at(second: float) -> str:
    return f"2026-01-01T00:00:{second:09.6f}Z"


def task(name: str, start: float, end: float, state: str = "success") -> dict[str, Any]:
    return {"task_id": name, "state": state, "start_date": at(start), "end_date": at(end)}


def test_throughput_counts_from_the_run_s_start_to_the_last_end() -> None:
    run = {"start_date": at(1), "end_date": at(9)}
    assert parallel_per_s(run, [task("a", 2, 3), task("b", 2, 5), task("c", 4, 4.5)]) == pytest.approx(3 / 4)


def test_a_step_is_from_start_to_start_and_a_gap_from_end_to_start_in_whatever_order_rows_come() -> None:
    rows = [task("c", 4, 4.5), task("a", 0, 1), task("b", 2, 3)]
    assert step_and_gap_s(rows) == pytest.approx((2, 1))


def test_a_failed_task_makes_no_figure() -> None:
    with pytest.raises(ValueError, match="failed"):
        step_and_gap_s([task("a", 0, 1), task("b", 2, 3, "failed")])


def test_a_run_without_tasks_makes_no_figure() -> None:
    with pytest.raises(ValueError, match="there are none"):
        parallel_per_s({"start_date": at(0)}, [])


@pytest.mark.parametrize(
    ("key", "airflow", "goflow", "times"),
    [
        ("parallel_per_s", 4.0, 40.0, "10.0"),
        ("step_s", 1.0, 0.1, "10.0"),
        ("idle_pss_mb", 100.0, 200.0, "0.5"),
    ],
    ids=["more tasks per second are better", "fewer seconds are better", "more memory is worse"],
)
def test_the_ratio_says_how_many_times_better_goflow_is(key: str, airflow: float, goflow: float, times: str) -> None:
    line = next(
        line for line in table({"airflow": {key: airflow}, "goflow": {key: goflow}}).splitlines()[2:]
        if line.split("|")[4].strip()
    )  # fmt: skip
    assert line.split("|")[4].strip() == times
