"""Airflow's own partition mappers: what authors derive theirs from, or put theirs into.

The scheduler follows these by itself; here they answer where an author's own is among them.
"""

import datetime as dt
import re

from airflow._goflow import timezone as zones
from airflow._goflow.partition_parts import PartitionMapper, WaitForAll, decoded, encoded, with_most


class IdentityMapper(PartitionMapper):
    """Leaves keys as they are."""

    def to_downstream(self, key):
        """KEY."""
        return key

    def carry_partition_date(self, source_partition_date):
        """The same moment."""
        return source_partition_date


class AllowedKeyMapper(PartitionMapper):
    """Takes certain keys alone."""

    def __init__(self, allowed_keys, *, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.allowed_keys = allowed_keys

    def to_downstream(self, key):
        """KEY, if it is allowed."""
        if key not in self.allowed_keys:
            raise ValueError(f"Key {key!r} not in allowed keys {self.allowed_keys}")
        return key

    def serialize(self):
        """As a map."""
        return with_most(self, {"allowed_keys": self.allowed_keys})

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls(allowed_keys=data["allowed_keys"], max_downstream_keys=data.get("max_downstream_keys"))


class FixedKeyMapper(PartitionMapper):
    """One key for all."""

    def __init__(self, downstream_key, *, max_downstream_keys=None):
        if not downstream_key or not isinstance(downstream_key, str):
            raise ValueError(f"FixedKeyMapper downstream_key must be a non-empty str; got {downstream_key!r}.")
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.downstream_key = downstream_key

    def to_downstream(self, key):
        """The one."""
        return self.downstream_key

    def serialize(self):
        """As a map."""
        return with_most(self, {"downstream_key": self.downstream_key})

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls(data["downstream_key"], max_downstream_keys=data.get("max_downstream_keys"))


class _Several(PartitionMapper):
    """Made of others."""

    def __init__(self, mapper0, mapper1, /, *mappers, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.mappers = [mapper0, mapper1, *mappers]

    def serialize(self):
        """As a map."""
        return with_most(self, {"mappers": [encoded(mapper) for mapper in self.mappers]})

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        mappers = [decoded(one) for one in data["mappers"]]
        return cls(*mappers, max_downstream_keys=data.get("max_downstream_keys"))


class ChainMapper(_Several):
    """One after the other."""

    def to_downstream(self, key):
        """What the last one makes."""
        keys = [key]
        for mapper in self.mappers:
            keys = [made for one in keys for made in self._texts(mapper, mapper.to_downstream(one))]
        return keys[0] if len(keys) == 1 else keys

    def to_partition_date(self, downstream_key):
        """The last one has made the key."""
        return self.mappers[-1].to_partition_date(downstream_key)

    @staticmethod
    def _texts(mapper, made):
        if isinstance(made, str):
            return [made]
        found = list(made)
        if not all(isinstance(one, str) for one in found):
            raise TypeError(f"{type(mapper).__name__} made a key that is no text")
        return found


class ProductMapper(_Several):
    """Each segment of a key by a mapper of its own."""

    def __init__(self, mapper0, mapper1, /, *mappers, delimiter="|", max_downstream_keys=None):
        super().__init__(mapper0, mapper1, *mappers, max_downstream_keys=max_downstream_keys)
        self.delimiter = delimiter

    def to_downstream(self, key):
        """The segments, each mapped."""
        segments = key.split(self.delimiter)
        if len(segments) != len(self.mappers):
            raise ValueError(f"Expected {len(self.mappers)} segments in key, got {len(segments)}")
        made = [mapper.to_downstream(one) for mapper, one in zip(self.mappers, segments, strict=True)]
        if not all(isinstance(one, str) for one in made):
            raise TypeError("ProductMapper child mappers must return a single key")
        return self.delimiter.join(made)

    def to_partition_date(self, downstream_key):
        """That of the one segment that has one."""
        segments = downstream_key.split(self.delimiter)
        if len(segments) != len(self.mappers):
            return None
        dates = [mapper.to_partition_date(one) for mapper, one in zip(self.mappers, segments, strict=True)]
        found = [date for date in dates if date is not None]
        return found[0] if len(found) == 1 else None

    def serialize(self):
        """As a map."""
        return {"delimiter": self.delimiter, **super().serialize()}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        mappers, more = [decoded(one) for one in data["mappers"]], {"delimiter": data.get("delimiter", "|")}
        return cls(*mappers, **more, max_downstream_keys=data.get("max_downstream_keys"))


class RollupMapper(PartitionMapper):
    """Waits for the keys of a whole window."""

    is_rollup = True

    def __init__(self, *, upstream_mapper, window, wait_policy=None, max_downstream_keys=None):
        if upstream_mapper.expected_decoded_type is not window.expected_decoded_type:
            expects, decodes = window.expected_decoded_type.__name__, upstream_mapper.expected_decoded_type.__name__
            raise TypeError(
                f"{type(window).__name__} expects decoded values of type {expects!r}, but "
                f"{type(upstream_mapper).__name__} decodes to {decodes!r}"
            )
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.upstream_mapper, self.window = upstream_mapper, window
        self.wait_policy = WaitForAll() if wait_policy is None else wait_policy

    def to_downstream(self, key):
        """The key of the window that KEY lies in."""
        return self.upstream_mapper.to_downstream(key)

    def to_upstream(self, downstream_key):
        """The keys of events that make up the window."""
        members = self.window.to_upstream(self.upstream_mapper.decode_downstream(downstream_key))
        return frozenset(self.upstream_mapper.encode_upstream(member) for member in members)

    def to_partition_date(self, downstream_key):
        """The window's start."""
        return self.upstream_mapper.to_partition_date(downstream_key)

    def serialize(self):
        """As a map."""
        parts = {name: encoded(getattr(self, name)) for name in ("upstream_mapper", "window", "wait_policy")}
        return with_most(self, parts)

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        parts = {name: decoded(data[name]) for name in ("upstream_mapper", "window", "wait_policy")}
        return cls(**parts, max_downstream_keys=data.get("max_downstream_keys"))


class _Temporal(PartitionMapper):
    """To the start of the period that a key lies in."""

    expected_decoded_type = dt.datetime

    def __init__(
        self, *, timezone="UTC", input_format="%Y-%m-%dT%H:%M:%S", output_format=None, max_downstream_keys=None
    ):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.input_format, self.output_format = input_format, output_format or self.default_output_format
        self._timezone = zones.parse_timezone(timezone) if isinstance(timezone, str) else timezone

    def to_downstream(self, key):
        """The start of KEY's period."""
        at = dt.datetime.strptime(key, self.input_format)
        at = zones.make_aware(at, self._timezone) if at.tzinfo is None else at.astimezone(self._timezone)
        return self.format(self.normalize(at))

    def format(self, at):
        """A start as a key."""
        return at.strftime(self.output_format)

    def decode_downstream(self, downstream_key):
        """The start, of a key."""
        return dt.datetime.strptime(downstream_key, self.output_format)

    def encode_upstream(self, at):
        """A moment as the keys of events are."""
        plain = at if at.tzinfo is None else at.astimezone(self._timezone).replace(tzinfo=None)
        return zones.make_aware(plain, self._timezone).strftime(self.input_format)

    def to_partition_date(self, downstream_key):
        """The moment at which the period begins."""
        at = self.normalize(self.decode_downstream(downstream_key))
        return zones.make_aware(at, self._timezone) if at.tzinfo is None else at

    def serialize(self):
        """As a map."""
        from airflow._goflow.timetable_classes import zone_text

        formats = {"input_format": self.input_format, "output_format": self.output_format}
        return with_most(self, {"timezone": zone_text(self._timezone), **formats})

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        given = {name: data[name] for name in ("input_format", "output_format")}
        zone = zones.parse_timezone(data.get("timezone", "UTC"))
        return cls(timezone=zone, **given, max_downstream_keys=data.get("max_downstream_keys"))


class StartOfHourMapper(_Temporal):
    """To the hour."""

    default_output_format = "%Y-%m-%dT%H"

    def normalize(self, at):
        """The hour of AT."""
        return at.replace(minute=0, second=0, microsecond=0)


class StartOfDayMapper(_Temporal):
    """To the day."""

    default_output_format = "%Y-%m-%d"

    def normalize(self, at):
        """The day of AT."""
        return at.replace(hour=0, minute=0, second=0, microsecond=0)


class _ReadBack(_Temporal):
    """Of keys that ``strptime`` cannot read: the format becomes a pattern."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._key_pattern = _pattern(self.output_format, self._placeholders)

    def decode_downstream(self, downstream_key):
        """The start, of a key."""
        found = self._key_pattern.search(downstream_key)
        if found is None or not self._needed <= found.groupdict().keys():
            raise ValueError(f"{type(self).__name__} cannot read {downstream_key!r} by {self.output_format!r}")
        return self._start({name: int(text) for name, text in found.groupdict().items() if name in self._needed})


class StartOfWeekMapper(_ReadBack):
    """To the Monday of the week."""

    default_output_format = "%Y-%m-%d (W%V)"
    _placeholders, _needed = {}, {"Y", "m", "d"}

    def normalize(self, at):
        """The Monday of AT."""
        return (at - dt.timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)

    @staticmethod
    def _start(parts):
        return dt.datetime(parts["Y"], parts["m"], parts["d"])


class StartOfMonthMapper(_Temporal):
    """To the month."""

    default_output_format = "%Y-%m"

    def normalize(self, at):
        """The month of AT."""
        return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


class StartOfQuarterMapper(_ReadBack):
    """To the quarter."""

    default_output_format = "%Y-Q{quarter}"
    _placeholders, _needed = {"quarter": "[1-4]"}, {"Y", "quarter"}

    def normalize(self, at):
        """The quarter of AT."""
        month = (at.month - 1) // 3 * 3 + 1
        return at.replace(month=month, day=1, hour=0, minute=0, second=0, microsecond=0)

    def format(self, at):
        """A start as a key."""
        return at.strftime(self.output_format).format(quarter=(at.month - 1) // 3 + 1)

    @staticmethod
    def _start(parts):
        return dt.datetime(parts["Y"], parts["quarter"] * 3 - 2, 1)


class StartOfYearMapper(_Temporal):
    """To the year."""

    default_output_format = "%Y"

    def normalize(self, at):
        """The year of AT."""
        return at.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)


class FanOutMapper(PartitionMapper):
    """A run for each member of a window."""

    default_downstream_mapper_by_window_name = {
        "DayWindow": StartOfHourMapper,
        "WeekWindow": StartOfDayMapper,
        "MonthWindow": StartOfDayMapper,
        "QuarterWindow": StartOfMonthMapper,
        "YearWindow": StartOfMonthMapper,
    }

    def __init__(self, *, upstream_mapper, window, downstream_mapper=None, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.upstream_mapper, self.window = upstream_mapper, window
        self.downstream_mapper = self._default(window) if downstream_mapper is None else downstream_mapper

    @classmethod
    def _default(cls, window):
        name = type(window).__name__
        if name not in cls.default_downstream_mapper_by_window_name:
            raise ValueError(f"FanOutMapper has no default downstream_mapper for window type {name}")
        return cls.default_downstream_mapper_by_window_name[name]()

    def to_downstream(self, key):
        """A key for each member of the window that KEY stands for."""
        period = self.upstream_mapper.to_downstream(key)
        if not isinstance(period, str):
            raise TypeError("FanOutMapper.upstream_mapper must produce a single key")
        members = self.window.to_upstream(self.upstream_mapper.decode_downstream(period))
        return [self._written(member) for member in members]

    def _written(self, member):
        write = getattr(self.downstream_mapper, "format", None)
        if callable(write):
            return write(member)
        return member.isoformat() if isinstance(member, dt.datetime) else str(member)

    def to_partition_date(self, downstream_key):
        """That of the member."""
        return self.downstream_mapper.to_partition_date(downstream_key)

    def serialize(self):
        """As a map."""
        parts = {name: encoded(getattr(self, name)) for name in ("upstream_mapper", "window", "downstream_mapper")}
        return with_most(self, parts)

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        parts = {name: decoded(data[name]) for name in ("upstream_mapper", "window", "downstream_mapper")}
        return cls(**parts, max_downstream_keys=data.get("max_downstream_keys"))


_DIGITS = {"Y": r"\d{4}", **dict.fromkeys("mdHMSVUW", r"\d{2}")}
_TOKEN = re.compile(r"%(?P<directive>[YmdHMSVUW])|\{(?P<name>[^}]*)\}|(?P<text>.)", re.DOTALL)
_ANY = r"\w+"


def _pattern(form, placeholders):
    """What reads back a key that was written by FORM. Raises ValueError for a form that Airflow refuses."""
    parts, seen, before = [], set(), ""
    for token in _TOKEN.finditer(form):
        if token["text"] is not None:
            parts.append(re.escape(token["text"]))
            before = ""
            continue
        name = token["directive"] or token["name"] or ""
        if not name.isidentifier() or name in seen:
            raise ValueError(f"output_format {form!r}: {token[0]!r} is no name, or is used twice")
        seen.add(name)
        pattern = _DIGITS[name] if token["directive"] else placeholders.get(name, _ANY)
        if pattern == before == _ANY:
            raise ValueError(f"output_format {form!r}: nothing parts {token[0]!r} from what stands before it")
        before = pattern
        parts.append(f"(?P<{name}>{pattern})")
    return re.compile(f"^{''.join(parts)}$")
