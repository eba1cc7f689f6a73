"""Dates and stretches of time: texts become what the argument is annotated as (``_FieldCoercer`` in ``builder.py``).

Airflow goes by the annotations of the constructor. Those of DAG, of every operator's own arguments and of the standard
provider and timetables are in the tables below; of other classes a text that may be a date stays unknown.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from dateutil.relativedelta import relativedelta

from goflow.parser.interpreter.values import At, Unknown

DATE, STRETCH, CALENDAR = "datetime", "timedelta", "timedelta or relativedelta"
DAG: Mapping[str, str] = {"start_date": DATE, "end_date": DATE, "dagrun_timeout": STRETCH}
BASE: Mapping[str, str] = {
    "start_date": DATE,
    "end_date": DATE,
    **dict.fromkeys(("retry_delay", "max_retry_delay", "sla", "execution_timeout"), STRETCH),
}
_TRIGGER = {"interval": CALENDAR, "run_immediately": STRETCH}
CLASSES: Mapping[str, Mapping[str, str]] = {
    "BranchDateTimeOperator": {"target_lower": DATE, "target_upper": DATE},
    "HITLOperator": {"response_timeout": STRETCH},
    "TriggerDagRunOperator": {"logical_date": DATE, "run_after": DATE},
    "DateTimeSensor": {"target_time": DATE},
    "ExternalTaskSensor": {"execution_delta": STRETCH},
    "ExternalTaskMarker": {"logical_date": DATE},
    "TimeDeltaSensor": {"delta": STRETCH},
    "WaitSensor": {"time_to_wait": STRETCH},
    "CronTriggerTimetable": _TRIGGER,
    "MultipleCronTriggerTimetable": _TRIGGER,
    "DeltaTriggerTimetable": {"delta": CALENDAR, "interval": CALENDAR},
    "DeltaDataIntervalTimetable": {"delta": CALENDAR},
    "EventsTimetable": {"event_dates": DATE},
}
_KNOWN = ("airflow.providers.standard.", "airflow.sdk.", "airflow.timetables.")
_ISO = re.compile(
    r"P(?=[\dYMWDT])(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=[\dHMS])(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?\Z"
)
_SHORT = re.compile(
    r"(?=\d)(?:(?P<weeks>\d+)w)?(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?\Z"
)


def kinds_of(path: str) -> Mapping[str, str] | None:
    """The arguments of the class at PATH that take dates or stretches of time; None where annotations are not known.

    Those of its own constructor alone: Airflow looks at no other.
    """
    return CLASSES.get(path.rpartition(".")[2], {}) if path.startswith(_KNOWN) else None


def as_argument(value: Any, kind: str | None, at: At) -> Any:
    """VALUE as an argument of that KIND takes it; as it is where it is no text of such a thing."""
    if kind == DATE:
        return _date(value)
    if kind in {STRETCH, CALENDAR} and isinstance(value, str):
        return _stretch(value, calendar=kind == CALENDAR, at=at)
    return value


def as_unknown_argument(value: Any, name: str, cls: str, at: At) -> Any:
    """VALUE for a class whose annotations are not known: Unknown where they would matter."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return Unknown(f"whether {name} of {cls} is annotated as a date", at)
    if isinstance(value, str) and (_date(value) is not value or _parts(value)):
        return Unknown(f"whether {name} of {cls} is annotated as a date or a stretch of time", at)
    return value


def _date(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return dt.datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time.min)
    return value


def _stretch(text: str, *, calendar: bool, at: At) -> Any:
    parts = _parts(text)
    if not parts:
        return text
    months = {unit: parts[unit] for unit in ("years", "months") if parts.get(unit)}
    if months:
        return relativedelta(**parts) if calendar else text  # type: ignore[arg-type]
    try:
        return dt.timedelta(**{unit: number for unit, number in parts.items() if unit not in {"years", "months"}})
    except OverflowError:
        return Unknown("a stretch of time that is too long", at)


def _parts(text: str) -> dict[str, int]:
    """The parts of a stretch of time; none where TEXT is no such thing."""
    found = _ISO.match(text) or _SHORT.match(text)
    return {unit: int(number) for unit, number in found.groupdict().items() if number} if found else {}
