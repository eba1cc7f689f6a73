"""From the key of an event's partition to the keys of the runs that wait for it (``airflow.partition_mappers``).

A mapper stands in a schedule as JSON: ``{"mapper": "StartOfDayMapper", "timezone": ...}``, its fields named as the
arguments of Airflow's class, with all defaults written out; `mapper_of` makes it of that. One of an author's own
classes is ``{"own": "module.Class", "args": [...], "kwargs": {...}}``: it is asked (`goflow.domain.partition_answers`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from goflow.domain.canonical import Json
from goflow.domain.moments import Truncation, localized, truncated, zone_info
from goflow.domain.partition_windows import WINDOWS, Decoded, WaitPolicy, Window

Downstream = str | list[str]
INPUT_FORMAT = "%Y-%m-%dT%H:%M:%S"
OUTPUT_FORMATS: Mapping[str, str] = {
    "StartOfHourMapper": "%Y-%m-%dT%H",
    "StartOfDayMapper": "%Y-%m-%d",
    "StartOfWeekMapper": "%Y-%m-%d (W%V)",
    "StartOfMonthMapper": "%Y-%m",
    "StartOfQuarterMapper": "%Y-Q{quarter}",
    "StartOfYearMapper": "%Y",
}
"""The mappers that know time, and how each writes its period where nobody says otherwise."""
FAN_OUT_TO: Mapping[str, str] = {
    "DayWindow": "StartOfHourMapper",
    "WeekWindow": "StartOfDayMapper",
    "MonthWindow": "StartOfDayMapper",
    "QuarterWindow": "StartOfMonthMapper",
    "YearWindow": "StartOfMonthMapper",
}
"""How a ``FanOutMapper`` writes the members of a window where nobody says so."""


class MapperError(ValueError):
    """A mapper that cannot be used, or a key that it cannot map; the text says why."""


@dataclass(frozen=True)
class Mapper:
    """A mapper that leaves keys as they are, and what all of them can do. MOST: how many keys one key may become."""

    most: int | None = None

    by_time = False
    """Whether it decodes keys to datetimes; else they stay texts."""

    def downstream(self, key: str) -> Downstream:
        """The key, or the keys, that KEY becomes. Raises some error where it becomes none."""
        return key

    def decode(self, key: str) -> Decoded:
        """What a window works on, of a key that this mapper has made."""
        return key

    def encode(self, decoded: Decoded) -> str:
        """A member of a window as the key that events have."""
        return str(decoded)

    def write(self, decoded: Decoded) -> str:
        """A member of a window as a key that a run has."""
        return decoded.isoformat() if isinstance(decoded, dt.datetime) else str(decoded)

    def date(self, key: str) -> dt.datetime | None:
        """The moment that KEY, one that it has made, stands for; None where it stands for none."""
        return None


@dataclass(frozen=True)
class Identity(Mapper):
    """``IdentityMapper``. The moment of what has made the event is the run's, too."""


@dataclass(frozen=True)
class AllowedKeys(Mapper):
    """``AllowedKeyMapper``."""

    keys: tuple[str, ...] = ()

    def downstream(self, key: str) -> Downstream:
        """KEY itself."""
        if key not in self.keys:
            raise MapperError(f"{key!r} is not among the allowed keys")
        return key


@dataclass(frozen=True)
class FixedKey(Mapper):
    """``FixedKeyMapper``: one key for all."""

    key: str = ""

    def downstream(self, key: str) -> Downstream:
        """The same for each."""
        return self.key


_UNITS: Mapping[str, Truncation] = {
    "StartOfHourMapper": "hour",
    "StartOfDayMapper": "day",
    "StartOfWeekMapper": "week",
    "StartOfMonthMapper": "month",
    "StartOfQuarterMapper": "month",
    "StartOfYearMapper": "year",
}


def _start_of_period(at: dt.datetime, mapper: str) -> dt.datetime:
    start = truncated(at, _UNITS[mapper])
    return start.replace(month=start.month - (start.month - 1) % 3) if mapper == "StartOfQuarterMapper" else start


@dataclass(frozen=True)
class StartOf(Mapper):
    """``StartOfDayMapper`` and its fellows, by their NAME: to the start of the period that a key lies in."""

    name: str = "StartOfDayMapper"
    zone: str = "UTC"
    reads: str = INPUT_FORMAT
    writes: str = OUTPUT_FORMATS["StartOfDayMapper"]

    by_time = True

    def __post_init__(self) -> None:
        """See that its zone and formats can be used at all. Raises MapperError."""
        try:
            _ = self._tzinfo, self._pattern
        except (KeyError, OSError) as problem:
            raise MapperError(f"time zone {self.zone!r}: {problem}") from None

    def downstream(self, key: str) -> Downstream:
        """The start of KEY's period."""
        at = dt.datetime.strptime(key, self.reads)  # noqa: DTZ007 - what has no zone has that of the mapper
        at = at.astimezone(self._tzinfo) if at.tzinfo else localized(at, self._tzinfo)
        return self.write(_start_of_period(at, self.name))

    def decode(self, key: str) -> Decoded:
        """The start, by the clocks of the mapper's zone."""
        if self._pattern is None:
            return dt.datetime.strptime(key, self.writes)  # noqa: DTZ007
        found = self._pattern.search(key)
        parts = found.groupdict() if found else {}
        needed = {"Y", "quarter"} if self.name == "StartOfQuarterMapper" else {"Y", "m", "d"}
        if not needed <= parts.keys():
            raise MapperError(f"{self.name} cannot read {key!r} by {self.writes!r}")
        if "quarter" in needed:
            return dt.datetime(int(parts["Y"]), int(parts["quarter"]) * 3 - 2, 1)  # noqa: DTZ001
        return dt.datetime(int(parts["Y"]), int(parts["m"]), int(parts["d"]))  # noqa: DTZ001

    def encode(self, decoded: Decoded) -> str:
        """A moment as the keys of events are written."""
        plain = decoded.astimezone(self._tzinfo).replace(tzinfo=None) if decoded.tzinfo else decoded
        return localized(plain, self._tzinfo).strftime(self.reads)

    def write(self, decoded: Decoded) -> str:
        """A moment as the mapper writes its keys."""
        text: str = decoded.strftime(self.writes)
        return text.format(quarter=(decoded.month - 1) // 3 + 1) if self.name == "StartOfQuarterMapper" else text

    def date(self, key: str) -> dt.datetime | None:
        """The moment at which KEY's period begins."""
        at = _start_of_period(self.decode(key), self.name)
        return at if at.tzinfo else localized(at, self._tzinfo)

    @cached_property
    def _tzinfo(self) -> dt.tzinfo:
        return zone_info(self.zone)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        """How to read what ``strptime`` cannot: weeks and quarters."""
        if self.name not in {"StartOfWeekMapper", "StartOfQuarterMapper"}:
            return None
        return pattern_of(self.writes, {"quarter": "[1-4]"} if self.name == "StartOfQuarterMapper" else {})


@dataclass(frozen=True)
class Chain(Mapper):
    """``ChainMapper``: one after the other; each may make several of one."""

    mappers: tuple[Mapper, ...] = ()

    def downstream(self, key: str) -> Downstream:
        """What the last one makes."""
        keys = [key]
        for mapper in self.mappers:
            keys = [made for one in keys for made in listed(mapper.downstream(one))]
        return keys[0] if len(keys) == 1 else keys

    def date(self, key: str) -> dt.datetime | None:
        """The last one has written the key."""
        return self.mappers[-1].date(key)


@dataclass(frozen=True)
class Product(Mapper):
    """``ProductMapper``: each segment of a key by a mapper of its own."""

    mappers: tuple[Mapper, ...] = ()
    delimiter: str = "|"

    def downstream(self, key: str) -> Downstream:
        """The segments, each mapped."""
        segments = key.split(self.delimiter)
        if len(segments) != len(self.mappers):
            raise MapperError(f"{key!r} has {len(segments)} segments, and there are {len(self.mappers)} mappers")
        made = [mapper.downstream(one) for mapper, one in zip(self.mappers, segments, strict=True)]
        if not all(isinstance(one, str) for one in made):
            raise MapperError("a mapper of a ProductMapper makes several keys of one")
        return self.delimiter.join(str(one) for one in made)

    def date(self, key: str) -> dt.datetime | None:
        """That of the one segment that has one."""
        segments = key.split(self.delimiter)
        if len(segments) != len(self.mappers):
            return None
        dates = [mapper.date(one) for mapper, one in zip(self.mappers, segments, strict=True)]
        found = [date for date in dates if date is not None]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Rollup(Mapper):
    """``RollupMapper``: a run waits until enough keys of a whole window are there."""

    upstream: Mapper = field(default_factory=Mapper)
    window: Window = field(default_factory=lambda: Window("DayWindow"))
    policy: WaitPolicy = field(default_factory=WaitPolicy)

    def downstream(self, key: str) -> Downstream:
        """The key of the window that KEY lies in."""
        return self.upstream.downstream(key)

    def expected(self, key: str) -> frozenset[str]:
        """The keys of events that make up the window KEY. Raises some error where KEY is none."""
        members = self.window.members(self.upstream.decode(key))
        return frozenset(self.upstream.encode(member) for member in members)

    def date(self, key: str) -> dt.datetime | None:
        """The window's start."""
        return self.upstream.date(key)


@dataclass(frozen=True)
class FanOut(Mapper):
    """``FanOutMapper``: a run for each member of a window."""

    upstream: Mapper = field(default_factory=Mapper)
    window: Window = field(default_factory=lambda: Window("DayWindow"))
    members: Mapper = field(default_factory=Mapper)

    def downstream(self, key: str) -> Downstream:
        """A key for each member of the window that KEY stands for."""
        period = self.upstream.downstream(key)
        if not isinstance(period, str):
            raise MapperError("the upstream mapper of a FanOutMapper makes several keys of one")
        return [self.members.write(member) for member in self.window.members(self.upstream.decode(period))]

    def date(self, key: str) -> dt.datetime | None:
        """That of the member."""
        return self.members.date(key)


@dataclass(frozen=True)
class Asked(Mapper):
    """One of an author's own, or of Airflow's with a mapper or a window of theirs in it: what it does with a key is
    told by whoever has asked it, and nothing is known here."""

    def downstream(self, key: str) -> Downstream:
        """Nobody has asked."""
        raise MapperError("a mapper of the author's own has to be asked")


def listed(made: Downstream) -> list[str]:
    """The keys that a mapper has made, each as often as it made it."""
    return [made] if isinstance(made, str) else made


_DIRECTIVES: Mapping[str, str] = {"Y": r"\d{4}", **dict.fromkeys("mdHMSVUW", r"\d{2}")}
_TOKEN = re.compile(r"%(?P<directive>[YmdHMSVUW])|\{(?P<name>[^}]*)\}|(?P<text>.)", re.DOTALL)
_ANY = r"\w+"


def pattern_of(form: str, placeholders: Mapping[str, str]) -> re.Pattern[str]:
    """What reads back a key that was written by FORM: directives of ``strftime`` with digits alone, and PLACEHOLDERS
    such as ``{quarter}``, become named groups. Raises MapperError for a form that Airflow refuses."""
    parts, seen, before = [], set(), ""
    for token in _TOKEN.finditer(form):
        if token["text"] is not None:
            parts.append(re.escape(token["text"]))
            before = ""
            continue
        name = token["directive"] or token["name"] or ""
        if not name.isidentifier() or name in seen:
            raise MapperError(f"output_format {form!r}: {token[0]!r} is no name, or is used twice")
        seen.add(name)
        pattern = _DIRECTIVES[name] if token["directive"] else placeholders.get(name, _ANY)
        if pattern == before == _ANY:
            raise MapperError(f"output_format {form!r}: nothing parts {token[0]!r} from what stands before it")
        before = pattern
        parts.append(f"(?P<{name}>{pattern})")
    return re.compile(f"^{''.join(parts)}$")


# -- from JSON --------------------------------------------------------------------------------------------------------


def mapper_of(value: Json) -> Mapper:
    """The mapper that VALUE describes. Raises MapperError, which says why it cannot be followed."""
    if not isinstance(value, Mapping):
        raise MapperError("it is no partition mapper")
    if _has_own(value):
        return Asked(_most(value))
    name = str(value.get("mapper"))
    if name not in _MAKERS:
        raise _not_airflows(name, "partition mappers")
    try:
        return _MAKERS[name](value)
    except KeyError as problem:
        raise MapperError(f"{name}: {problem}") from None


def _has_own(value: Mapping[str, Any]) -> bool:
    """Whether code of the author's own is in a mapper. Raises MapperError for one that has a wait policy of their own,
    which Airflow does not take either."""
    if "own" in value:
        return True
    if "wait_policy" in value:
        policy_of(value["wait_policy"])
    inner = [value[name] for name in ("upstream_mapper", "downstream_mapper") if name in value]
    found = [_has_own(one) for one in (*inner, *(value.get("mappers") or ()))]  # all of them, for their wait policies
    return any(found) or "own" in value.get("window", ())


def _not_airflows(value: Any, kind: str) -> MapperError:
    name = str(value.get("own") if isinstance(value, Mapping) else value).rpartition(".")[2]
    return MapperError(f"{name} is not one of Airflow's own {kind}")


def _window(value: Any) -> Window:
    name = str(value["window"])
    if name not in WINDOWS:
        raise _not_airflows(name, "windows")
    return Window(name, value.get("direction") == "backward", tuple(sorted(value.get("segments") or ())))


def policy_of(value: Any) -> WaitPolicy:
    """The wait policy that VALUE describes. Raises MapperError for one of an author's own."""
    if not isinstance(value, Mapping) or value.get("policy") not in {"WaitForAll", "MinimumCount"}:
        raise _not_airflows(value, "wait policies")
    return WaitPolicy(value["n"] if value["policy"] == "MinimumCount" else None)


def _start(value: Mapping[str, Any]) -> Mapper:
    return StartOf(
        most=value.get("max_downstream_keys"),
        name=value["mapper"],
        zone=value["timezone"],
        reads=value["input_format"],
        writes=value["output_format"],
    )


def _most(value: Mapping[str, Any]) -> Any:
    return value.get("max_downstream_keys")


def _all(value: Mapping[str, Any]) -> tuple[Mapper, ...]:
    return tuple(mapper_of(one) for one in value["mappers"])


_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], Mapper]] = {
    **dict.fromkeys(OUTPUT_FORMATS, _start),
    "IdentityMapper": lambda value: Identity(_most(value)),
    "AllowedKeyMapper": lambda value: AllowedKeys(_most(value), tuple(value["allowed_keys"])),
    "FixedKeyMapper": lambda value: FixedKey(_most(value), value["downstream_key"]),
    "ChainMapper": lambda value: Chain(_most(value), _all(value)),
    "ProductMapper": lambda value: Product(_most(value), _all(value), value["delimiter"]),
    "RollupMapper": lambda value: Rollup(
        _most(value), mapper_of(value["upstream_mapper"]), _window(value["window"]), policy_of(value["wait_policy"])
    ),
    "FanOutMapper": lambda value: FanOut(
        _most(value),
        mapper_of(value["upstream_mapper"]),
        _window(value["window"]),
        mapper_of(value["downstream_mapper"]),
    ),
}
