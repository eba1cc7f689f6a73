"""What every timetable speaks of: the run that comes next, and what restricts it; and the pattern of data intervals.

The rules are Airflow's (``airflow.timetables.base``, ``.interval``); moments are aware and in UTC throughout.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from goflow.domain.errors import GoFlowError
from goflow.domain.spec import Dialect


class ScheduleError(GoFlowError):
    """The schedule cannot be followed"""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run as its timetable makes it (Airflow's DagRunInfo): which stretch of time it is for, and when it may start.

    ``start``, ``end`` and ``logical_date`` are None for timetables whose runs stand for no stretch of time; those of
    partitions have a ``partition_key``, and the moment that it stands for.
    """

    logical_date: dt.datetime | None
    start: dt.datetime | None
    end: dt.datetime | None
    run_after: dt.datetime
    partition_key: str | None = None
    partition_date: dt.datetime | None = None

    @classmethod
    def interval(cls, start: dt.datetime, end: dt.datetime) -> RunInfo:
        """A run for the time from START to END; it may start at END."""
        return cls(start, start, end, end)

    @classmethod
    def exact(cls, at: dt.datetime) -> RunInfo:
        """A run for the moment AT."""
        return cls(at, at, at, at)


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a DAG's own dates allow (Airflow's TimeRestriction): EARLIEST and LATEST logical date, and CATCHUP."""

    earliest: dt.datetime | None = None
    latest: dt.datetime | None = None
    catchup: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a timetable: after LAST (None: there was none), within RESTRICTION, at NOW, in DIALECT."""

    last: RunInfo | None
    restriction: Restriction
    now: dt.datetime
    dialect: Dialect = Dialect.AIRFLOW3


class Timetable(Protocol):
    """When the runs of a DAG begin. Pure: the time is part of the question."""

    def next_run(self, asked: Asked) -> RunInfo | None:
        """The run after ``asked.last``; None when there is none. Raises ScheduleError."""

    def manual_interval(self, run_after: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """The data interval of a run that somebody starts by hand at RUN_AFTER."""


class Ticks(Protocol):
    """A sequence of moments without beginning: the ticks of a cron expression, or steps of a delta."""

    def after(self, moment: dt.datetime) -> dt.datetime:
        """The first tick after MOMENT."""

    def before(self, moment: dt.datetime) -> dt.datetime:
        """The last tick before MOMENT."""

    def at_or_after(self, moment: dt.datetime) -> dt.datetime:
        """MOMENT if it is a tick, else the next."""

    def at_or_before(self, moment: dt.datetime) -> dt.datetime:
        """MOMENT if it is a tick, else the one before."""

    def newest_interval(self, earliest: dt.datetime | None, now: dt.datetime, dialect: Dialect) -> dt.datetime:
        """Start of the newest interval that is over at NOW: where a DAG without catchup begins."""


@dataclass(frozen=True, slots=True)
class IntervalTimetable:
    """Runs cover the time between two ticks and start at its end (Airflow's ``_DataIntervalTimetable``)."""

    ticks: Ticks

    def next_run(self, asked: Asked) -> RunInfo | None:
        """The next interval that has not had its run."""
        bounds, last = asked.restriction, asked.last
        earliest = bounds.earliest
        if not bounds.catchup:
            earliest = self.ticks.newest_interval(earliest, asked.now, asked.dialect)
        elif earliest is not None:
            earliest = self.ticks.at_or_after(earliest)
        if last is None or last.start is None or last.end is None:
            if earliest is None:
                return None
            start = earliest
        else:
            start = self._after_last(last.start, last.end, earliest, asked.dialect)
        if bounds.latest is not None and start > bounds.latest:
            return None
        return RunInfo.interval(start, self.ticks.after(start))

    def manual_interval(self, run_after: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """The last whole interval before RUN_AFTER."""
        end = self.ticks.at_or_before(run_after)
        return self.ticks.before(end), end

    def _after_last(
        self, last_start: dt.datetime, last_end: dt.datetime, earliest: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime:
        # The schedule may have changed since the last run: its end is moved to a tick of today's schedule.
        start = self.ticks.at_or_before(last_end)
        if earliest is not None:
            start = max(start, earliest)
        if dialect is Dialect.AIRFLOW3 and start <= last_start:
            start = self.ticks.after(start)
            if start <= last_start:
                raise ScheduleError(f"it does not advance past {last_start.isoformat()}")
        return start
