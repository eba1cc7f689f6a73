"""Which members make up a period, and how many of them a run waits for (``airflow.partition_mappers.window`` and
``.wait_policy``): a day is 24 hours, a quarter three months, a set of segments itself.

Windows work on what a mapper has decoded, a datetime without a zone or a text; they know no keys.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

Decoded = Any
"""What a mapper makes of a key: a datetime for those that know time, else the key itself."""
_Step = Callable[[dt.datetime, int], dt.datetime]


def _months(at: dt.datetime, months: int) -> dt.datetime:
    """The same first day so many MONTHS later."""
    total = at.month - 1 + months
    return at.replace(year=at.year + total // 12, month=total % 12 + 1)


def _of(unit: str) -> _Step:
    return lambda at, count: at + dt.timedelta(**{unit: count})


_COUNTED: Mapping[str, tuple[int, _Step]] = {
    "HourWindow": (60, _of("minutes")),
    "DayWindow": (24, _of("hours")),
    "WeekWindow": (7, _of("days")),
    "QuarterWindow": (3, _months),
    "YearWindow": (12, _months),
}
"""How many members a period has, and how to get from one to another."""
_BY_MONTHS = frozenset({"MonthWindow", "QuarterWindow", "YearWindow"})
TIME_WINDOWS = frozenset({*_COUNTED, "MonthWindow"})
WINDOWS = TIME_WINDOWS | {"SegmentWindow"}
"""Airflow's own windows by their names."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window of Airflow's by its class NAME; BACKWARD: the members end with the period's start. SEGMENTS are those of
    a ``SegmentWindow``, which asks for no time."""

    name: str
    backward: bool = False
    segments: tuple[str, ...] = ()

    @property
    def by_time(self) -> bool:
        """Whether it works on datetimes; else on texts."""
        return self.name in TIME_WINDOWS

    def members(self, period: Decoded) -> list[Decoded]:
        """What makes up PERIOD. Raises an error for what is no such period."""
        if self.name == "SegmentWindow":
            return list(self.segments)
        if self.name in _BY_MONTHS and period.day != 1:
            raise ValueError(f"{self.name} expects the first day of a month, not {period.isoformat()}")
        if self.name == "MonthWindow":
            return self._days_of_month(period)
        count, step = _COUNTED[self.name]
        first = step(period, 1 - count) if self.backward else period
        return [step(first, number) for number in range(count)]

    def _days_of_month(self, period: dt.datetime) -> list[dt.datetime]:
        """Backwards these are the days since the last month's first, that of PERIOD included."""
        if self.backward:
            first = _months(period, -1)
            return [first + dt.timedelta(days=number + 1) for number in range((period - first).days)]
        return [period + dt.timedelta(days=number) for number in range((_months(period, 1) - period).days)]


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """How many of a window's keys must be there: LEAST of them (``MinimumCount``; below zero: all but so many), None:
    all (``WaitForAll``)."""

    least: int | None = None

    def is_met(self, there: Collection[str], expected: Collection[str]) -> bool:
        """Whether the keys that are THERE are enough of those EXPECTED."""
        found = len(set(there) & set(expected))
        if self.least is None:
            return found == len(expected)
        if self.is_out_of_reach(expected):
            return False
        return found >= (self.least if self.least > 0 else max(0, len(expected) + self.least))

    def is_out_of_reach(self, expected: Collection[str]) -> bool:
        """Whether it asks for more keys than the window has."""
        return self.least is not None and self.least > len(expected)
