"""The figure of a task's start, from the marks that starts and functions leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.starts import seconds_between


def marks(path: Path, *found: tuple[str, float]) -> Path:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in found))
    return path


def test_the_median_counts_and_the_first_start_does_not(tmp_path: Path) -> None:
    times = [(0.0, 9.0), (10.0, 10.2), (20.0, 20.3), (30.0, 30.7)]
    found = [pair for start, run in times for pair in (("starts", start), ("runs", run))]
    assert seconds_between(marks(tmp_path / "m", *found)) == pytest.approx(0.3)


@pytest.mark.parametrize("found", [[("starts", 1.0)], [("runs", 1.0), ("starts", 2.0)]])
def test_a_start_without_its_function_is_told(tmp_path: Path, found: list[tuple[str, float]]) -> None:
    with pytest.raises(ValueError, match=r"^1 starts, [01] runs"):
        seconds_between(marks(tmp_path / "m", *found))
