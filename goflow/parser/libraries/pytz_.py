"""``pytz``: its own zones, whose bare use means local mean time, and its ``localize``."""

from __future__ import annotations

from typing import Any

import pytz

from goflow.parser.interpreter.session import Session
from goflow.parser.libraries.registry import function, module


@module("pytz")
def build(session: Session) -> dict[str, Any]:
    """``pytz``."""
    return {
        "timezone": function("timezone", lambda at, name: pytz.timezone(name)),
        "FixedOffset": function("FixedOffset", lambda at, minutes: pytz.FixedOffset(minutes)),
        "utc": pytz.utc,
        "UTC": pytz.utc,
        "UnknownTimeZoneError": session.exceptions["KeyError"],
        "all_timezones": list(pytz.all_timezones),
        "common_timezones": list(pytz.common_timezones),
    }
