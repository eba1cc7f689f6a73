"""The base of timetables and what they speak of. Those by assets hold what they were made with and no more; the others
of Airflow's own are in `timetable_classes`."""

from typing import Any, NamedTuple


class DataInterval(NamedTuple):
    """From START to END."""

    start: Any
    end: Any

    @classmethod
    def exact(cls, at):
        """A moment."""
        return cls(at, at)


class TimeRestriction(NamedTuple):
    """When runs may be planned."""

    earliest: Any
    latest: Any
    catchup: bool


class DagRunInfo(NamedTuple):
    """A planned run."""

    run_after: Any
    data_interval: Any
    partition_date: Any = None
    partition_key: Any = None

    @classmethod
    def interval(cls, start, end):
        """For an interval: it may begin at its end."""
        return cls(end, DataInterval(start, end))

    @classmethod
    def exact(cls, at):
        """For a moment."""
        return cls(at, DataInterval.exact(at))

    @property
    def logical_date(self):
        """The interval's start."""
        return None if self.data_interval is None else self.data_interval.start


class Timetable:
    """The base of all, an author's own too."""

    periodic = can_be_scheduled = True
    partitioned = partitioned_at_runtime = False
    run_ordering = ("data_interval_end", "logical_date")
    description = ""
    active_runs_limit = None

    def __init__(self, *args, **kwargs):
        self._args, self._kwargs = args, kwargs

    @property
    def summary(self):
        """A short text."""
        return str(self._args[0]) if self.__dict__.get("_args") else type(self).__name__

    @property
    def type_name(self):
        """What it is called: Airflow's own by their class, others with their module too."""
        kind = type(self)
        return kind.__name__ if kind.__module__.startswith("airflow.") else f"{kind.__module__}.{kind.__qualname__}"

    def serialize(self):
        """As a map."""
        return {}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls()

    def validate(self):
        """Nothing to say."""

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """The run that comes after the last one by schedule; None: there is none."""
        raise NotImplementedError

    def next_dagrun_info_v2(self, *, last_dagrun_info, restriction):
        """The same by Airflow 3.3's newer way, for timetables that know partitions."""
        last = None if last_dagrun_info is None else last_dagrun_info.data_interval
        return self.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)

    def resolve_partition_date(self, partition_key):
        """The moment that the key of a partition stands for; None: for none."""
        if partition_key is None or not self.partitioned or self.partitioned_at_runtime:
            return None
        return self._decode_partition_date(partition_key)

    def _decode_partition_date(self, partition_key):
        """The same where there are partitions; an author's own timetable may say it."""
        return

    def infer_manual_data_interval(self, *, run_after):
        """The data interval of a run that is started by hand at RUN_AFTER."""
        raise NotImplementedError

    def generate_run_id(self, *, run_type, run_after=None, logical_date=None, data_interval=None, **extra):
        """The id of a run: Airflow 3 writes RUN_AFTER into it, Airflow 2 the logical date."""
        return run_type.generate_run_id(suffix=(run_after or logical_date).isoformat())


BaseTimetable = Timetable
MADE = frozenset(
    {
        *("_args", "_kwargs", "_expression", "_timezone", "_delta", "_interval", "_run_immediately", "_timetables"),
        *("_run_offset", "_key_format", "_summary", "description", "timetable", "event_dates", "restrict_to_events"),
    }
)
"""Attributes in which Airflow's own classes keep what they were made with."""


class AssetTriggeredTimetable(Timetable):
    """By events of assets: it holds what it was made with."""


class PartitionedAssetTimetable(AssetTriggeredTimetable):
    """By events of partitions of assets."""

    partitioned = True

    def get_partition_mapper(self, *, name="", uri=""):
        """The mapper of an asset: by its name, and by its URI only where it has none."""
        names = ("assets", "partition_mapper_config", "default_partition_mapper")
        given = {**dict(zip(names, self._args, strict=False)), **self._kwargs}
        field, wanted = ("name", name) if name else ("uri", uri)
        mappers = given.get("partition_mapper_config") or {}
        found = [mapper for asset, mapper in mappers.items() if getattr(asset, field, None) == wanted]
        if found or given.get("default_partition_mapper") is not None:
            return found[-1] if found else given["default_partition_mapper"]
        from airflow._goflow.partition_mappers import IdentityMapper

        return IdentityMapper()


class PartitionedAtRuntime(Timetable):
    """By hand alone; partitions are known at run time."""

    can_be_scheduled = False
    partitioned_at_runtime = True


DatasetTriggeredTimetable = AssetTriggeredTimetable
