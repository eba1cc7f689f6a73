"""Whether something grows: what is a slope, what is a peak, and what is no work at all."""

from __future__ import annotations

import pytest

from benchmarks.soak.verdict import judge, slope, table


def samples(grows: float = 0.0, made: float = 60.0, peak: float = 0.0) -> list[dict[str, float]]:
    """Six hours, each ten minutes: memory that begins at 80 MB and comes to 100 in the first hour."""
    found = []
    for number in range(37):
        hours = number / 6
        memory = min(100.0, 80 + 20 * hours) + grows * hours + (peak if number == 20 else 0.0)
        found.append({"hours": hours, "memory_mb": memory, "threads": 18.0, "made": made * min(hours, 6.0)})
    return found


def test_what_grows_is_told_and_a_warm_up_or_a_peak_is_no_growth() -> None:
    assert [one.holds for one in judge(samples(peak=500))] == [True, True]
    memory, threads = judge(samples(grows=1.0))
    assert (memory.holds, threads.holds) == (False, True)
    assert memory.growth == pytest.approx(4.0)
    assert "**grows**" in table([memory])


def test_a_soak_that_comes_to_a_stop_is_no_soak() -> None:
    stopped = samples()
    for sample in stopped[20:]:
        sample["made"] = stopped[20]["made"]
    with pytest.raises(ValueError, match="stop"):
        judge(stopped)


def test_a_slope_is_that_of_most_pairs() -> None:
    assert slope([0, 1, 2, 3, 4], [0, 2, 4, 600, 8]) == pytest.approx(2)
