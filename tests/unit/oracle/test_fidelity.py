"""When a folder's score reaches the target."""

from __future__ import annotations

import pytest

from tests.oracle.fidelity import Score, total


def score(right: int, wrong_structure: int = 0, dags: int = 10) -> Score:
    levels = dict.fromkeys(("structure", "behaviour", "fields", "everything"), right)
    return Score("folder", dags, levels, wrong_structure, 0, 0)


@pytest.mark.parametrize(
    ("given", "good_enough", "why"),
    [
        (score(10), True, "all right"),
        (score(8), True, "exactly eighty per cent"),
        (score(7), False, "less than eighty per cent"),
        (score(9, wrong_structure=1), False, "one DAG runs other tasks than its author wrote"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_folder_reaches_the_target(given: Score, good_enough: bool, why: str) -> None:
    assert given.good_enough is good_enough, why


def test_the_line_of_a_folder_shows_shares_and_what_is_wrong() -> None:
    assert score(9, wrong_structure=1).line().split() == (
        ["folder", "10", *["90.0", "%"] * 4, "1", "0", "0"]
    )  # fmt: skip


def test_folders_of_one_release_count_together_and_one_wrong_structure_fails_them_all() -> None:
    assert total("release", [score(7), score(10)]).good_enough
    assert not total("release", [score(10), score(10, wrong_structure=1)]).good_enough
