"""Ticks of cron expressions and of steps (``airflow.timetables._cron``, ``._delta``), for timetables in this process.

croniter sees naive local times alone: a time that daylight saving skips moves on by the gap, one that comes twice means
its second coming; where the expression fires in every hour the elapsed time counts.
"""

import datetime as dt

from airflow._goflow import timezone as zones
from airflow._goflow import world


class CronMixin:
    """Ticks of a cron expression in a zone."""

    def __init__(self, cron, timezone):
        from airflow._goflow.dates import cron_presets

        self._args, self._kwargs = (cron,), {"timezone": timezone}
        self._expression = cron_presets.get(cron, cron)
        self._timezone = zones.parse_timezone(timezone) if isinstance(timezone, str) else timezone

    def __eq__(self, other):
        if not isinstance(other, type(self)):
            return NotImplemented
        return (self._expression, self._timezone) == (other._expression, other._timezone)

    def __hash__(self):
        return hash((self._expression, self._timezone))

    @property
    def summary(self):
        """The expression."""
        return self._expression

    def validate(self):
        """Raises AirflowTimetableInvalid for what is no cron expression."""
        from croniter import CroniterBadCronError, CroniterBadDateError

        from airflow._goflow.exceptions import AirflowTimetableInvalid

        try:
            self._cron(None)
        except (CroniterBadCronError, CroniterBadDateError) as problem:
            raise AirflowTimetableInvalid(str(problem)) from problem

    def _cron(self, naive):
        try:
            from croniter import croniter
        except ImportError:
            raise ImportError("cron timetables need the package croniter where they are asked") from None
        return croniter(self._expression) if naive is None else croniter(self._expression, start_time=naive)

    def _get_next(self, current):
        """The first tick after CURRENT."""
        return self._step(current, forward=True)

    def _get_prev(self, current):
        """The last tick before CURRENT."""
        return self._step(current, forward=False)

    def _step(self, current, *, forward):
        naive = zones.make_naive(current, self._timezone)
        cron = self._cron(naive)
        found = cron.get_next(dt.datetime) if forward else cron.get_prev(dt.datetime)
        if cron.expanded[1] != ["*"]:
            return zones.convert_to_utc(zones.make_aware(found, self._timezone))
        return zones.convert_to_utc(current + (found - naive))

    def _align_to_next(self, current):
        """CURRENT if it is a tick, else the next."""
        following = self._get_next(current)
        return current if self._get_prev(following) == current else following

    def _align_to_prev(self, current):
        """CURRENT if it is a tick, else the one before."""
        before = self._get_prev(current)
        return current if self._get_next(before) == current else before

    def _skip_to_latest(self, earliest):
        """Where a DAG without catchup begins: the newest interval that is over, or that begins right now."""
        now = zones.coerce_datetime(zones.utcnow())
        last = self._get_prev(now)
        start = last if self._get_next(last) == now else self._get_prev(last)
        return start if earliest is None else max(start, self._align_to_next(earliest))


class DeltaMixin:
    """Steps of a delta from wherever one begins."""

    def __init__(self, delta):
        self._args, self._kwargs = (delta,), {}
        self._delta = delta

    def __eq__(self, other):
        if not isinstance(other, type(self)):
            return NotImplemented
        return self._delta == other._delta

    def __hash__(self):
        return hash(self._delta)

    @property
    def summary(self):
        """The delta."""
        return str(self._delta)

    def validate(self):
        """Raises AirflowTimetableInvalid for a step that is not forward."""
        from airflow._goflow.exceptions import AirflowTimetableInvalid

        now = dt.datetime.now()
        if now + self._delta <= now:
            raise AirflowTimetableInvalid(f"schedule interval must be positive, not {self._delta!r}")

    def _get_next(self, current):
        return zones.convert_to_utc(current + self._delta)

    def _get_prev(self, current):
        return zones.convert_to_utc(current - self._delta)

    def _align_to_next(self, current):
        return current

    def _align_to_prev(self, current):
        return current

    def _skip_to_latest(self, earliest):
        """Where a DAG without catchup begins: one step before now, on the grid."""
        now = zones.coerce_datetime(zones.utcnow())
        start = self._get_prev(self._round(now, earliest or now))
        return start if earliest is None else max(start, earliest)

    def _round(self, now, anchor):
        """NOW, down to the grid: multiples of the step since 1970, but for months and years in Airflow 3, which are
        counted from ANCHOR step by step."""
        step = self._delta
        if isinstance(step, dt.timedelta):
            seconds = step.total_seconds()
        else:
            if not world.is_airflow2() and (step.months or step.years):
                boundary = anchor
                while (following := self._get_next(boundary)) <= now:
                    boundary = following
                return boundary
            days = step.years * 365 + step.months * 30 + step.days
            seconds = days * 86400 + step.hours * 3600 + step.minutes * 60 + step.seconds
        at = now.timestamp()
        return zones.coerce_datetime(dt.datetime.fromtimestamp(at - at % seconds, tz=dt.timezone.utc))
