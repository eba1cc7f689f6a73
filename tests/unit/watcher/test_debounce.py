"""When many events become one hint, in virtual time."""

from __future__ import annotations

import pytest

from goflow.watcher import Debouncer


@pytest.mark.parametrize(
    ("seen", "now", "expected"),
    [
        ([0.0], 0.0, 1.0),
        ([0.0], 0.4, 0.6),
        ([0.0], 1.0, 0.0),
        ([0.0], 7.0, 0.0),
        ([0.0, 0.9], 1.0, 0.9),
        ([0.0, 0.9, 1.8, 2.7, 3.6, 4.5], 4.6, 0.4),
        ([0.0, 0.9, 1.8, 2.7, 3.6, 4.5, 5.4], 5.4, 0.0),
    ],
    ids=["just now", "a moment ago", "quiet", "long ago", "again", "never quiet", "long enough"],
)
def test_it_is_told_when_it_is_quiet_or_when_it_never_gets_quiet(
    seen: list[float], now: float, expected: float
) -> None:
    debouncer = Debouncer(quiet_s=1.0, longest_s=5.0)
    assert not debouncer.waiting
    for moment in seen:
        debouncer.saw(moment)
    assert debouncer.waiting
    assert debouncer.wait_s(now) == pytest.approx(expected)


def test_what_was_told_is_over() -> None:
    debouncer = Debouncer(quiet_s=1.0, longest_s=5.0)
    debouncer.saw(0.0)
    debouncer.told()
    assert not debouncer.waiting
    debouncer.saw(10.0)
    assert debouncer.wait_s(10.0) == pytest.approx(1.0)
