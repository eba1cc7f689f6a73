"""Moments of a DAG file: fixed, or symbolic such as ``days_ago(1)`` and ``now()`` (decision 4 of the architecture).

A symbolic moment is kept as what it is, *now*, cut down to a unit in a zone and moved by an offset, so that it mints no
new version every minute and a DAG that is unpaused after a month does what it would do under Airflow.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from goflow.domain.canonical import Json

Truncation = Literal["", "second", "minute", "hour", "day", "week", "month", "year"]
SIZES: Mapping[str, int] = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
"""Units that are a number of seconds, on a clock without summer time."""


StepKind = Literal["cut", "move", "pass", "set", "in", "as"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing more that is done to a symbolic moment, on the clock of its zone:

    ``cut`` it down to a unit, ``move`` it by ``[months, seconds]`` of its clock, let seconds ``pass`` (which is another
    thing where the clock is changed in between), ``set`` parts of it (``{"hour": 6}``), see it ``in`` another zone, or
    take what its clock shows ``as`` the time of another zone.
    """

    kind: StepKind
    value: Json

    def apply(self, moment: dt.datetime) -> dt.datetime:
        """MOMENT, with the step done."""
        value: Any = self.value
        match self.kind:
            case "cut":
                return truncated(moment, value)
            case "move":
                return moment + relativedelta(months=value[0]) + dt.timedelta(seconds=value[1])
            case "set":
                return moment.replace(**value)
            case "pass":
                return (moment.astimezone(dt.UTC) + dt.timedelta(seconds=value)).astimezone(moment.tzinfo)
            case "in":
                return moment.astimezone(zone_info(value))
        return moment.replace(tzinfo=zone_info(value))


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: AT (aware, UTC) when it is fixed; else *now* TRUNCATEd in ZONE and moved by OFFSET_S seconds.

    Resolution order of a symbolic moment: now, in ZONE; truncated; plus OFFSET_S; then the steps of THEN. An hour that
    a clock shows twice is the first of the two.
    """

    at: dt.datetime | None = None
    truncate: Truncation = ""
    zone: str = "UTC"
    offset_s: float = 0.0
    then: tuple[Step, ...] = ()

    @property
    def symbolic(self) -> bool:
        """Whether the moment moves with the clock."""
        return self.at is None

    def resolve(self, now: dt.datetime) -> dt.datetime:
        """The moment itself, aware and in UTC, as seen at NOW."""
        if self.at is not None:
            return self.at
        local = now.astimezone(zone_info(self.zone))
        local = truncated(local, self.truncate) + dt.timedelta(seconds=self.offset_s)
        for step in self.then:
            local = step.apply(local)
        return local.astimezone(dt.UTC)

    @property
    def final_zone(self) -> str:
        """The zone that a symbolic moment ends up in: that of a DAG which starts at it."""
        return next((str(step.value) for step in reversed(self.then) if step.kind in {"in", "as"}), self.zone)

    def moved(self, seconds: float) -> Moment:
        """The same, SECONDS later on its clock."""
        if not self.then:
            return replace(self, offset_s=self.offset_s + seconds)
        return self._and("move", [0, seconds])

    def passed(self, seconds: float) -> Moment:
        """SECONDS later, however its clock is changed in between."""
        return self.moved(seconds) if _never_changes(self.final_zone) else self._and("pass", seconds)

    def moved_by_months(self, months: int) -> Moment:
        """The same, MONTHS later: the same day, or the last of a shorter month."""
        return self._and("move", [months, 0]) if months else self

    def cut(self, unit: Truncation) -> Moment:
        """The same, cut down to UNIT."""
        whole = unit in SIZES and self.offset_s % SIZES[unit] == 0
        if not self.then and (not self.offset_s or whole) and _is_coarser(unit, self.truncate):
            return replace(self, truncate=unit)
        return self._and("cut", unit)

    def with_parts(self, parts: Mapping[str, int]) -> Moment:
        """The same with PARTS of its clock set (``replace``); what is a floor or a time of day becomes one."""
        names = set(parts)
        unit = _CUTS.get(frozenset(names))
        if unit is not None and all(_FLOORS[name] == value for name, value in parts.items()):
            return self.cut(unit)
        if unit in {"day", "hour", "minute"} and not self.then:
            seconds = sum(parts.get(name, 0) * SIZES[name] for name in ("hour", "minute", "second"))
            cut = self.cut(unit)
            if not cut.then:
                return cut.moved(seconds + parts["microsecond"] / 1e6)
        ordered: Json = {name: parts[name] for name in _PARTS if name in parts}
        return self._and("set", ordered)

    def seen_in(self, zone: str) -> Moment:
        """The same point in time, on the clock of ZONE."""
        if zone == self.final_zone:
            return self
        plain = not (self.then or self.truncate or self.offset_s)
        return replace(self, zone=zone) if plain else self._and("in", zone)

    def taken_as(self, zone: str) -> Moment:
        """What its clock shows, as a time of ZONE."""
        return self if zone == self.final_zone else self._and("as", zone)

    def _and(self, kind: StepKind, value: Json) -> Moment:
        return replace(self, then=(*self.then, Step(kind, value)))

    def to_json(self) -> Json:
        """Its canonical form; the digest of a DAG covers the symbol and not the value."""
        if self.at is not None:
            return {"at": self.at.astimezone(dt.UTC).isoformat(), **({"zone": self.zone} if self.zone != "UTC" else {})}
        then: dict[str, Json] = {"then": [[step.kind, step.value] for step in self.then]} if self.then else {}
        return {"now": True, "truncate": self.truncate, "zone": self.zone, "offset_s": self.offset_s, **then}

    @classmethod
    def from_json(cls, value: Json) -> Moment:
        """The inverse of ``to_json``. Raises KeyError or ValueError for anything else."""
        assert isinstance(value, dict)
        if "at" in value:
            return cls(at=dt.datetime.fromisoformat(str(value["at"])), zone=str(value.get("zone", "UTC")))
        truncate: Truncation = str(value["truncate"])  # type: ignore[assignment]
        steps: Any = value.get("then", [])
        then = tuple(Step(kind, inner) for kind, inner in steps)
        return cls(truncate=truncate, zone=str(value["zone"]), offset_s=float(str(value["offset_s"])), then=then)


@dataclass(frozen=True, slots=True)
class MomentText:
    """A text that shows symbolic moments: PARTS are plain texts, and moments with the form (of ``strftime``) in which
    each is written."""

    parts: tuple[str | tuple[Moment, str], ...]

    def resolve(self, now: dt.datetime) -> str:
        """The text, as seen at NOW."""
        return "".join(part if isinstance(part, str) else _written(*part, now) for part in self.parts)

    @property
    def daily(self) -> bool:
        """Whether it stays the same for a day at least."""
        forms = [part[1] for part in self.parts if not isinstance(part, str)]
        return all(set(_DIRECTIVE.findall(form)) <= _DAILY for form in forms)

    def to_json(self) -> Json:
        """Its canonical form."""
        return [part if isinstance(part, str) else [part[0].to_json(), part[1]] for part in self.parts]

    @classmethod
    def from_json(cls, value: Json) -> MomentText:
        """The inverse of ``to_json``."""
        assert isinstance(value, list)
        return cls(tuple(part if isinstance(part, str) else (Moment.from_json(part[0]), part[1]) for part in value))  # type: ignore[index,misc]


_DIRECTIVE = re.compile(r"%(.)")
_DAILY = frozenset("YymdjaAbBuw%")


def _written(moment: Moment, form: str, now: dt.datetime) -> str:
    return moment.resolve(now).astimezone(zone_info(moment.final_zone)).strftime(form)


def zone_info(name: str) -> dt.tzinfo:
    """The zone of that IANA name, or of an offset such as ``+02:00``. Raises ZoneInfoNotFoundError."""
    if name[:1] in "+-" and len(name) == 6:
        sign = -1 if name[0] == "-" else 1
        return dt.timezone(sign * dt.timedelta(hours=int(name[1:3]), minutes=int(name[4:6])))
    return dt.UTC if name == "UTC" else ZoneInfo(name)


def localized(plain: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """What clocks in ZONE show as PLAIN: skipped times move on by the gap, repeated ones mean their second coming.

    (``airflow._shared.timezones.make_aware`` with a zone of pendulum's.)
    """
    first, second = plain.replace(fold=0), plain.replace(fold=1)
    before, after = zone.utcoffset(first), zone.utcoffset(second)
    if before is not None and after is not None and after > before:
        return (second + (after - before)).replace(tzinfo=zone)
    return second.replace(tzinfo=zone)


_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_FLOORS: Mapping[str, int] = {"year": 1, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0}
_UNITS: tuple[Truncation, ...] = ("", "second", "minute", "hour", "day", "month", "year")
_FINER: tuple[Truncation, ...] = ("year", "month", "day", "hour", "minute", "second")
_CUTS = {frozenset(_PARTS[first:]): unit for first, unit in enumerate(_FINER, start=1)}
"""Parts that stand for a unit when they are floors: the hour and all that is finer, for a day."""


def _never_changes(zone: str) -> bool:
    return zone[:1] in "+-" or zone == "UTC"


def _is_coarser(unit: Truncation, than: Truncation) -> bool:
    return unit in _UNITS and than in _UNITS and _UNITS.index(unit) >= _UNITS.index(than)


def truncated(moment: dt.datetime, unit: Truncation) -> dt.datetime:
    """MOMENT, cut down to UNIT on its own clock."""
    if unit == "week":
        return truncated(moment - dt.timedelta(days=moment.weekday()), "day")
    cuts: dict[str, dict[str, int]] = {"second": {"microsecond": 0}}
    cuts["minute"] = {**cuts["second"], "second": 0}
    cuts["hour"] = {**cuts["minute"], "minute": 0}
    cuts["day"] = {**cuts["hour"], "hour": 0}
    cuts["month"] = {**cuts["day"], "day": 1}
    cuts["year"] = {**cuts["month"], "month": 1}
    return moment.replace(**cuts[unit]) if unit else moment  # type: ignore[arg-type]
