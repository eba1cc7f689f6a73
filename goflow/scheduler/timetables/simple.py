"""Timetables without ticks: by hand only, once, without a pause (``airflow.timetables.simple``)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from goflow.domain.spec import Dialect
from goflow.scheduler.timetables.base import Asked, RunInfo


@dataclass(frozen=True, slots=True)
class NeverTimetable:
    """No run by time of its own: triggered by hand, by assets, or told by the author's own class
    (`goflow.scheduler.foretold`)."""

    def next_run(self, asked: Asked) -> RunInfo | None:
        """None."""
        return None

    def manual_interval(self, run_after: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """The moment itself."""
        return run_after, run_after


@dataclass(frozen=True, slots=True)
class OnceTimetable(NeverTimetable):
    """One run, as soon as the start date allows; under Airflow 2 none without a start date."""

    def next_run(self, asked: Asked) -> RunInfo | None:
        """The one run, if it has not been."""
        bounds = asked.restriction
        if asked.last is not None or (bounds.earliest is None and asked.dialect is Dialect.AIRFLOW2):
            return None
        at = bounds.earliest or asked.now
        return None if bounds.latest is not None and at > bounds.latest else RunInfo.exact(at)


@dataclass(frozen=True, slots=True)
class ContinuousTimetable(NeverTimetable):
    """The next run begins where the last one ended."""

    def next_run(self, asked: Asked) -> RunInfo | None:
        """From the end of the last run's interval until now."""
        bounds, last, now = asked.restriction, asked.last, asked.now
        modern = asked.dialect is Dialect.AIRFLOW3
        if bounds.earliest is None and not modern:
            return None
        begin = bounds.earliest or now
        if last is None or last.start is None or last.end is None:
            start, end = begin, max(begin, now)
        elif last.end > now and modern:
            start, end = begin, begin + (last.end - last.start)
        else:
            start, end = last.end, now
        return None if bounds.latest is not None and end > bounds.latest else RunInfo.interval(start, end)
