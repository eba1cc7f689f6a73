"""``datetime``, ``time``, ``zoneinfo``, ``calendar``: Python's own values, and the current time as a symbol."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, first_unknown, raised
from goflow.parser.libraries.moments import MomentValue, now
from goflow.parser.libraries.registry import function, ignored_function, module, unknown_function


def host_class(kind: type, module_name: str, *methods: str) -> ClassValue:
    """A class that stands for Python's own type KIND, with its class METHODS."""
    made = ClassValue(kind.__name__, module_name=module_name, host=kind)

    def construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
        unknown = first_unknown((args, kwargs))
        if unknown is not None:
            return unknown
        return at.session.guarded(lambda at, *a, **k: kind(*a, **k), at, args, kwargs, kind.__name__)

    made.construct = construct
    for name in methods:
        static = getattr(kind, name)
        made.attributes[name] = NativeFunction(
            name, lambda at, *args, static=static, **kwargs: static(*args, **kwargs), binds=False
        )
    return made


def zone_name(zone: Any) -> str | None:
    """The name of a zone object; None where it has none."""
    if zone is None:
        return None
    return str(getattr(zone, "key", None) or getattr(zone, "name", None) or zone)


def _now(at: At, tz: Any = None) -> Any:
    return now(zone=zone_name(tz) or "UTC", aware=tz is not None)


def _utcnow(at: At) -> Any:
    return now(aware=False)


def _today(at: At) -> Any:
    return now(aware=False)


def _combine(at: At, date: Any, time: Any, tzinfo: Any = None) -> Any:
    if isinstance(date, MomentValue):
        cut = date.cut("day")
        seconds = time.hour * 3600 + time.minute * 60 + time.second
        return Unknown("the current time", at) if cut is None else cut.moved(seconds)
    return dt.datetime.combine(date, time, *([tzinfo] if tzinfo else []))


@module("datetime")
def build(session: Session) -> dict[str, Any]:
    """``datetime``."""
    moment = host_class(
        dt.datetime,
        "datetime",
        "strptime",
        "fromisoformat",
        "fromtimestamp",
        "utcfromtimestamp",
        "fromordinal",
        "fromisocalendar",
    )
    moment.attributes |= {
        "now": NativeFunction("now", _now, binds=False),
        "utcnow": NativeFunction("utcnow", _utcnow, binds=False),
        "today": NativeFunction("today", _today, binds=False),
        "combine": NativeFunction("combine", _combine, binds=False),
        "min": dt.datetime.min,
        "max": dt.datetime.max,
    }
    moment.data["has_instance"] = lambda value: isinstance(value, MomentValue) and not value.is_date
    date = host_class(dt.date, "datetime", "fromisoformat", "fromtimestamp", "fromordinal", "fromisocalendar")
    date.data["has_instance"] = lambda value: isinstance(value, MomentValue)
    date.attributes |= {
        "today": NativeFunction("today", lambda at: now(truncate="day", aware=False), binds=False),
        "min": dt.date.min,
        "max": dt.date.max,
    }
    delta = host_class(dt.timedelta, "datetime")
    delta.attributes |= {"min": dt.timedelta.min, "max": dt.timedelta.max, "resolution": dt.timedelta.resolution}
    time = host_class(dt.time, "datetime", "fromisoformat")
    time.attributes |= {"min": dt.time.min, "max": dt.time.max}
    zone = host_class(dt.timezone, "datetime")
    zone.attributes["utc"] = dt.UTC
    return {
        "datetime": moment, "date": date, "timedelta": delta, "time": time, "timezone": zone, "UTC": dt.UTC,
        "tzinfo": ClassValue("tzinfo", module_name="datetime", host=dt.tzinfo), "MINYEAR": 1, "MAXYEAR": 9999,
    }  # fmt: skip


def _zone(at: At, key: str) -> Any:
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raised(at, "KeyError" if isinstance(problem, KeyError) else "ValueError", str(problem))


@module("zoneinfo")
def build_zoneinfo(session: Session) -> dict[str, Any]:
    """``zoneinfo``."""
    made = ClassValue("ZoneInfo", module_name="zoneinfo", host=ZoneInfo)

    def construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
        unknown = first_unknown((args, kwargs))
        return unknown if unknown is not None else _zone(at, *args, **kwargs)

    made.construct = construct
    return {"ZoneInfo": made, "ZoneInfoNotFoundError": session.exceptions["KeyError"]}


@module("time")
def build_time(session: Session) -> dict[str, Any]:
    """``time``."""
    reason = "the current time"
    return {
        **{
            name: unknown_function(name, reason)
            for name in ("time", "monotonic", "perf_counter", "time_ns", "localtime", "gmtime", "strftime", "mktime")
        },
        "sleep": ignored_function("sleep"),
    }


@module("calendar")
def build_calendar(session: Session) -> dict[str, Any]:
    """``calendar``."""
    names = ("monthrange", "isleap", "leapdays", "weekday", "timegm")
    found: dict[str, Any] = {
        name: function(name, lambda at, *args, run=getattr(calendar, name): run(*args)) for name in names
    }
    found |= {"day_name": list(calendar.day_name), "day_abbr": list(calendar.day_abbr)}
    found |= {"month_name": list(calendar.month_name), "month_abbr": list(calendar.month_abbr)}
    return found | {
        day: number
        for number, day in enumerate(("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"))
    }
