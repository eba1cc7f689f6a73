"""Cron expressions in a time zone, with Airflow's own rules for the hours that daylight saving skips or repeats.

croniter only ever sees naive local times, as in ``airflow.timetables._cron``: handed aware ones it fires a daily
expression twice in the night in which clocks go back. The zone is put back afterwards: a time that is skipped moves
on by the gap, one that comes twice means its second coming. Expressions that fire in every hour are the exception:
there the elapsed time counts, so that both hours of the repeated pair get their runs.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass

from croniter import croniter
from croniter.croniter import CroniterError

from goflow.domain.moments import localized
from goflow.domain.spec import Dialect
from goflow.scheduler.timetables.base import ScheduleError


@dataclass(frozen=True, slots=True)
class CronTicks:
    """The moments of EXPRESSION (five or six fields, presets written out) in ZONE."""

    expression: str
    zone: dt.tzinfo

    def after(self, moment: dt.datetime) -> dt.datetime:
        """The first tick after MOMENT. Raises ScheduleError when the expression has none in croniter's horizon."""
        naive = moment.astimezone(self.zone).replace(tzinfo=None)
        found = self._step(naive, forward=True)
        if not covers_every_hour(self.expression):
            return attach_zone(found, self.zone)
        return moment + (found - naive)

    def before(self, moment: dt.datetime) -> dt.datetime:
        """The last tick before MOMENT. Raises ScheduleError as ``after`` does."""
        naive = moment.astimezone(self.zone).replace(tzinfo=None)
        found = self._step(naive, forward=False)
        if not covers_every_hour(self.expression):
            return attach_zone(found, self.zone)
        return moment - (naive - found)

    def at_or_after(self, moment: dt.datetime) -> dt.datetime:
        """MOMENT if it is a tick, else the next."""
        following = self.after(moment)
        return moment if self.before(following) == moment else following

    def at_or_before(self, moment: dt.datetime) -> dt.datetime:
        """MOMENT if it is a tick, else the one before."""
        previous = self.before(moment)
        return moment if self.after(previous) == moment else previous

    def newest_interval(self, earliest: dt.datetime | None, now: dt.datetime, dialect: Dialect) -> dt.datetime:
        """Start of the newest interval that is over at NOW; at a tick, of the one that ends with it."""
        last_start = self.before(now)
        next_start = self.after(last_start)
        start = last_start if next_start == now else self.before(last_start)
        return start if earliest is None else max(start, self.at_or_after(earliest))

    def _step(self, naive: dt.datetime, *, forward: bool) -> dt.datetime:
        try:
            cron = croniter(self.expression, start_time=naive)
            return cron.get_next(dt.datetime) if forward else cron.get_prev(dt.datetime)
        except (CroniterError, ValueError, KeyError) as problem:
            raise ScheduleError(f"cron expression {self.expression!r}: {problem}") from None


@functools.lru_cache(maxsize=4096)
def covers_every_hour(expression: str) -> bool:
    """Whether the hour field is a plain ``*``, as croniter has normalised it (Airflow's ``_covers_every_hour``)."""
    try:
        return bool(croniter(expression).expanded[1] == ["*"])
    except (CroniterError, ValueError, KeyError) as problem:
        raise ScheduleError(f"cron expression {expression!r}: {problem}") from None


def attach_zone(naive: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The moment, in UTC, that clocks in ZONE show as NAIVE: skipped times move on, repeated ones are the second."""
    return localized(naive, zone).astimezone(dt.UTC)
