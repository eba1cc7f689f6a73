"""Partition mappers and windows as authors write them, under Airflow and under the shim.

Real Airflow knows such classes by a plugin alone: ``ask_airflow_mappers.py`` is one.
"""

import datetime as dt

from airflow.partition_mappers.base import PartitionMapper, RollupMapper
from airflow.partition_mappers.chain import ChainMapper
from airflow.partition_mappers.identity import IdentityMapper
from airflow.partition_mappers.temporal import StartOfDayMapper, StartOfQuarterMapper, StartOfWeekMapper
from airflow.partition_mappers.window import DayWindow, Window

MONDAY = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017 - as in Python 3.10


class Lower(PartitionMapper):
    """Keys in small letters, with something before them; as the scheduler has it, by what it was made with."""

    def __init__(self, prefix="", **kwargs):
        super().__init__(**kwargs)
        self.prefix = prefix

    def to_downstream(self, key):
        return f"{self.prefix}{key.lower()}"

    def serialize(self):
        return {**super().serialize(), "prefix": self.prefix}

    @classmethod
    def deserialize(cls, data):
        return cls(data["prefix"], max_downstream_keys=data.get("max_downstream_keys"))


class Forgetful(PartitionMapper):
    """It does not say what it was made with, so the scheduler has it with its defaults."""

    def __init__(self, suffix="-default", *, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.suffix = suffix

    def to_downstream(self, key):
        return key + self.suffix


class Parts(PartitionMapper):
    """A key for each part between dashes, more than once if it stands there so; ``/`` makes it raise."""

    def to_downstream(self, key):
        if "/" in key:
            raise ValueError(key)
        return (part for part in key.split("-"))

    def to_partition_date(self, downstream_key):
        return MONDAY if downstream_key.isdigit() else None


class Nameless(PartitionMapper):
    """No text becomes of a key."""

    def to_downstream(self, key):
        return None


class Zoneless(PartitionMapper):
    """Its dates raise."""

    def to_downstream(self, key):
        return key

    def to_partition_date(self, downstream_key):
        raise LookupError(downstream_key)


class Weeks(PartitionMapper):
    """Weeks by number since a Monday, of days: it knows time for a window of time."""

    expected_decoded_type = dt.datetime

    def to_downstream(self, key):
        return str((dt.datetime.fromisoformat(key[:10]) - MONDAY.replace(tzinfo=None)).days // 7)

    def decode_downstream(self, downstream_key):
        return MONDAY.replace(tzinfo=None) + dt.timedelta(weeks=int(downstream_key))

    def encode_upstream(self, decoded):
        return decoded.strftime("%Y-%m-%d")

    def to_partition_date(self, downstream_key):
        return MONDAY + dt.timedelta(weeks=int(downstream_key))


class Noon(StartOfDayMapper):
    """One of Airflow's with another start."""

    def normalize(self, at):
        return super().normalize(at).replace(hour=12)


class FromFebruary(StartOfQuarterMapper):
    """Quarters that are said otherwise."""

    def format(self, at):
        return super().format(at).replace("Q", "q")

    def decode_downstream(self, downstream_key):
        return super().decode_downstream(downstream_key.replace("q", "Q"))


class Sundays(StartOfWeekMapper):
    """Weeks from Sunday."""

    def normalize(self, at):
        return super().normalize(at + dt.timedelta(days=1)) - dt.timedelta(days=1)


class Twice(ChainMapper):
    """One of Airflow's that is made of others."""

    def to_downstream(self, key):
        return super().to_downstream(super().to_downstream(key))


class Hours(DayWindow):
    """Every sixth hour of a day."""

    def to_upstream(self, period_start):
        return [at for at in super().to_upstream(period_start) if at.hour % 6 == 0]


class Letters(Window):
    """As many letters as it was told, whatever the period."""

    def __init__(self, count):
        super().__init__()
        self.count = count

    def to_upstream(self, decoded_downstream):
        return ["abcdef"[place] for place in range(self.count)]

    def serialize(self):
        return {"count": self.count}

    @classmethod
    def deserialize(cls, data):
        return cls(data["count"])


class Most(RollupMapper):
    """A rollup that lets some of its window go."""

    def to_upstream(self, downstream_key):
        return frozenset(sorted(super().to_upstream(downstream_key))[1:])


class Same(IdentityMapper):
    """Nothing of its own: what it hands on is Airflow's."""


PARTITION_MAPPERS = [
    Lower, Forgetful, Parts, Nameless, Zoneless, Weeks, Noon, FromFebruary, Sundays, Twice, Most, Same,
]  # fmt: skip
WINDOWS = [Hours, Letters]
