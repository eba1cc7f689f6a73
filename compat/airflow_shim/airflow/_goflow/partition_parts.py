"""Partition mappers, windows and wait policies. Nothing asks them in a task's process: they hold what they were made
with, which is what the scheduler is told of them."""

import enum


class _Words(type):
    """Constants of a part, by their names."""

    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return _Words(name, (), {})


class Part(metaclass=_Words):
    """A part of a timetable."""

    def __init__(self, *args, **kwargs):
        self._args, self._kwargs = args, kwargs


class PartitionMapper(Part):
    """What makes keys of keys."""


class Window(Part):
    """What makes up a period."""

    class Direction(str, enum.Enum):
        """Which period a key stands for: the one that begins with it, or that ends with it."""

        BACKWARD = "backward"
        FORWARD = "forward"


class WaitPolicy(Part):
    """How much a run waits for."""


_KINDS = {
    PartitionMapper: "AllowedKeyMapper ChainMapper FanOutMapper FixedKeyMapper IdentityMapper ProductMapper "
    "RollupMapper StartOfDayMapper StartOfHourMapper StartOfMonthMapper StartOfQuarterMapper StartOfWeekMapper "
    "StartOfYearMapper",
    Window: "DayWindow HourWindow MonthWindow QuarterWindow SegmentWindow WeekWindow YearWindow",
    WaitPolicy: "MinimumCount WaitForAll",
}
for _base, _names in _KINDS.items():
    for _name in _names.split():
        _members = {"__module__": __name__, "__doc__": "Holds what it was made with."}
        globals()[_name] = _Words(_name, (_base,), _members)
