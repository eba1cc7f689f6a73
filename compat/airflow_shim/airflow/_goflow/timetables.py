"""Timetables: here they only hold what they were made with; runs are planned elsewhere."""


class Timetable:
    """Base of all, the author's own too."""

    def __init__(self, *args, **kwargs):
        self.arguments = args, kwargs


class CronDataIntervalTimetable(Timetable):
    """Cron with data intervals."""


class CronTriggerTimetable(Timetable):
    """Cron as a trigger."""


class DeltaDataIntervalTimetable(Timetable):
    """A delta with data intervals."""


class DeltaTriggerTimetable(Timetable):
    """A delta as a trigger."""


class MultipleCronTriggerTimetable(Timetable):
    """Several crons."""


class AssetOrTimeSchedule(Timetable):
    """Assets or time."""


class DatasetOrTimeSchedule(Timetable):
    """Datasets or time."""


class AssetTriggeredTimetable(Timetable):
    """Assets."""


class NullTimetable(Timetable):
    """By hand only."""


class OnceTimetable(Timetable):
    """Once."""


class ContinuousTimetable(Timetable):
    """Again and again."""


class EventsTimetable(Timetable):
    """At given moments."""


class DataInterval:
    """From START to END."""

    def __init__(self, start, end):
        self.start, self.end = start, end

    @classmethod
    def exact(cls, at):
        """A moment."""
        return cls(at, at)


class DagRunInfo:
    """A planned run."""

    def __init__(self, *, run_after=None, data_interval=None):
        self.run_after, self.data_interval = run_after, data_interval

    @classmethod
    def interval(cls, start, end):
        """For an interval."""
        return cls(run_after=end, data_interval=DataInterval(start, end))

    @classmethod
    def exact(cls, at):
        """For a moment."""
        return cls(run_after=at, data_interval=DataInterval.exact(at))


class TimeRestriction:
    """When runs may be planned."""

    def __init__(self, earliest, latest, catchup):
        self.earliest, self.latest, self.catchup = earliest, latest, catchup
