"""Dates and stretches of time as dag-factory reads them (``get_datetime``, ``get_time_delta`` of its ``utils.py``)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pendulum

from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.values import At, Unknown, Value, raised
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.dagfactory.shapes import EXCEPTION, refuse
from goflow.parser.libraries.moments import now

_STRETCH = re.compile(
    r"((?P<hours>\d+?)\s+hour)?((?P<minutes>\d+?)\s+minute)?((?P<seconds>\d+?)\s+second)?((?P<days>\d+?)\s+day)?",
    re.IGNORECASE,
)
_TIME_ALONE = re.compile(r"\s*T?\d{1,2}:\d\d")


def date_of(value: Any, timezone: Any, at: At) -> Any:
    """A start or end date: a date, its text, or how long before today's midnight in TIMEZONE (``2 days``).

    The zone replaces the one that the value has. What counts from today stays symbolic.
    """
    if isinstance(value, Unknown) or isinstance(timezone, Unknown):
        return value if isinstance(value, Unknown) else timezone
    zone = _zone(timezone, at)
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=zone)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time.min).replace(tzinfo=zone)
    if isinstance(value, Value):
        return _of_today(value, at)
    if not isinstance(value, str):
        raised(at, "TypeError", f"a date is expected, not '{type_name(value)}'")
    if value == "now":
        return now(zone=str(timezone))
    if _TIME_ALONE.match(value):
        return Unknown("the current date", at)
    try:
        found = pendulum.parse(value)
    except ValueError:  # pendulum's ParserError
        return now(zone=str(timezone), truncate="day").moved(-stretch_of(value, at).total_seconds())
    if not isinstance(found, dt.datetime):
        raised(at, "TypeError", f"{value!r} is no date")
    return found.replace(tzinfo=zone)


def _of_today(value: Value, at: At) -> Any:
    """A symbolic moment that the file made itself; all else is refused."""
    if hasattr(value, "moment"):
        return Unknown("the zone of a date that counts from today", at)
    return raised(at, "TypeError", f"a date is expected, not '{value.type_name}'")


def _zone(name: Any, at: At) -> Any:
    try:
        return pendulum.timezone(name)
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        fail(at, "ValueError", f"there is no time zone {name!r}", code="GF406")


def stretch_of(text: Any, at: At) -> Any:
    """A stretch of time: ``1 hour``, ``10 days``; of ``1 day 2 hours`` only the first counts."""
    if isinstance(text, Unknown):
        return text
    if not isinstance(text, str):
        raised(at, "TypeError", f"expected string or bytes-like object, got '{type_name(text)}'")
    found = _STRETCH.match(text)
    parts = {unit: int(number) for unit, number in found.groupdict().items() if number} if found else {}
    if not parts:
        hint = "write it as '2 days' or '1 hour', or as a date"
        refuse(at, f"Invalid relative time: {text}", hint, EXCEPTION)
    return dt.timedelta(**parts)
