"""What a trigger runner gives back when others have less."""

from __future__ import annotations

import pytest

from goflow.triggers.shares import Share, surplus


def share(name: str, has: int, most: int = 1000, *, heard: bool = True) -> Share:
    return Share(name, has, most, heard)


@pytest.mark.parametrize(
    ("mine", "others", "total", "given"),
    [
        pytest.param(200, [share("b", 0)], 200, 100, id="one that comes back gets its half"),
        pytest.param(200, [share("b", 0), share("c", 0)], 200, 133, id="two get a third each"),
        pytest.param(100, [share("b", 100)], 200, 0, id="who has its share keeps it"),
        pytest.param(0, [share("b", 200)], 200, 0, id="who has less gives nothing"),
        pytest.param(200, [], 200, 0, id="alone it keeps all"),
        pytest.param(12, [share("b", 8)], 20, 0, id="little more than a share is not worth a move"),
        pytest.param(3, [share("b", 0)], 3, 0, id="nor is one of three"),
        pytest.param(4, [share("b", 0)], 4, 2, id="two of four are"),
        pytest.param(200, [share("b", 0, heard=False)], 200, 0, id="one that is not heard gets none"),
        pytest.param(200, [share("b", 0, most=30)], 200, 30, id="no more than it can have"),
        pytest.param(
            150, [share("b", 0, most=60), share("c", 0, heard=False)], 200, 10, id="what nobody has fills it first"
        ),
        pytest.param(150, [share("b", 0)], 300, 0, id="so that nothing has to move"),
    ],
)
def test_what_others_are_to_get(mine: int, others: list[Share], total: int, given: int) -> None:
    assert surplus("a", [share("a", mine), *others], total) == given
