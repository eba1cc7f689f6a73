"""Timetables whose runs stand for a moment and start at it (``airflow.timetables.trigger``), and lists of moments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from goflow.domain.spec import Dialect
from goflow.scheduler.timetables.base import Asked, RunInfo, Ticks, Timetable
from goflow.scheduler.timetables.cron import CronTicks

_LEAST_BUFFER = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TriggerTimetable:
    """A run at every tick. Its data interval is the LENGTH before the tick.

    IMMEDIATELY matters only to a first run without a start date: True takes the newest tick that has passed, a
    timedelta takes it if it is no older, False and None if it is no older than a tenth of the distance between ticks.
    """

    ticks: Ticks
    length: dt.timedelta = dt.timedelta()
    immediately: bool | dt.timedelta | None = False

    def next_run(self, asked: Asked) -> RunInfo | None:
        """The next tick that has not had its run."""
        at = self._next_tick(asked)
        latest = asked.restriction.latest
        if at is None or (latest is not None and latest < at):
            return None
        return RunInfo.interval(at - self.length, at)

    def manual_interval(self, run_after: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """The length before RUN_AFTER."""
        return run_after - self.length, run_after

    def _next_tick(self, asked: Asked) -> dt.datetime | None:
        earliest, last = asked.restriction.earliest, asked.last
        last_tick = None if last is None else last.end or last.run_after
        if asked.restriction.catchup:
            if last_tick is not None:
                return self.ticks.after(last_tick)
            if earliest is not None:
                return self.ticks.at_or_after(earliest)
            return self._first(asked.now) if asked.dialect is Dialect.AIRFLOW3 else None
        candidates = [self.ticks.at_or_before(asked.now)]
        if last_tick is not None:
            candidates.append(self.ticks.after(last_tick))
        elif earliest is None and asked.dialect is Dialect.AIRFLOW3:
            candidates.append(self._first(asked.now))
        if earliest is not None:
            candidates.append(self.ticks.at_or_after(earliest))
        return max(candidates)

    def _first(self, now: dt.datetime) -> dt.datetime:
        past = self.ticks.at_or_before(now)
        if self.immediately is True or not isinstance(self.ticks, CronTicks):
            return past
        following = self.ticks.at_or_after(now)
        if isinstance(self.immediately, dt.timedelta):
            buffer = self.immediately
        else:
            buffer = max((following - past) / 10, _LEAST_BUFFER)
        return past if now - past <= buffer else following


@dataclass(frozen=True, slots=True)
class PartitionTimetable:
    """A run at every tick that stands for a partition and has no data interval (``CronPartitionTimetable``): the one of
    the tick OFFSET ticks later. KEY writes a partition's moment as its key."""

    inner: TriggerTimetable
    offset: int
    key: Callable[[dt.datetime], str]

    def next_run(self, asked: Asked) -> RunInfo | None:
        """The next tick, with its partition."""
        found = self.inner.next_run(asked)
        return None if found is None else self._of(found.run_after, self._shifted(found.run_after))

    def manual_interval(self, run_after: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """The moment itself."""
        return run_after, run_after

    def partitions(self, first: dt.datetime, last: dt.datetime) -> Iterator[RunInfo]:
        """The runs of the partitions from FIRST to LAST, both included, as a backfill makes them: each may begin at its
        partition's own moment (``iter_partition_dagrun_infos``)."""
        at = self.inner.ticks.at_or_after(first)
        while at <= last:
            yield self._of(at, at)
            at = self.inner.ticks.after(at)

    def _of(self, run_after: dt.datetime, date: dt.datetime) -> RunInfo:
        return RunInfo(None, None, None, run_after, partition_key=self.key(date), partition_date=date)

    def _shifted(self, tick: dt.datetime) -> dt.datetime:
        following = self.inner.ticks.after if self.offset > 0 else self.inner.ticks.before
        for _ in range(abs(self.offset)):
            tick = following(tick)
        return tick


@dataclass(frozen=True, slots=True)
class EarliestOf:
    """Several timetables as one: a run whenever one of them wants one (``MultipleCronTriggerTimetable``)."""

    members: tuple[Timetable, ...]

    def next_run(self, asked: Asked) -> RunInfo | None:
        """The nearest of all; without catchup, the newest of those that are due."""
        found = [info for member in self.members if (info := member.next_run(asked)) is not None]
        if not found:
            return None
        if asked.restriction.catchup:
            return min(found, key=_logical)
        now = asked.now.timestamp()
        return min(found, key=lambda info: -_logical(info) if _logical(info) <= now else _logical(info))

    def manual_interval(self, run_after: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """The one that begins first."""
        return min((member.manual_interval(run_after) for member in self.members), key=lambda interval: interval[0])


def _logical(info: RunInfo) -> float:
    return (info.logical_date or info.run_after).timestamp()


@dataclass(frozen=True, slots=True)
class EventsTimetable:
    """Runs at listed moments (``airflow.timetables.events``)."""

    dates: tuple[dt.datetime, ...]
    restrict_to_events: bool = False

    def next_run(self, asked: Asked) -> RunInfo | None:
        """The next listed moment after the last run; without catchup, only moments to come."""
        earliest = asked.restriction.earliest
        if not asked.restriction.catchup and (earliest is None or asked.now > earliest):
            earliest = asked.now
        done = asked.last.end or asked.last.run_after if asked.last else None
        for at in self.dates:
            if (earliest is None or at >= earliest) and (done is None or at > done):
                latest = asked.restriction.latest
                return None if latest is not None and at > latest else RunInfo.exact(at)
        return None

    def manual_interval(self, run_after: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """RUN_AFTER itself; restricted to events, the newest event that has passed, else the first."""
        if not self.restrict_to_events or not self.dates:
            return run_after, run_after
        passed = [at for at in self.dates if at <= run_after]
        at = passed[-1] if passed else self.dates[0]
        return at, at
