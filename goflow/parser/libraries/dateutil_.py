"""``dateutil`` and ``pytz``."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.parser
from dateutil import relativedelta as relative

from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, raised
from goflow.parser.libraries.datetimes import host_class
from goflow.parser.libraries.registry import function, module


def _zone(at: At, name: str) -> Any:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        raised(at, "ValueError", f"unknown time zone {name!r}")


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
    parse = function("parse", lambda at, text, **options: dateutil.parser.parse(text, **options))
    return {"parse": parse, "isoparse": function("isoparse", lambda at, text: dateutil.parser.isoparse(text))}


@module("dateutil.tz")
def build_tz(session: Session) -> dict[str, Any]:
    """``dateutil.tz``."""
    return {
        "gettz": function("gettz", _zone),
        "tzutc": function("tzutc", lambda at: dt.UTC),
        "UTC": dt.UTC,
        "tzlocal": function("tzlocal", lambda at: dt.UTC),
    }


@module("pytz")
def build_pytz(session: Session) -> dict[str, Any]:
    """``pytz``."""
    return {"timezone": function("timezone", _zone), "utc": ZoneInfo("UTC"), "UTC": ZoneInfo("UTC")}
