"""How many launches are asked for at once: what makes the bound grow, and what lowers it."""

from __future__ import annotations

import pytest

from goflow.domain.clock import VirtualClock
from goflow.executor.pressure import FIRST, LONGEST_PAUSE_S, Pressure
from goflow.telemetry import metrics
from tests.stores import START

QUICK, SLOW = 0.01, 3.0


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def pressure(clock: VirtualClock) -> Pressure:
    return Pressure(clock, most=64)


def launch(pressure: Pressure, times: int, seconds: float = QUICK) -> None:
    """So many launches, each with as many beside it as may be."""
    for _ in range(times):
        pressure.succeeded(seconds, pressure.limit)


def test_it_grows_with_each_launch_until_one_is_too_slow_and_then_by_one_a_round(pressure, clock):
    launch(pressure, 36)
    assert pressure.limit == FIRST + 36
    launch(pressure, 1, SLOW)
    assert pressure.limit == 20
    launch(pressure, 22)
    assert pressure.limit == 21
    launch(pressure, 5000)
    assert pressure.limit == 64, "and never beyond the most"


def test_launches_that_leave_room_say_nothing_of_what_more_would_do(pressure):
    for _ in range(50):
        pressure.succeeded(QUICK, 1)
    assert pressure.limit == FIRST


def test_slow_launches_that_were_under_way_together_lower_it_once(pressure, clock):
    launch(pressure, 60)
    launch(pressure, 10, SLOW)
    assert pressure.limit == 32
    clock.advance(1.5)
    launch(pressure, 10, SLOW)
    assert pressure.limit == 16


def test_where_every_launch_takes_long_that_is_not_slow(pressure):
    launch(pressure, 10, 0.9)
    launch(pressure, 10, 4.0)
    assert pressure.limit > FIRST


def test_what_was_quiet_long_ago_is_forgotten(pressure, clock):
    """A server that has become slower for good is not held against what it once was."""
    launch(pressure, 60, 0.2)
    for _ in range(2600):
        clock.advance(1)
        pressure.succeeded(2.0, pressure.limit)
    assert pressure.limit > 32


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then(pressure, clock):
    launch(pressure, 12)
    before = metrics.LAUNCH_THROTTLED_SECONDS._value.get()
    pressure.throttled(7.0)
    pressure.throttled(5.0)
    assert (pressure.limit, pressure.pause_s()) == (8, 7.0)
    assert not pressure.has_room(0)
    clock.advance(7.1)
    assert pressure.has_room(7)
    assert not pressure.has_room(8)
    assert metrics.LAUNCH_THROTTLED_SECONDS._value.get() - before == pytest.approx(7.0), "counted once"


def test_a_server_that_is_away_is_asked_by_one_alone_and_less_and_less_often(pressure, clock):
    launch(pressure, 60)
    pauses = []
    for _ in range(8):
        for _ in range(3):  # those that were under way together
            pause = pressure.away()
        pauses.append(pause)
        clock.advance(pause + 0.01)
        assert pressure.has_room(0)
        assert not pressure.has_room(1)
    assert pauses[0] < pauses[1] < pauses[2]
    assert max(pauses) <= LONGEST_PAUSE_S * 1.2, "it is back within seconds, however long it was away"
    launch(pressure, 10)
    assert pressure.limit == 11, "and then it grows quickly"
