"""``pendulum``: moments as Python's own datetimes, with the methods that pendulum adds to them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.parser
from dateutil.relativedelta import relativedelta

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, first_unknown, raised
from goflow.parser.libraries.datetimes import zone_name
from goflow.parser.libraries.moments import MomentValue, now
from goflow.parser.libraries.registry import function, module

UTC = ZoneInfo("UTC")


def zone(at: At, value: Any) -> Any:
    """A zone by name, offset in hours or zone object."""
    if isinstance(value, str):
        if value in {"UTC", "utc"}:
            return UTC
        if value == "local":
            return UTC
        try:
            return ZoneInfo(value)
        except (KeyError, ValueError):
            raised(at, "ValueError", f"Unable to find a timezone named {value!r}")
    if isinstance(value, int | float):
        return dt.timezone(dt.timedelta(seconds=value if abs(value) > 24 else value * 3600))
    return value


def _datetime(
    at: At, year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0,
    tz: Any = UTC, fold: int = 1, **_: Any,
) -> Any:  # fmt: skip
    return dt.datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone(at, tz) if tz else None)


def _naive(at: At, *args: Any) -> Any:
    return dt.datetime(*args)


def _now(at: At, tz: Any = None) -> Any:
    return now(zone=zone_name(zone(at, tz)) or "UTC")


def _day(offset: int) -> Any:
    def run(at: At, tz: Any = None) -> Any:
        return now(zone=zone_name(zone(at, tz)) or "UTC", truncate="day").moved(offset * 86400)

    return run


def _parse(at: At, text: str, tz: Any = UTC, **options: Any) -> Any:
    found = dateutil.parser.parse(text)
    if options.get("exact") and len(text) <= 10:
        return found.date()
    return found if found.tzinfo else found.replace(tzinfo=zone(at, tz))


def _instance(at: At, value: Any, tz: Any = UTC) -> Any:
    if isinstance(value, MomentValue):
        return MomentValue(value.moment, aware=True)
    return value if getattr(value, "tzinfo", None) else value.replace(tzinfo=zone(at, tz))


def _duration(at: At, *, years: int = 0, months: int = 0, **parts: float) -> Any:
    if years or months:
        return relativedelta(years=years, months=months, **parts)  # type: ignore[arg-type]
    return dt.timedelta(**parts)


def host_attributes(value: Any, name: str, at: At) -> Any:
    """What pendulum's moments and durations have beside Python's own."""
    if isinstance(value, dt.datetime):
        return _moment_attribute(value, name)
    if isinstance(value, dt.timedelta) and name in {"in_seconds", "in_minutes", "in_hours", "in_days"}:
        size = {"in_seconds": 1, "in_minutes": 60, "in_hours": 3600, "in_days": 86400}[name]
        return NativeFunction(name, lambda at: int(value.total_seconds() // size))
    return NotImplemented


def _moment_attribute(value: dt.datetime, name: str) -> Any:
    match name:
        case "add":
            return NativeFunction(name, lambda at, **parts: value + relativedelta(**parts))
        case "subtract":
            return NativeFunction(name, lambda at, **parts: value - relativedelta(**parts))
        case "in_timezone" | "in_tz":
            return NativeFunction(name, lambda at, tz: value.astimezone(zone(at, tz)))
        case "start_of":
            return NativeFunction(name, lambda at, unit: start_of(value, unit, at))
        case "to_date_string":
            return NativeFunction(name, lambda at: value.strftime("%Y-%m-%d"))
        case "to_datetime_string":
            return NativeFunction(name, lambda at: value.strftime("%Y-%m-%d %H:%M:%S"))
        case "to_iso8601_string":
            return NativeFunction(name, lambda at: value.isoformat().replace("+00:00", "Z"))
        case "timezone" | "tz":
            return value.tzinfo
        case "timezone_name":
            return zone_name(value.tzinfo)
        case "int_timestamp":
            return int(value.timestamp())
        case "day_of_week":
            return value.isoweekday() % 7
        case "naive":
            return NativeFunction(name, lambda at: value.replace(tzinfo=None))
    return NotImplemented


def start_of(value: dt.datetime, unit: str, at: At) -> Any:
    """VALUE cut down to UNIT."""
    day = value.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "day":
            return day
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)
        case "week":
            return day - dt.timedelta(days=day.weekday())
        case "hour":
            return value.replace(minute=0, second=0, microsecond=0)
        case "minute":
            return value.replace(second=0, microsecond=0)
    return Unknown(f"start_of({unit!r})", at)


@module("pendulum")
def build(session: Session) -> dict[str, Any]:
    """``pendulum``."""
    session.library["host_attributes"] = host_attributes
    moment = ClassValue("DateTime", module_name="pendulum", host=dt.datetime)

    def construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
        unknown = first_unknown((args, kwargs))
        if unknown is not None:
            return unknown
        return at.session.guarded(lambda at, *a, **k: dt.datetime(*a, **k), at, args, kwargs, "DateTime")

    moment.construct = construct
    moment.attributes |= {name: function(name, run) for name, run in {"now": _now, "utcnow": _now}.items()}
    return {
        "datetime": function("datetime", _datetime), "DateTime": moment, "naive": function("naive", _naive),
        "local": function("local", _datetime), "now": function("now", _now), "today": function("today", _day(0)),
        "yesterday": function("yesterday", _day(-1)), "tomorrow": function("tomorrow", _day(1)),
        "parse": function("parse", _parse), "instance": function("instance", _instance),
        "timezone": function("timezone", zone), "Timezone": function("Timezone", zone),
        "duration": function("duration", _duration), "Duration": function("Duration", _duration),
        "date": function("date", lambda at, *args: dt.date(*args)), "UTC": UTC,
        "time": function("time", lambda at, *args: dt.time(*args)),
        "from_format": function("from_format", lambda at, text, form, tz=UTC: _parse(at, text, tz)),
        "MONDAY": 0, "TUESDAY": 1, "WEDNESDAY": 2, "THURSDAY": 3, "FRIDAY": 4, "SATURDAY": 5, "SUNDAY": 6,
    }  # fmt: skip


@module("pendulum.tz")
def build_tz(session: Session) -> dict[str, Any]:
    """``pendulum.tz``."""
    return {"timezone": function("timezone", zone), "UTC": UTC}


@module("pendulum.timezone")
@module("pendulum.tz.timezone")
def build_timezone(session: Session) -> dict[str, Any]:
    """``pendulum.tz.timezone``."""
    return {"Timezone": function("Timezone", zone), "UTC": UTC}
