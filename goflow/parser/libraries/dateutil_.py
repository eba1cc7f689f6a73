"""``dateutil``."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.parser
from dateutil import relativedelta as relative

from goflow.parser.interpreter import host
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, raised
from goflow.parser.libraries.datetimes import host_class
from goflow.parser.libraries.registry import function, module

_DEFAULTS = (dt.datetime(2000, 1, 1), dt.datetime(2001, 2, 2))
"""Two days that have no part in common."""


def _zone(at: At, name: str) -> Any:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        raised(at, "ValueError", f"unknown time zone {name!r}")


def _parse(at: At, text: str, **options: Any) -> Any:
    """``parse``: what the text does not say is taken from the current date."""
    if "default" in options:
        return dateutil.parser.parse(text, **options)
    one, other = (dateutil.parser.parse(text, default=day, **options) for day in _DEFAULTS)
    return one if one == other else Unknown("the current date", at)


host.CALLABLE.add(relative.weekday)


@module("dateutil")
def build(session: Session) -> dict[str, Any]:
    """``dateutil``."""
    return {}


@module("dateutil.relativedelta")
def build_relativedelta(session: Session) -> dict[str, Any]:
    """``dateutil.relativedelta``."""
    days = {name: getattr(relative, name) for name in ("MO", "TU", "WE", "TH", "FR", "SA", "SU")}
    return {"relativedelta": host_class(relative.relativedelta, "dateutil.relativedelta"), **days}


@module("dateutil.parser")
def build_parser(session: Session) -> dict[str, Any]:
    """``dateutil.parser``."""
    isoparse = function("isoparse", lambda at, text: dateutil.parser.isoparse(text))
    return {"parse": function("parse", _parse), "isoparse": isoparse}


@module("dateutil.tz")
def build_tz(session: Session) -> dict[str, Any]:
    """``dateutil.tz``."""
    return {
        "gettz": function("gettz", _zone),
        "tzutc": function("tzutc", lambda at: dt.UTC),
        "UTC": dt.UTC,
        "tzlocal": function("tzlocal", lambda at: dt.UTC),
    }
