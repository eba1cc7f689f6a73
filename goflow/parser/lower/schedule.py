"""Timetables to `Schedule`."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from dateutil.relativedelta import relativedelta

from goflow.domain.canonical import Json
from goflow.domain.spec import Dialect, Schedule
from goflow.parser.libraries.airflow.assets import BaseAsset, asset_keys
from goflow.parser.libraries.airflow.schedules import Timetable
from goflow.parser.lower.encoding import Encoder, relative_parts

Kind = Literal["none", "once", "continuous", "cron", "delta", "assets", "asset_or_time", "custom"]
_NAMED: dict[str, Kind] = {"NullTimetable": "none", "OnceTimetable": "once", "ContinuousTimetable": "continuous"}


def schedule_of(timetable: Timetable, dialect: Dialect) -> Schedule:
    """TIMETABLE as the scheduler gets it."""
    encode = Encoder()
    condition = timetable.condition
    known = isinstance(condition, BaseAsset)
    return Schedule(
        kind=_kind(timetable),
        timetable=timetable.name,
        crons=timetable.crons,
        timezone=timetable.zone,
        every_s=timetable.delta.total_seconds() if isinstance(timetable.delta, dt.timedelta) else None,
        relative=relative_parts(timetable.delta) if isinstance(timetable.delta, relativedelta) else None,
        interval=timetable.covers_interval,
        interval_s=timetable.interval.total_seconds() if isinstance(timetable.interval, dt.timedelta) else 0.0,
        run_immediately=encode(timetable.run_immediately),
        condition=condition.condition() if isinstance(condition, BaseAsset) else None,
        assets=asset_keys(condition, dialect) if known else (),
        time=schedule_of(timetable.time, dialect) if timetable.time is not None else None,
        arguments=_arguments(timetable, encode),
    )


def _kind(timetable: Timetable) -> Kind:
    if timetable.module:
        return "custom"
    if timetable.name in _NAMED:
        return _NAMED[timetable.name]
    if timetable.condition is not None:
        return "assets" if timetable.time is None else "asset_or_time"
    if timetable.crons:
        return "cron"
    return "delta" if timetable.delta is not None else "custom"


def _arguments(timetable: Timetable, encode: Encoder) -> dict[str, Json]:
    given: dict[str, Any] = dict(timetable.arguments)
    if isinstance(timetable.interval, relativedelta):
        given["interval"] = timetable.interval
    if timetable.module:
        given["class"] = f"{timetable.module}.{timetable.name}"
    return encode.mapping(given)
