"""``datetime``, ``time``, ``zoneinfo``, ``calendar``: Python's own values, and the current time as a symbol."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.plain_values import plain_host
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value, first_unknown
from goflow.parser.libraries.moments import REASON, MomentValue, from_parts, from_text, name_of_zone, now
from goflow.parser.libraries.registry import function, ignored_function, module, unknown_function


def host_class(kind: type, module_name: str, *methods: str) -> ClassValue:
    """A class that stands for Python's own type KIND, with its class METHODS."""
    made = ClassValue(kind.__name__, module_name=module_name, host=kind)

    def construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
        unknown = first_unknown((args, kwargs))
        if unknown is not None:
            made = from_parts(args, kwargs) if issubclass(kind, dt.date) else None
            return unknown if made is None else made
        args, kwargs = [plain_host(value) for value in args], {name: plain_host(v) for name, v in kwargs.items()}
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
    return None if zone is None else name_of_zone(zone)


def _now(at: At, tz: Any = None) -> Any:
    zone = name_of_zone(tz)
    return Unknown(REASON, at) if zone is None else now(zone=zone, aware=tz is not None)


def _utcnow(at: At) -> Any:
    return now(aware=False)


def _today(at: At) -> Any:
    return now(aware=False)


def combine(at: At, date: Any, time: Any, tzinfo: Any = None) -> Any:
    """``datetime.combine``, also of the current day."""
    if not isinstance(date, MomentValue):
        return dt.datetime.combine(date, time, *([tzinfo] if tzinfo else []))
    if not isinstance(time, dt.time):
        return Unknown(REASON, at)
    seconds = time.hour * 3600 + time.minute * 60 + time.second + time.microsecond / 1e6
    moment = date.moment.taken_as("UTC").cut("day").moved(seconds)
    zone = tzinfo or time.tzinfo
    made = MomentValue(moment, aware=False)
    return made if zone is None else made.taken_as(zone) or Unknown(REASON, at)


def _read_back(name: str, static: Any) -> NativeFunction:
    """``strptime`` and ``fromisoformat``, also of what was written of a symbolic moment."""

    def run(at: At, *args: Any, **kwargs: Any) -> Any:
        unknown = first_unknown((args, kwargs))
        if unknown is None:
            return static(*args, **kwargs)
        made = from_text(args[0], args[1] if len(args) > 1 else "") if args and not kwargs else None
        return unknown if made is None else made

    return NativeFunction(name, run, binds=False, takes_unknown=True)


@module("datetime")
def build(session: Session) -> dict[str, Any]:
    """``datetime``."""
    moment = host_class(
        dt.datetime,
        "datetime",
        "fromtimestamp",
        "utcfromtimestamp",
        "fromordinal",
        "fromisocalendar",
    )
    moment.attributes |= {
        "now": NativeFunction("now", _now, binds=False),
        "strptime": _read_back("strptime", dt.datetime.strptime),
        "fromisoformat": _read_back("fromisoformat", dt.datetime.fromisoformat),
        "utcnow": NativeFunction("utcnow", _utcnow, binds=False),
        "today": NativeFunction("today", _today, binds=False),
        "combine": NativeFunction("combine", combine, binds=False),
        "min": dt.datetime.min,
        "max": dt.datetime.max,
    }
    moment.data["has_instance"] = lambda value: isinstance(value, MomentValue) and not value.is_date
    date = host_class(dt.date, "datetime", "fromisoformat", "fromtimestamp", "fromordinal", "fromisocalendar")
    date.data["has_instance"] = lambda value: isinstance(value, MomentValue)
    date.attributes |= {
        "today": NativeFunction("today", lambda at: now(truncate="day", aware=False, is_date=True), binds=False),
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


@module("zoneinfo")
def build_zoneinfo(session: Session) -> dict[str, Any]:
    """``zoneinfo``."""
    made = ClassValue("ZoneInfo", module_name="zoneinfo", host=ZoneInfo)

    def construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
        unknown = first_unknown((args, kwargs))
        return unknown if unknown is not None else ZoneInfo(*args, **kwargs)

    made.construct = construct
    zones = unknown_function("available_timezones", "the time zones that a machine knows")
    not_found = session.exceptions["zoneinfo._common.ZoneInfoNotFoundError"]
    return {"available_timezones": zones, "ZoneInfo": made, "ZoneInfoNotFoundError": not_found}


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


class CalendarValue(Value):
    """``calendar.Calendar``: Python's own."""

    type_name = "Calendar"

    def __init__(self, inner: calendar.Calendar) -> None:
        self.inner = inner

    def get_attribute(self, name: str, at: At) -> Any:
        """``firstweekday``, and the methods that give days, weeks and months."""
        if name == "firstweekday":
            return self.inner.firstweekday
        if not name.startswith(("iter", "month", "year")) or not hasattr(self.inner, name):
            return super().get_attribute(name, at)

        def run(at: At, *args: Any, **kwargs: Any) -> Any:
            answer = getattr(self.inner, name)(*args, **kwargs)
            return iter(list(answer)) if hasattr(answer, "__next__") else answer

        return function(name, run)


@module("calendar")
def build_calendar(session: Session) -> dict[str, Any]:
    """``calendar``."""
    names = ("monthrange", "isleap", "leapdays", "weekday", "timegm", "monthcalendar")
    found: dict[str, Any] = {
        name: function(name, lambda at, *args, run=getattr(calendar, name): run(*args)) for name in names
    }
    found |= {"day_name": list(calendar.day_name), "day_abbr": list(calendar.day_abbr)}
    found |= {"month_name": list(calendar.month_name), "month_abbr": list(calendar.month_abbr)}
    made = ClassValue("Calendar", module_name="calendar")
    made.construct = lambda cls, args, kwargs, at: CalendarValue(calendar.Calendar(*args, **kwargs))
    found["Calendar"] = made
    return found | {
        day: number
        for number, day in enumerate(("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"))
    }
