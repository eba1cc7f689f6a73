"""Timetables: here they hold what they were made with; runs are planned elsewhere."""


class Timetable:
    """The base of all, an author's own too."""

    periodic = can_be_scheduled = True
    run_ordering = ("data_interval_end", "logical_date")
    description = ""
    active_runs_limit = None

    def __init__(self, *args, **kwargs):
        self._args, self._kwargs = args, kwargs

    @property
    def summary(self):
        """A short text."""
        return str(self._args[0]) if self.__dict__.get("_args") else type(self).__name__

    def serialize(self):
        """As a map."""
        return {}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls()

    def validate(self):
        """Nothing to say."""


BaseTimetable = Timetable
_NAMES = (
    "CronDataIntervalTimetable",
    "CronTriggerTimetable",
    "DeltaDataIntervalTimetable",
    "DeltaTriggerTimetable",
    "MultipleCronTriggerTimetable",
    "AssetOrTimeSchedule",
    "NullTimetable",
    "OnceTimetable",
    "ContinuousTimetable",
    "EventsTimetable",
    "AssetTriggeredTimetable",
    "CronPartitionTimetable",
    "PartitionedAssetTimetable",
    "PartitionedAtRuntime",
)
_PARTS = (
    "AllowedKeyMapper",
    "ChainMapper",
    "FanOutMapper",
    "FixedKeyMapper",
    "IdentityMapper",
    "PartitionMapper",
    "ProductMapper",
    "RollupMapper",
    "StartOfDayMapper",
    "StartOfHourMapper",
    "StartOfMonthMapper",
    "StartOfQuarterMapper",
    "StartOfWeekMapper",
    "StartOfYearMapper",
    "DayWindow",
    "HourWindow",
    "MonthWindow",
    "QuarterWindow",
    "SegmentWindow",
    "WeekWindow",
    "YearWindow",
    "Window",
    "MinimumCount",
    "WaitForAll",
)


class _Words(type):
    """Constants of a part, by their names."""

    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return _Words(name, (), {})


class _Part(metaclass=_Words):
    """A part of a timetable: it holds what it was made with."""

    def __init__(self, *args, **kwargs):
        self._args, self._kwargs = args, kwargs


for _name in _NAMES:
    globals()[_name] = type(_name, (Timetable,), {"__module__": __name__, "__doc__": "Holds what it was made with."})
for _name in _PARTS:
    globals()[_name] = _Words(_name, (_Part,), {"__module__": __name__, "__doc__": "Holds what it was made with."})
DatasetOrTimeSchedule = globals()["AssetOrTimeSchedule"]
DatasetTriggeredTimetable = globals()["AssetTriggeredTimetable"]


class DataInterval:
    """From START to END."""

    def __init__(self, start, end):
        self.start, self.end = start, end

    @classmethod
    def exact(cls, at):
        """A moment."""
        return cls(at, at)

    def __eq__(self, other):
        return isinstance(other, DataInterval) and (self.start, self.end) == (other.start, other.end)

    __hash__ = None


class DagRunInfo:
    """A planned run."""

    def __init__(self, *, run_after=None, data_interval=None, **kwargs):
        self.run_after, self.data_interval = run_after, data_interval

    @classmethod
    def interval(cls, start, end):
        """For an interval."""
        return cls(run_after=end, data_interval=DataInterval(start, end))

    @classmethod
    def exact(cls, at):
        """For a moment."""
        return cls(run_after=at, data_interval=DataInterval.exact(at))

    @property
    def logical_date(self):
        """The interval's start."""
        return self.data_interval.start


class TimeRestriction:
    """When runs may be planned."""

    def __init__(self, earliest, latest, catchup):
        self.earliest, self.latest, self.catchup = earliest, latest, catchup
