"""Timetables as plain values: what ``schedule=`` means under either Airflow, before it becomes a `Schedule`.

Source: ``_create_timetable`` of ``airflow/sdk/definitions/dag.py`` (3.3), ``create_timetable`` of
``airflow/models/dag.py`` (2.11), and the timetable classes they name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from croniter import croniter
from dateutil.relativedelta import relativedelta

from goflow.domain.spec import Dialect

Delta = dt.timedelta | relativedelta

CRON_PRESETS: Mapping[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
DATA_INTERVAL_TIMETABLES = frozenset({"CronDataIntervalTimetable", "DeltaDataIntervalTimetable"})
ZERO = dt.timedelta()


class BadSchedule(ValueError):  # noqa: N818
    """A schedule that Airflow does not understand; the text is Airflow's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """One timetable object.

    NAME is its class, MODULE where the class is defined when it is the author's own. CRONS, ZONE and RUN_IMMEDIATELY
    belong to cron timetables, DELTA to those that go by a time delta, INTERVAL is the length of what a run of a
    trigger timetable stands for. CONDITION is an asset, a reference or an expression of them (values of
    `goflow.parser.libraries.airflow.assets`), TIME what triggers beside it. ARGUMENTS are the rest of what its author
    gave, for a timetable of their own; VALUE is the object then.
    """

    name: str
    module: str = ""
    crons: tuple[str, ...] = ()
    zone: str = "UTC"
    delta: Delta | None = None
    interval: Delta = ZERO
    run_immediately: Any = None
    condition: Any = None
    time: Timetable | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    can_be_scheduled: bool = True
    value: Any = field(default=None, compare=False, repr=False)

    @property
    def active_runs_limit(self) -> int | None:
        """How many runs of one DAG it allows at a time (Airflow's ``active_runs_limit``)."""
        if self.time is not None:
            return self.time.active_runs_limit
        return 1 if self.name == "ContinuousTimetable" else None

    @property
    def covers_interval(self) -> bool:
        """Whether a run stands for the stretch of time before it."""
        return self.name in DATA_INTERVAL_TIMETABLES

    def validate(self) -> None:
        """What Airflow checks when the DAG is bagged. Raises BadSchedule."""
        for cron in self.crons:
            try:
                croniter(cron)
            except (ValueError, KeyError, TypeError, AttributeError) as problem:  # the last for what is no text
                raise BadSchedule(str(problem)) from problem
        if self.delta is not None:
            now = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
            if now + self.delta <= now:
                raise BadSchedule(f"schedule interval must be positive, not {self.delta!r}")
        if self.time is not None:
            self.time.validate()


NULL = Timetable(name="NullTimetable", can_be_scheduled=False)
ONCE = Timetable(name="OnceTimetable")
CONTINUOUS = Timetable(name="ContinuousTimetable")


def from_plain(schedule: Any, zone: str, dialect: Dialect, *, covers: bool) -> Timetable:
    """The timetable of a plain ``schedule``: None, a preset, a cron expression or a delta.

    COVERS: its runs stand for the stretch of time before them. Raises BadSchedule.
    """
    if schedule is None:
        return NULL
    if isinstance(schedule, str):
        if schedule == "@once":
            return ONCE
        if schedule == "@continuous":
            return CONTINUOUS
        name = "CronDataIntervalTimetable" if covers else "CronTriggerTimetable"
        return cron(name, schedule, zone=zone)
    if isinstance(schedule, dt.timedelta | relativedelta):
        name = "DeltaDataIntervalTimetable" if covers else "DeltaTriggerTimetable"
        return Timetable(name=name, delta=plain_delta(schedule))
    what = "schedule_interval" if dialect is Dialect.AIRFLOW2 else "schedule"
    raise BadSchedule(f"{schedule!r} is not a valid {what}.")


def plain_delta(delta: Delta) -> Delta:
    """DELTA, or one of pendulum's with months or years in it, which count as calendar months, as a relativedelta."""
    years, months = getattr(delta, "years", 0), getattr(delta, "months", 0)
    if isinstance(delta, relativedelta) or not (years or months):
        return delta
    parts: Any = delta
    return relativedelta(
        years=years,
        months=months,
        days=parts.weeks * 7 + parts.remaining_days,
        hours=parts.hours,
        minutes=parts.minutes,
        seconds=parts.remaining_seconds,
        microseconds=parts.microseconds,
    )


def cron(name: str, *expressions: str, zone: str = "UTC", **more: Any) -> Timetable:
    """The cron timetable NAME over EXPRESSIONS, presets written out."""
    return Timetable(name=name, crons=tuple(CRON_PRESETS.get(text, text) for text in expressions), zone=zone, **more)


def zone_name(zone: dt.tzinfo | str | None) -> str:
    """The name of a time zone as Airflow shows it: an IANA name, or an offset such as ``+02:00``."""
    if zone is None:
        return "UTC"
    if isinstance(zone, str):
        return zone
    key = getattr(zone, "key", None) or getattr(zone, "zone", None)  # the second is pytz's
    if key:
        return str(key)
    offset = zone.utcoffset(None)
    if not offset:
        return "UTC"
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
