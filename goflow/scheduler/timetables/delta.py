"""Schedules of a fixed step, ``timedelta`` or ``relativedelta`` (``airflow.timetables._delta`` and ``.interval``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dateutil.relativedelta import relativedelta, weekday

from goflow.domain.canonical import Json
from goflow.domain.spec import Dialect
from goflow.scheduler.timetables.base import ScheduleError

Step = dt.timedelta | relativedelta


@dataclass(frozen=True, slots=True)
class DeltaTicks:
    """Steps of DELTA from wherever one starts: every moment is a tick."""

    delta: Step

    def after(self, moment: dt.datetime) -> dt.datetime:
        """One step on."""
        return moment + self.delta

    def before(self, moment: dt.datetime) -> dt.datetime:
        """One step back."""
        return moment - self.delta

    def at_or_after(self, moment: dt.datetime) -> dt.datetime:
        """MOMENT itself."""
        return moment

    def at_or_before(self, moment: dt.datetime) -> dt.datetime:
        """MOMENT itself."""
        return moment

    def newest_interval(self, earliest: dt.datetime | None, now: dt.datetime, dialect: Dialect) -> dt.datetime:
        """One step before NOW, cut down to the grid."""
        start = self.before(self._cut(now, earliest or now, dialect))
        return start if earliest is None else max(start, earliest)

    def _cut(self, now: dt.datetime, anchor: dt.datetime, dialect: Dialect) -> dt.datetime:
        """NOW, down to a multiple of the step since 1970; Airflow 3 goes by calendar from ANCHOR for months and years.

        Step by step and not multiplied, since January 31 and two months is another day than one month and one more.
        """
        if isinstance(self.delta, relativedelta) and dialect is Dialect.AIRFLOW3:  # noqa: SIM102
            if self.delta.months or self.delta.years:
                boundary = anchor
                while (following := self.after(boundary)) <= now:
                    boundary = following
                return boundary
        seconds = now.timestamp()
        return dt.datetime.fromtimestamp(seconds - seconds % self._seconds(), tz=dt.UTC)

    def _seconds(self) -> float:
        step = self.delta
        if isinstance(step, dt.timedelta):
            return step.total_seconds()
        days = step.years * 365 + step.months * 30 + step.days
        return days * 86400 + step.hours * 3600 + step.minutes * 60 + step.seconds


def step_of(every_s: float | None, relative: Mapping[str, Json] | None) -> Step:
    """The step of a schedule: RELATIVE (relativedelta's own arguments) or EVERY_S seconds. Raises ScheduleError."""
    step: Step = _relative(relative) if relative else dt.timedelta(seconds=every_s or 0)
    sample = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    if sample + step <= sample:
        raise ScheduleError(f"the step must be positive, not {step!r}")
    return step


def _relative(given: Mapping[str, Json]) -> relativedelta:
    arguments: dict[str, Any] = dict(given)
    day = arguments.pop("weekday", None)
    if isinstance(day, list):
        arguments["weekday"] = weekday(int(day[0]), int(day[1]) if len(day) > 1 and day[1] is not None else None)
    elif day is not None:
        arguments["weekday"] = weekday(int(day))
    try:
        return relativedelta(**arguments)
    except (TypeError, ValueError) as problem:
        raise ScheduleError(f"relativedelta: {problem}") from None
