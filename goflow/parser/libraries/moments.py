"""Symbolic moments: *now*, cut down and moved, as a value that files can calculate with (decision 4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from goflow.domain.moments import Moment
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value

UNITS = ("year", "month", "day", "hour", "minute", "second")
FLOORS = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0}
CUTS: dict[frozenset[str], str] = {
    frozenset({"microsecond"}): "second",
    frozenset({"second", "microsecond"}): "minute",
    frozenset({"minute", "second", "microsecond"}): "hour",
    frozenset({"hour", "minute", "second", "microsecond"}): "day",
    frozenset({"day", "hour", "minute", "second", "microsecond"}): "month",
    frozenset({"month", "day", "hour", "minute", "second", "microsecond"}): "year",
}


class MomentValue(Value):
    """``datetime.now()`` and what is made of it. AWARE: whether it has a zone. Its parts are Unknown."""

    type_name = "datetime"

    def __init__(self, moment: Moment, *, aware: bool = True, is_date: bool = False) -> None:
        self.moment = moment
        self.aware = aware
        self.is_date = is_date

    def moved(self, seconds: float) -> MomentValue:
        """The same, SECONDS later."""
        found = self.moment
        made = Moment(None, found.truncate, found.zone, found.offset_s + seconds)
        return MomentValue(made, aware=self.aware, is_date=self.is_date)

    def cut(self, unit: str) -> MomentValue | None:
        """Cut down to UNIT; None where an offset that is no whole number of units is in the way."""
        found = self.moment
        sizes = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
        if found.offset_s and (unit not in sizes or found.offset_s % sizes[unit]):
            return None
        return MomentValue(Moment(None, unit, found.zone, found.offset_s), aware=self.aware)  # type: ignore[arg-type]

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """Plus and minus a timedelta; everything else depends on the moment."""
        if isinstance(other, dt.timedelta) and operator in {"+", "-"} and not (reflected and operator == "-"):
            return self.moved(other.total_seconds() if operator == "+" else -other.total_seconds())
        seconds = getattr(other, "whole_seconds", None)
        if seconds is not None and operator in {"+", "-"}:
            return self.moved(seconds if operator == "+" else -seconds)
        return Unknown("the current time", at)

    def text(self, at: At) -> Any:
        """What a clock shows when it is asked."""
        return Unknown("the current time", at)

    def get_attribute(self, name: str, at: At) -> Any:
        """The methods that keep it symbolic; parts of it are Unknown."""
        methods: dict[str, Callable[..., Any]] = {
            "replace": self._replace,
            "add": self._add,
            "subtract": self._subtract,
            "start_of": self._start_of,
            "date": self._date,
            "astimezone": self._same,
            "in_timezone": self._same,
            "in_tz": self._same,
        }
        method = methods.get(name)
        if method is not None:
            return NativeFunction(name, method)
        return Unknown("the current time", at)

    def _same(self, at: At, *args: Any, **kwargs: Any) -> Any:
        return self

    def _replace(self, at: At, **parts: Any) -> Any:
        zone = parts.pop("tzinfo", None)
        made: MomentValue | None = self if zone is None else MomentValue(self.moment, aware=True)
        if parts and made is not None:
            unit = CUTS.get(frozenset(parts) | {"microsecond"})
            is_floor = all(FLOORS.get(name) == value for name, value in parts.items())
            if unit is not None and is_floor and "microsecond" in parts:
                made = made.cut(unit)
            elif (
                unit is not None
                and "microsecond" in parts
                and set(parts) <= {"hour", "minute", "second", "microsecond"}
            ):
                made = made.cut("day") if "hour" in parts else made.cut(unit)
                seconds = parts.get("hour", 0) * 3600 + parts.get("minute", 0) * 60 + parts.get("second", 0)
                made = None if made is None else made.moved(seconds)
            else:
                made = None
        return made if made is not None else Unknown("the current time", at)

    def _start_of(self, at: At, unit: str) -> Any:
        made = self.cut(unit) if unit in {"second", "minute", "hour", "day", "month", "year"} else None
        return made if made is not None else Unknown("the current time", at)

    def _date(self, at: At) -> Any:
        made = self.cut("day")
        return made if made is not None else Unknown("the current time", at)

    def _add(self, at: At, **parts: float) -> Any:
        return self._shift(at, parts, 1)

    def _subtract(self, at: At, **parts: float) -> Any:
        return self._shift(at, parts, -1)

    def _shift(self, at: At, parts: dict[str, float], sign: int) -> Any:
        if set(parts) - {"weeks", "days", "hours", "minutes", "seconds", "microseconds"}:
            return Unknown("the current time", at)
        return self.moved(sign * dt.timedelta(**parts).total_seconds())


def now(*, zone: str = "UTC", truncate: str = "", aware: bool = True) -> MomentValue:
    """*Now*."""
    return MomentValue(Moment(None, truncate, zone, 0.0), aware=aware)  # type: ignore[arg-type]
