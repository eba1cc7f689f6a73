"""``pendulum``: its own objects, since the file calculates with them; what asks for the current time is a symbol.

The library is imported when a file asks for it. Its local zone is UTC here, as it is in the images of both Airflows.
"""

from __future__ import annotations

import re
from typing import Any

import pendulum

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value, first_unknown
from goflow.parser.libraries.datetimes import combine, host_class, zone_name
from goflow.parser.libraries.moments import MomentValue, from_parts, now
from goflow.parser.libraries.registry import function, module

UTC = pendulum.UTC
CURRENT_TIME = "the current time"
ASK_THE_CLOCK = frozenset({"diff_for_humans", "is_future", "is_past", "age", "is_birthday", "is_anniversary"})
"""Attributes of moments whose answer changes with the clock."""
ASK_WITHOUT_ARGUMENT = frozenset({"diff", "average"})
"""Methods of moments that take the current time for a moment that they are not given."""
_TIME_ALONE = re.compile(r"\s*T?\d{1,2}:\d\d")


def zone(at: At, name: Any) -> Any:
    """``pendulum.timezone``: a zone by name, or by its offset in seconds."""
    return UTC if name == "local" else pendulum.timezone(name)


def _tz(value: Any) -> Any:
    """The argument ``tz``, the local zone made out."""
    return UTC if value == "local" else value


def _zone_name(tz: Any) -> str:
    """The name of what is given for ``tz``; an offset is in hours there."""
    if isinstance(tz, str):
        return "UTC" if tz == "local" else str(pendulum.timezone(tz).name)
    return zone_name(pendulum.timezone(int(tz * 3600)) if isinstance(tz, int | float) else tz) or "UTC"


def _datetime(at: At, *args: Any, **kwargs: Any) -> Any:
    unknown = first_unknown((args, kwargs))
    if unknown is None:
        return pendulum.datetime(*args, **{**kwargs, "tz": _tz(kwargs.get("tz", UTC))})
    made = from_parts(args, {"tz": UTC, **kwargs})
    return unknown if made is None else _of_pendulum(made)


def _of_pendulum(value: MomentValue, **changes: bool) -> MomentValue:
    return MomentValue(value.moment, aware=changes.get("aware", value.aware), by_pendulum=True)


def _now(at: At, tz: Any = None) -> Any:
    return now(zone=_zone_name(tz), by_pendulum=True)


def _day(offset: int) -> Any:
    def run(at: At, tz: Any = None) -> Any:
        return now(zone=_zone_name(tz), truncate="day", by_pendulum=True).moved(offset * 86400)

    return run


def _parse(at: At, text: str, tz: Any = UTC, strict: Any = True, **options: Any) -> Any:
    if text == "now":
        return _now(at)
    if _TIME_ALONE.match(text) and not options.get("exact"):
        return Unknown("the current date", at)
    try:
        return pendulum.parse(text, tz=_tz(tz), strict=True, **options)
    except ValueError:
        if strict:
            raise
    return Unknown("how a date is read that is in no standard form", at)


def _from_format(at: At, text: str, form: str, tz: Any = UTC, **options: Any) -> Any:
    if "Y" not in form and "X" not in form and "x" not in form:  # it begins with today
        return Unknown("the current date", at)
    return pendulum.from_format(text, form, tz=_tz(tz), **options)


def _instance(at: At, value: Any, tz: Any = UTC) -> Any:
    if isinstance(value, MomentValue):
        made = value if value.aware else value.taken_as(_tz(tz))
        return Unknown(CURRENT_TIME, at) if made is None else _of_pendulum(made)
    return pendulum.instance(value, tz=_tz(tz))


def _local(at: At, *args: Any, **kwargs: Any) -> Any:
    return pendulum.datetime(*args, **{**kwargs, "tz": UTC})


def host_attributes(value: Any, name: str, at: At) -> Any:
    """Of pendulum's objects, what asks for the current time; NotImplemented for all else."""
    if not isinstance(value, pendulum.Date | pendulum.Time | pendulum.Duration):
        return NotImplemented
    if name in {"now", "utcnow", "today", "yesterday", "tomorrow"}:
        return function(name, _day(0) if name == "today" else _now)
    if name in ASK_THE_CLOCK:
        return NativeFunction(name, lambda at, /, *args, **kwargs: Unknown(CURRENT_TIME, at))
    if name in ASK_WITHOUT_ARGUMENT:
        return NativeFunction(name, lambda at, /, *args, **kwargs: _against(value, name, args, kwargs, at))
    return NotImplemented


def _against(value: Any, name: str, args: Arguments, kwargs: Keywords, at: At) -> Any:
    if not args or any(isinstance(argument, Value) for argument in args):
        return Unknown(CURRENT_TIME, at)
    return at.session.guarded(lambda at, *a, **k: getattr(value, name)(*a, **k), at, args, kwargs, name)


def _moment_class() -> ClassValue:
    made = host_class(pendulum.DateTime, "pendulum", "instance", "fromisoformat", "fromtimestamp", "create")
    clock = {"combine": _combine, "now": _now, "utcnow": _now, "today": _day(0)}
    made.attributes |= {name: function(name, run) for name, run in clock.items()}
    made.data["has_instance"] = lambda value: isinstance(value, MomentValue)
    return _limited(made)


def _date_class() -> ClassValue:
    made = host_class(pendulum.Date, "pendulum", "fromisoformat", "fromtimestamp", "fromordinal")
    made.attributes["today"] = function("today", _today)
    made.data["has_instance"] = lambda value: isinstance(value, MomentValue)
    return _limited(made)


def _today(at: At) -> MomentValue:
    return now(truncate="day", aware=False, is_date=True, by_pendulum=True)


def _combine(at: At, date: Any, time: Any, tzinfo: Any = None) -> Any:
    if not isinstance(date, MomentValue):
        return pendulum.DateTime.combine(date, time, *([tzinfo] if tzinfo else []))
    made = combine(at, date, time, tzinfo)
    return _of_pendulum(made) if isinstance(made, MomentValue) else made


def _limited(made: ClassValue) -> ClassValue:
    made.attributes |= {name: getattr(made.host, name) for name in ("min", "max", "resolution")}
    return made


@module("pendulum")
def build(session: Session) -> dict[str, Any]:
    """``pendulum``."""
    session.library["host_attributes"] = host_attributes
    days = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
    sizes = ("DAYS_PER_WEEK", "HOURS_PER_DAY", "MINUTES_PER_HOUR", "SECONDS_PER_MINUTE", "SECONDS_PER_HOUR",
             "SECONDS_PER_DAY", "MONTHS_PER_YEAR", "WEEKS_PER_YEAR", "YEARS_PER_DECADE")  # fmt: skip
    plain = ("naive", "date", "time", "from_timestamp", "interval")
    return {
        "datetime": NativeFunction("datetime", _datetime, takes_unknown=True),
        "DateTime": _moment_class(), "local": function("local", _local),
        "now": function("now", _now), "today": function("today", _day(0)),
        "yesterday": function("yesterday", _day(-1)), "tomorrow": function("tomorrow", _day(1)),
        "parse": function("parse", _parse), "instance": function("instance", _instance),
        "from_format": function("from_format", _from_format), "timezone": function("timezone", zone),
        "duration": host_class(pendulum.Duration, "pendulum"),
        "Date": _date_class(), "Time": _limited(host_class(pendulum.Time, "pendulum", "fromisoformat")),
        **{kind.__name__: host_class(kind, "pendulum") for kind in (
            pendulum.Duration, pendulum.Interval, pendulum.Timezone, pendulum.FixedTimezone)},
        **{name: _plain(getattr(pendulum, name), name) for name in plain},
        **{name: getattr(pendulum, name) for name in (*days, *sizes)},
        "UTC": UTC, "local_timezone": function("local_timezone", lambda at: UTC),
        "set_local_timezone": function("set_local_timezone", lambda at, *_: None),
    }  # fmt: skip


def _plain(run: Any, name: str) -> NativeFunction:
    return function(name, lambda at, /, *args, **kwargs: run(*args, **kwargs))


def _zones(session: Session) -> dict[str, Any]:
    return {
        "timezone": function("timezone", zone), "UTC": UTC,
        "local_timezone": function("local_timezone", lambda at: UTC),
        "Timezone": host_class(pendulum.Timezone, "pendulum"),
        "FixedTimezone": host_class(pendulum.FixedTimezone, "pendulum"),
    }  # fmt: skip


@module("pendulum.exceptions")
@module("pendulum.parsing")
@module("pendulum.parsing.exceptions")
def build_parsing(session: Session) -> dict[str, Any]:
    """``pendulum.parsing.exceptions``, and what takes its names from there."""
    return {"ParserError": session.exceptions["pendulum.parsing.exceptions.ParserError"]}


@module("pendulum.tz.exceptions")
def build_errors(session: Session) -> dict[str, Any]:
    """``pendulum.tz.exceptions``."""
    return {name: session.exceptions[f"pendulum.tz.exceptions.{name}"] for name in ("TimezoneError", "InvalidTimezone")}


@module("pendulum.tz")
def build_tz(session: Session) -> dict[str, Any]:
    """``pendulum.tz``."""
    return _zones(session)


@module("pendulum.tz.exceptions")
def build_tz_exceptions(session: Session) -> dict[str, Any]:
    """``pendulum.tz.exceptions``."""
    names = ("TimezoneError", "InvalidTimezone")
    return {name: session.exceptions[f"pendulum.tz.exceptions.{name}"] for name in names}


@module("pendulum.exceptions")
@module("pendulum.parsing.exceptions")
def build_exceptions(session: Session) -> dict[str, Any]:
    """``pendulum.exceptions`` and ``pendulum.parsing.exceptions``."""
    return {"ParserError": session.exceptions["pendulum.parsing.exceptions.ParserError"]}


@module("pendulum.timezone")
@module("pendulum.tz.timezone")
def build_timezone(session: Session) -> dict[str, Any]:
    """``pendulum.tz.timezone``."""
    return _zones(session)


@module("pendulum.datetime")
def build_datetime(session: Session) -> dict[str, Any]:
    """``pendulum.datetime``, a module beside the function of that name."""
    return {"DateTime": _moment_class()}
