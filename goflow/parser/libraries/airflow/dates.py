"""Dates and time zones as Airflow takes them: text, datetimes, symbolic moments; ``days_ago`` and ``timezone``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from dateutil import parser as dateutil_parser

from goflow.domain.moments import Moment, zone_info
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, Value, first_unknown
from goflow.parser.libraries.airflow.configured import default_zone
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.state import native
from goflow.parser.libraries.moments import REASON, MomentValue, name_of_zone
from goflow.parser.libraries.registry import function

DAY_S = 86400.0


def to_moment(value: Any, zone: dt.tzinfo, at: At, name: str) -> Moment | Unknown | None:
    """A start or end date as a moment; a naive one is in ZONE. Raises what Airflow raises for what is no date."""
    if value is None or isinstance(value, Unknown | Moment):
        return value
    if isinstance(value, MomentValue) and not value.aware and zone is not dt.UTC:
        value = value.taken_as(zone) or Unknown(REASON, at)
        if isinstance(value, Unknown):
            return value
    symbolic = getattr(value, "moment", None)
    if isinstance(symbolic, Moment):
        return symbolic
    if isinstance(value, str):
        value = parsed(value, at)
    if not isinstance(value, dt.datetime):
        text = f"'{type_name(value)}' object has no attribute 'tzinfo'"
        fail(at, "AttributeError", text, code="GF203", hint=f"{name} has to be a datetime")
    aware = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return Moment(at=dt.datetime.fromisoformat(aware.astimezone(dt.UTC).isoformat()))  # not pendulum's class


def moment_zone(value: Any) -> dt.tzinfo | str | None:
    """The time zone that a start date brings with it; None where it has none."""
    symbolic = value if isinstance(value, Moment) else getattr(value, "moment", None)
    if isinstance(symbolic, Moment):
        return symbolic.final_zone if symbolic.symbolic else symbolic.zone
    if isinstance(value, dt.datetime):
        return getattr(value.tzinfo, "zone", value.tzinfo)  # pytz's zones by their names
    if isinstance(value, str):
        try:
            return dateutil_parser.parse(value).tzinfo
        except (ValueError, OverflowError):
            return None
    return None


def parsed(text: str, at: At) -> dt.datetime:
    """The moment that TEXT says, in the default zone where it names none (Airflow's ``timezone.parse``)."""
    try:
        found = dateutil_parser.isoparse(text)
    except ValueError:
        try:
            found = dateutil_parser.parse(text)
        except (ValueError, OverflowError):
            fail(at, "ValueError", f"Unable to parse string [{text}]", code="GF203")
    return found if found.tzinfo is not None else found.replace(tzinfo=default_zone(at))


def moment_value(value: Any) -> Any:
    """What the file sees of a start or end date that has been taken: a datetime in UTC, or a symbolic moment."""
    if not isinstance(value, Moment):
        return value
    return symbolic(value) if value.at is None else value.at


def symbolic(moment: Moment) -> Value:
    """The value of the file's world that a moving MOMENT is."""
    return MomentValue(moment)


def days_ago(at: At, n: Any, hour: Any = 0, minute: Any = 0, second: Any = 0, microsecond: Any = 0) -> Any:
    """``days_ago(n)`` of Airflow 2: midnight (or the time given), N days before today, in UTC."""
    unknown = first_unknown((n, hour, minute, second, microsecond))
    if unknown is not None:
        return unknown
    offset = -n * DAY_S + hour * 3600 + minute * 60 + second + microsecond / 1e6
    return symbolic(Moment(truncate="day", zone="UTC", offset_s=offset))


def utcnow(at: At) -> Any:
    """``timezone.utcnow()``."""
    return symbolic(Moment())


def timezone_names(session: Session) -> dict[str, Any]:
    """The module ``airflow.utils.timezone`` (``airflow.sdk.timezone``)."""
    return {
        "utc": dt.UTC,
        "utcnow": native("utcnow", utcnow),
        "utc_epoch": native("utc_epoch", lambda at: dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        "datetime": native("datetime", _datetime),
        "parse": native("parse", _parse),
        "convert_to_utc": native("convert_to_utc", _convert_to_utc),
        "make_aware": native("make_aware", _make_aware),
        "make_naive": native("make_naive", _make_naive),
        "coerce_datetime": native("coerce_datetime", _convert_to_utc),
        "is_localized": native("is_localized", lambda at, value: getattr(value, "tzinfo", None) is not None),
        "is_naive": native("is_naive", lambda at, value: getattr(value, "tzinfo", None) is None),
        "parse_timezone": native("parse_timezone", _parse_timezone),
        "local_timezone": native("local_timezone", lambda at: dt.UTC),
    }


def dates_names(session: Session) -> dict[str, Any]:
    """The module ``airflow.utils.dates`` of Airflow 2."""
    from goflow.parser.libraries.airflow.macros import date_range
    from goflow.parser.libraries.airflow.schedules import CRON_PRESETS

    ranges = function("date_range", date_range)
    return {"days_ago": native("days_ago", days_ago), "date_range": ranges, "cron_presets": dict(CRON_PRESETS)}


def _datetime(at: At, *args: Any, **kwargs: Any) -> Any:
    unknown = first_unknown((args, kwargs))
    if unknown is not None:
        return unknown
    return dt.datetime(*args, **{"tzinfo": default_zone(at), **kwargs})


def _parse(at: At, string: Any, timezone: Any = None, *, strict: Any = False) -> Any:
    if isinstance(string, Unknown):
        return string
    found = parsed(string, at)
    if isinstance(timezone, dt.tzinfo) and found.tzinfo is default_zone(at) and "+" not in string and "Z" not in string:
        return found.replace(tzinfo=timezone)
    return found


def _convert_to_utc(at: At, value: Any) -> Any:
    if isinstance(value, MomentValue):
        aware = value if value.aware else value.taken_as(default_zone(at))
        return Unknown(REASON, at) if aware is None else MomentValue(aware.moment.seen_in("UTC"))
    if not isinstance(value, dt.datetime):
        return value
    return (value if value.tzinfo else value.replace(tzinfo=default_zone(at))).astimezone(dt.UTC)


def _make_aware(at: At, value: Any, timezone: Any = None) -> Any:
    if isinstance(value, MomentValue) and not value.aware:
        return value.taken_as(timezone or default_zone(at)) or Unknown(REASON, at)
    if not isinstance(value, dt.datetime):
        return value
    if value.tzinfo is not None:
        fail(at, "ValueError", f"make_aware expects a naive datetime, got {value}")
    return value.replace(tzinfo=timezone or default_zone(at))


def _make_naive(at: At, value: Any, timezone: Any = None) -> Any:
    if isinstance(value, MomentValue):
        zone = name_of_zone(timezone or default_zone(at))
        known = zone is not None and value.aware
        return (
            MomentValue(value.moment.seen_in(str(zone)).taken_as("UTC"), aware=False) if known else Unknown(REASON, at)
        )
    if not isinstance(value, dt.datetime):
        return value
    return value.astimezone(timezone or default_zone(at)).replace(tzinfo=None)


def _parse_timezone(at: At, name: Any) -> Any:
    if isinstance(name, int):
        return dt.timezone(dt.timedelta(seconds=name))
    return zone_info(name)
