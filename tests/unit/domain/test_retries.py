"""The delay before the next attempt, with the figures that Airflow 3.3.2 itself gives (``next_retry_datetime``)."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.domain.retries import MAX_RETRY_DELAY_S, retry_delay_s
from goflow.domain.runs import TaskInstance
from goflow.domain.spec import TaskSpec
from tests.unit.domain.kit import run_at

LOGICAL = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def delay(try_number: int = 1, **policy: float) -> float:
    task = TaskSpec(task_id="t", operator="X", **policy)  # type: ignore[arg-type]
    row = TaskInstance(id=1, dag_run_id=1, dag_id="d", run_id="r", task_id="t", try_number=try_number)
    return retry_delay_s(task, row, run_at(LOGICAL))


def test_without_back_off_it_is_always_the_same() -> None:
    assert [delay(n, retry_delay=90.5) for n in (1, 2, 7)] == [90.5, 90.5, 90.5]


@pytest.mark.parametrize(
    ("try_number", "factor", "seconds"),
    [(1, 2.0, 11), (2, 2.0, 22), (3, 2.0, 40), (4, 3.0, 282), (2, 1.5, 27), (12, 2.0, 32489)],
)
def test_with_back_off_it_is_what_airflow_reckons(try_number: int, factor: float, seconds: float) -> None:
    assert delay(try_number, retry_delay=10.0, retry_exponential_backoff=factor) == seconds


def test_back_off_lies_between_once_and_twice_the_grown_delay() -> None:
    for n in range(1, 8):
        assert 10 * 2 ** (n - 1) <= delay(n, retry_delay=10.0, retry_exponential_backoff=2.0) < 2 * 10 * 2 ** (n - 1)


def test_no_back_off_is_longer_than_a_day_or_than_its_own_maximum() -> None:
    assert delay(40, retry_delay=10.0, retry_exponential_backoff=2.0) == MAX_RETRY_DELAY_S
    assert delay(5000, retry_delay=10.0, retry_exponential_backoff=2.0) == MAX_RETRY_DELAY_S
    assert delay(9, retry_delay=10.0, retry_exponential_backoff=2.0, max_retry_delay=60.0) == 60.0


def test_a_delay_of_nothing_still_waits_a_second_under_back_off() -> None:
    assert delay(1, retry_delay=0.0, retry_exponential_backoff=2.0) == 1.0
