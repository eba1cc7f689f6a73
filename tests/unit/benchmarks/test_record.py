"""Figures find their place on the page."""

from __future__ import annotations

import pytest

from benchmarks.record import command, record

PAGE = "# Page\n\n## Figures\n\n### Local backend\n\nold local\n\n### On the test cluster\n\nold cluster\n"


def test_a_section_is_replaced_and_its_neighbours_stay() -> None:
    page = record(PAGE, "local", "python -m benchmarks", "a machine", "| new |")
    assert "old local" not in page
    assert "### Local backend\n\n`python -m benchmarks` on a machine:\n\n| new |\n\n### On the test cluster" in page
    assert page.endswith("old cluster\n")


def test_the_last_section_is_replaced_to_the_end() -> None:
    page = record(PAGE, "kubernetes", "python -m benchmarks", "a machine", "| new |")
    assert "old local" in page
    assert page.endswith("| new |\n")
    assert "old cluster" not in page


def test_a_section_that_is_not_there_is_added() -> None:
    assert record("# Page\n", "local", "c", "m", "t") == "# Page\n\n### Local backend\n\n`c` on m:\n\nt\n"


def test_what_is_said_above_the_figures_stays() -> None:
    said = "What it means:\n\n* much\n* `python` is quick"
    before = f"# Page\n\n### Local backend\n\n{said}\n\n`python -m benchmarks` on a machine:\n\n| old |\n\n## More\n"
    page = record(before, "local", "python -m benchmarks", "another", "| new |")
    assert page == before.replace("a machine", "another").replace("old", "new")


def test_recording_twice_is_recording_once() -> None:
    once = record(PAGE, "local", "c", "m", "t")
    assert record(once, "local", "c", "m", "t") == once


def test_the_command_is_told_as_it_measures_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only-part", "kwok", "--record"])
    assert command("benchmarks") == "python -m benchmarks --only-part kwok"
    assert command("benchmarks.kwok", ["--record"]) == "python -m benchmarks.kwok"
    assert command("benchmarks.kwok", ["--jobs", "50", "--record"]) == "python -m benchmarks.kwok --jobs 50"
