"""When the scores reach the targets, and what is told of them."""

from __future__ import annotations

import pytest

from tests.oracle.scores import LEVELS, Fault, Score, shortfalls, total


def score(kind: str = "examples", dags: int = 100, wrong: int = 0, **right: int) -> Score:
    return Score("folder", kind, dags, dags, {**dict.fromkeys(LEVELS, dags), **right}, 0, wrong, 0, 0)


@pytest.mark.parametrize(
    ("given", "short", "why"),
    [
        (score(), 0, "all right"),
        (score(everything=98), 0, "two examples in a hundred may hold what only run time tells"),
        (score(everything=97), 1, "but not three"),
        (score(structure=99), 1, "one example runs other tasks than its author wrote"),
        (
            score("system", structure=98, behaviour=97, everything=95),
            0,
            "the providers' tests, exactly at their targets",
        ),
        (score("system", structure=97, behaviour=96, everything=94), 3, "and below all of them"),
        (score("system", wrong=1), 1, "one wrong value is too many"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_total_reaches_the_targets_of_its_kind(given: Score, short: int, why: str) -> None:
    assert len(shortfalls(given)) == short, why


def test_the_line_of_a_folder_shows_shares_and_what_is_wrong() -> None:
    shares = ["99.0", "%", *["100.0", "%"] * 3]
    assert score(wrong=1, structure=99).line().split() == ["folder", "100", "100", *shares, "0", "1", "0", "0"]


def test_folders_of_one_kind_count_together() -> None:
    whole = total("all", [score(dags=1, everything=0), score(dags=99)])
    assert (whole.dags, whole.right["everything"], shortfalls(whole)) == (100, 99, [])


def test_a_fault_tells_every_reason_in_a_value_without_its_line() -> None:
    ours = {"a": [{"unknown": "line 3: depends on the time"}, {"unknown": "at run time: or later"}]}
    assert Fault("f.py", "d.t", "unknown task.fields", {}, ours).reasons() == [
        "at run time: or later",
        "depends on the time",
    ]
