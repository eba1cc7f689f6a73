"""What launches use: series of samples, and what follows from several accounts of one launch."""

from __future__ import annotations

import json

import pytest

from goflow.domain.usage import MOST_POINTS, Sample, Series, Usage, of_launch, together


def test_a_series_never_has_more_points_than_it_may_and_keeps_the_peak() -> None:
    series = Series("kubelet")
    for number in range(20_000):
        series.add(Sample(1000.0 + 10 * number, number * 5.0, 900 if number == 7_001 else 100))
    assert MOST_POINTS / 2 <= len(series.points) <= MOST_POINTS
    assert (series.cpu_seconds, series.memory_bytes) == (19_999 * 5.0, 900)
    gaps = [after.at - before.at for before, after in zip(series.points[:-2], series.points[1:-1], strict=True)]
    assert max(gaps) < 3 * min(gaps), "the points are spread over all of the time"
    assert len(json.dumps(series.as_json())) < 8_000


def test_a_series_goes_on_where_it_was_written_down() -> None:
    one, other = Series("kubelet"), Series("kubelet")
    for number in range(1_000):
        sample = Sample(50.0 + 10 * number, 0.5 * number, number % 77)
        one.add(sample)
        other = Series.of_json(json.loads(json.dumps(other.as_json())), other.source) if other.points else other
        other.add(sample)
    assert other.cpu_seconds == pytest.approx(one.cpu_seconds)
    assert (other.memory_bytes, other.source) == (one.memory_bytes, "kubelet")
    assert len(other.points) <= MOST_POINTS


def test_a_sample_that_was_taken_already_is_passed_over() -> None:
    series = Series()
    assert series.add(Sample(10.0, 1.0, 5))
    assert not series.add(Sample(10.0, 1.0, 5))
    assert not series.add(Sample(9.0, 0.5, 5))
    assert len(series.points) == 1


def test_a_container_that_was_started_anew_does_not_take_away_what_was_used() -> None:
    series = Series()
    for at, cpu in ((10.0, 4.0), (20.0, 9.0), (30.0, 1.0), (40.0, 2.5)):
        series.add(Sample(at, cpu, 1))
    assert series.cpu_seconds == 11.5
    again = Series.of_json(series.as_json())
    again.add(Sample(50.0, 3.0, 1))
    assert again.cpu_seconds == 12.0


SEEN = Usage(cpu_seconds=3.0, sampled_bytes=300, source="kubelet")
ACCOUNTS = {
    "nobody knows": ({}, None, Usage()),
    "samples alone": ({}, SEEN, Usage(cpu_seconds=3.0, memory_bytes=300, sampled_bytes=300, source="kubelet")),
    "the runner alone": (
        {"cpu_seconds": 2.0, "max_rss_bytes": 200.0, "wall_seconds": 9.0},
        None,
        Usage(cpu_seconds=2.0, memory_bytes=200, source="runner"),
    ),
    "several processes beside each other": (
        {"cpu_seconds": 2.0, "max_rss_bytes": 200.0, "memory_bytes": 390.0, "container_memory_bytes": 800.0},
        None,
        Usage(cpu_seconds=2.0, memory_bytes=390, cached_bytes=800, source="runner"),
    ),
    "the runner's word is the task's own": (
        {"cpu_seconds": 2.0, "max_rss_bytes": 200.0},
        SEEN,
        Usage(cpu_seconds=2.0, memory_bytes=200, sampled_bytes=300, source="runner"),
    ),
}


@pytest.mark.parametrize(("told", "seen", "expected"), ACCOUNTS.values(), ids=ACCOUNTS.keys())
def test_what_a_launch_has_used(told: dict[str, float], seen: Usage | None, expected: Usage) -> None:
    assert of_launch(told, seen) == expected


def test_launches_of_one_attempt_add_up() -> None:
    one = Usage(cpu_seconds=1.5, memory_bytes=10, source="runner")
    other = Usage(cpu_seconds=2.0, memory_bytes=8, sampled_bytes=30, source="runner")
    both = together([one, Usage(), other])
    assert both == Usage(cpu_seconds=3.5, memory_bytes=10, sampled_bytes=30, source="runner")
    assert both.needed_bytes == 30
    assert together([]) == Usage()
