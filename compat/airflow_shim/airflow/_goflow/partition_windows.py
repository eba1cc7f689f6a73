"""Airflow's own windows: what makes up a period, in a mapper's decoded form."""

import datetime as dt

from airflow._goflow.partition_parts import Window


def _months_later(at, months):
    total = at.month - 1 + months
    return at.replace(year=at.year + total // 12, month=total % 12 + 1)


def _later(**unit):
    ((name, size),) = unit.items()
    return lambda at, count: at + dt.timedelta(**{name: size * count})


class _Time(Window):
    """So many steps from a moment, or up to it."""

    expected_decoded_type = dt.datetime
    by_months = False

    def to_upstream(self, period_start):
        """The moments that make up the period."""
        if self.by_months and period_start.day != 1:
            raise ValueError(f"{type(self).__name__} expects the first day of a month, got {period_start.isoformat()}")
        return self._members(period_start)

    def _members(self, start):
        first = self._step(start, 1 - self._count) if self.direction is Window.Direction.BACKWARD else start
        return [self._step(first, number) for number in range(self._count)]


class HourWindow(_Time):
    """Sixty minutes."""

    _count, _step = 60, staticmethod(_later(minutes=1))


class DayWindow(_Time):
    """Twenty-four hours."""

    _count, _step = 24, staticmethod(_later(hours=1))


class WeekWindow(_Time):
    """Seven days."""

    _count, _step = 7, staticmethod(_later(days=1))


class MonthWindow(_Time):
    """The days of a month; backwards those since the first of the month before."""

    by_months = True

    def _members(self, start):
        day = dt.timedelta(days=1)
        if self.direction is Window.Direction.BACKWARD:
            before = _months_later(start, -1)
            return [before + day * (number + 1) for number in range((start - before).days)]
        return [start + day * number for number in range((_months_later(start, 1) - start).days)]


class QuarterWindow(_Time):
    """Three months."""

    by_months = True
    _count, _step = 3, staticmethod(_months_later)


class YearWindow(_Time):
    """Twelve months."""

    by_months = True
    _count, _step = 12, staticmethod(_months_later)


class SegmentWindow(Window):
    """A set of keys, whatever the period."""

    def __init__(self, segments):
        found = list(segments)
        if not found or not all(isinstance(one, str) and one for one in found):
            raise ValueError("SegmentWindow requires segment keys: texts that are not empty")
        super().__init__()
        self._segments = frozenset(found)

    def to_upstream(self, decoded_downstream):
        """All of them."""
        return self._segments

    def serialize(self):
        """As a map."""
        return {"segments": sorted(self._segments)}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls(data["segments"])
