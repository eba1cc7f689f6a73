"""Airflow's own timetables, but for those by assets: what authors derive their classes from, or ask.

The scheduler follows these classes by itself; here they answer where somebody's code in this process asks them.
"""

import datetime as dt
import uuid

from airflow._goflow import timezone as zones
from airflow._goflow import world
from airflow._goflow.timetable_rules import CronMixin, DeltaMixin
from airflow._goflow.timetables import DagRunInfo, DataInterval, Timetable

_NO_TIME = dt.timedelta()


class _DataIntervalTimetable(Timetable):
    """Runs stand for the time between two ticks and begin at its end."""

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """The next interval that has had no run."""
        earliest, last = restriction.earliest, last_automated_data_interval
        if not restriction.catchup:
            earliest = self._skip_to_latest(earliest)
        elif earliest is not None:
            earliest = self._align_to_next(earliest)
        if last is None:
            if earliest is None:
                return None
            start = earliest
        else:
            start = self._align_to_prev(last.end)
            start = start if earliest is None else max(start, earliest)
            if not world.is_airflow2() and start <= last.start:
                start = self._get_next(start)
                if start <= last.start:
                    raise ValueError(f"{type(self).__name__} timetable did not advance past {last.start}")
        if restriction.latest is not None and start > restriction.latest:
            return None
        return DagRunInfo.interval(start, self._get_next(start))


class CronDataIntervalTimetable(CronMixin, _DataIntervalTimetable):
    """Between the ticks of a cron expression."""

    def serialize(self):
        """As a map."""
        return {"expression": self._expression, "timezone": zone_text(self._timezone)}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls(data["expression"], zones.parse_timezone(data["timezone"]))

    def infer_manual_data_interval(self, *, run_after):
        """The last interval that was over."""
        end = self._align_to_prev(run_after)
        return DataInterval(self._get_prev(end), end)


class DeltaDataIntervalTimetable(DeltaMixin, _DataIntervalTimetable):
    """In steps of a delta."""

    def serialize(self):
        """As a map."""
        return {"delta": _delta_value(self._delta)}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls(_delta_of(data["delta"]))

    def infer_manual_data_interval(self, run_after):
        """The step before."""
        return DataInterval(self._get_prev(run_after), run_after)


class _TriggerTimetable(Timetable):
    """Runs begin at a tick; their interval is a length of its own before it."""

    _interval = _NO_TIME

    def infer_manual_data_interval(self, *, run_after):
        """That length before RUN_AFTER."""
        return DataInterval(zones.coerce_datetime(run_after - self._interval), run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """The next tick that has had no run."""
        at = self._next_tick(last_automated_data_interval, restriction)
        if at is None or (restriction.latest is not None and restriction.latest < at):
            return None
        return DagRunInfo.interval(zones.coerce_datetime(at - self._interval), at)

    def _next_tick(self, last, restriction):
        earliest, first = restriction.earliest, not world.is_airflow2()
        if restriction.catchup:
            if last is not None:
                return self._get_next(last.end)
            if earliest is not None:
                return self._align_to_next(earliest)
            return self._calc_first_run() if first else None
        found = [self._align_to_prev(zones.coerce_datetime(zones.utcnow()))]
        if last is not None:
            found.append(self._get_next(last.end))
        elif earliest is None and first:
            found.append(self._calc_first_run())
        if earliest is not None:
            found.append(self._align_to_next(earliest))
        return max(found)


class DeltaTriggerTimetable(DeltaMixin, _TriggerTimetable):
    """At steps of a delta."""

    def __init__(self, delta, *, interval=_NO_TIME):
        super().__init__(delta)
        self._kwargs, self._interval = {"interval": interval}, interval

    def serialize(self):
        """As a map."""
        return {"delta": _delta_value(self._delta), "interval": _delta_value(self._interval)}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls(_delta_of(data["delta"]), interval=_delta_of(data["interval"]))

    def _calc_first_run(self):
        return self._align_to_prev(zones.coerce_datetime(zones.utcnow()))


class CronTriggerTimetable(CronMixin, _TriggerTimetable):
    """At the ticks of a cron expression."""

    def __init__(self, cron, *, timezone, interval=_NO_TIME, run_immediately=False):
        super().__init__(cron, timezone)
        self._kwargs = {"timezone": timezone, "interval": interval, "run_immediately": run_immediately}
        self._interval, self._run_immediately = interval, run_immediately

    def serialize(self):
        """As a map."""
        told = {
            "expression": self._expression,
            "timezone": zone_text(self._timezone),
            "interval": _delta_value(self._interval),
        }
        at_once = self._run_immediately
        at_once = at_once.total_seconds() if isinstance(at_once, dt.timedelta) else at_once
        return told if world.is_airflow2() else {**told, "run_immediately": at_once}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        more = {} if world.is_airflow2() else {"run_immediately": _immediately(data.get("run_immediately", False))}
        zone = zones.parse_timezone(data["timezone"])
        return cls(data["expression"], timezone=zone, interval=_delta_of(data["interval"]), **more)

    def _calc_first_run(self):
        """Of a DAG without a start date: the tick that has passed, if it is recent enough, else the next."""
        now = zones.coerce_datetime(zones.utcnow())
        past, following = self._align_to_prev(now), self._align_to_next(now)
        if self._run_immediately is True:
            return past
        buffer = self._run_immediately
        if not isinstance(buffer, dt.timedelta):
            buffer = max((following - past) / 10, dt.timedelta(minutes=5))
        return past if now - past <= buffer else following


class CronPartitionTimetable(CronTriggerTimetable):
    """At the ticks of a cron expression, each for a partition: that of the tick, or of one so many ticks away."""

    partitioned = True

    def __init__(self, cron, *, timezone, run_offset=None, run_immediately=False, key_format="%Y-%m-%dT%H:%M:%S"):
        if not isinstance(run_offset, (int, type(None))):
            raise ValueError("run_offset must be a whole number")
        super().__init__(cron, timezone=timezone, run_immediately=run_immediately)
        self._kwargs = {"timezone": timezone, "run_offset": run_offset, "run_immediately": run_immediately,
                        "key_format": key_format}  # fmt: skip
        self._run_offset, self._key_format = run_offset or 0, key_format

    def serialize(self):
        """As a map."""
        told = super().serialize()
        del told["interval"]
        return {**told, "run_offset": self._run_offset, "key_format": self._key_format}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        zone, at_once = zones.parse_timezone(data["timezone"]), _immediately(data.get("run_immediately", False))
        more = {"run_offset": data["run_offset"], "key_format": data["key_format"]}
        return cls(cron=data["expression"], timezone=zone, run_immediately=at_once, **more)

    def next_dagrun_info_v2(self, *, last_dagrun_info, restriction):
        """The next tick that has had no run, with its partition."""
        last = None if last_dagrun_info is None else DataInterval.exact(last_dagrun_info.run_after)
        at = self._next_tick(last, restriction)
        if at is None or (restriction.latest is not None and restriction.latest < at):
            return None
        date, key = self._get_partition_info(at)
        return DagRunInfo(run_after=at, data_interval=None, partition_date=date, partition_key=key)

    def generate_run_id(self, *, run_type, run_after, data_interval=None, **extra):
        """With the key, and random digits."""
        key = extra.get("partition_key")
        parts = [run_after.isoformat(), *([key] if key else []), uuid.uuid4().hex[:8]]
        return run_type.generate_run_id(suffix="__".join(parts))

    def _get_partition_info(self, run_date):
        date = zones.coerce_datetime(run_date)
        following = self._get_next if self._run_offset > 0 else self._get_prev
        for _ in range(abs(self._run_offset)):
            date = following(date)
        return date, self._format_key(date)

    def _format_key(self, partition_date):
        return partition_date.in_timezone(self._timezone).strftime(self._key_format)


class MultipleCronTriggerTimetable(Timetable):
    """At the ticks of several expressions."""

    def __init__(self, *crons, timezone, interval=_NO_TIME, run_immediately=False):
        if not crons:
            raise ValueError("cron expression required")
        super().__init__(*crons, timezone=timezone, interval=interval, run_immediately=run_immediately)
        self._timetables = [
            CronTriggerTimetable(cron, timezone=timezone, interval=interval, run_immediately=run_immediately)
            for cron in crons
        ]

    @property
    def summary(self):
        """The expressions."""
        return ", ".join(member.summary for member in self._timetables)

    def serialize(self):
        """As a map."""
        told = self._timetables[0].serialize()
        del told["expression"]
        return {"expressions": [member._expression for member in self._timetables], **told}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        more = {"run_immediately": _immediately(data.get("run_immediately", False))}
        zone = zones.parse_timezone(data["timezone"])
        return cls(*data["expressions"], timezone=zone, interval=_delta_of(data["interval"]), **more)

    def infer_manual_data_interval(self, *, run_after):
        """The one that begins first."""
        found = [member.infer_manual_data_interval(run_after=run_after) for member in self._timetables]
        return min(found, key=lambda interval: interval.start)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """The nearest of all; without catchup, the newest of those that are due."""
        now = zones.utcnow().timestamp()
        found = [
            info
            for member in self._timetables
            if (
                info := member.next_dagrun_info(
                    last_automated_data_interval=last_automated_data_interval, restriction=restriction
                )
            )
            is not None
        ]

        def distance(info):
            at = info.logical_date.timestamp()
            return at if restriction.catchup or at > now else -at

        return min(found, key=distance, default=None)


class _Trivial(Timetable):
    """Without ticks."""

    periodic = False
    run_ordering = ("logical_date",)

    def __eq__(self, other):
        return True if isinstance(other, type(self)) else NotImplemented

    def __hash__(self):
        return hash(type(self).__name__)

    def infer_manual_data_interval(self, *, run_after):
        """The moment itself."""
        return DataInterval.exact(run_after)


class NullTimetable(_Trivial):
    """By hand only."""

    can_be_scheduled = False
    description, summary = "Never, external triggers only", "None"

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """None."""
        return


class OnceTimetable(_Trivial):
    """One run, as soon as may be."""

    description, summary = "Once, as soon as possible", "@once"

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """The one run, if it has not been."""
        earliest = restriction.earliest
        if last_automated_data_interval is not None or (earliest is None and world.is_airflow2()):
            return None
        at = earliest or zones.coerce_datetime(zones.utcnow())
        return None if restriction.latest is not None and at > restriction.latest else DagRunInfo.exact(at)


class ContinuousTimetable(_Trivial):
    """The next run begins where the last one ended."""

    active_runs_limit = 1
    description, summary = "As frequently as possible, but only one run at a time.", "@continuous"

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """From the end of the last run's interval until now."""
        now, last = zones.coerce_datetime(zones.utcnow()), last_automated_data_interval
        if restriction.earliest is None and world.is_airflow2():
            return None
        begin = restriction.earliest or now
        if last is None:
            start, end = begin, max(begin, now)
        elif last.end > now and not world.is_airflow2():
            start, end = begin, begin + (last.end - last.start)
        else:
            start, end = last.end, now
        return None if restriction.latest is not None and end > restriction.latest else DagRunInfo.interval(start, end)


class EventsTimetable(Timetable):
    """At listed moments."""

    def __init__(self, event_dates, restrict_to_events=False, presorted=False, description=None):
        self.event_dates = list(event_dates)
        more = {"restrict_to_events": restrict_to_events, "presorted": presorted, "description": description}
        super().__init__(event_dates=list(self.event_dates), **{name: value for name, value in more.items() if value})
        if not presorted:
            self.event_dates.sort()
        self.restrict_to_events = restrict_to_events
        self.description = description or f"{len(self.event_dates)} events"
        self._summary = self.description

    @property
    def summary(self):
        """How many there are, or the description."""
        return self._summary

    def serialize(self):
        """As a map."""
        return {
            "event_dates": [at.isoformat(sep="T") for at in self.event_dates],
            "restrict_to_events": self.restrict_to_events,
            "description": self.description,
            "_summary": self._summary,
        }

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        dates = [zones.parse(text) for text in data["event_dates"]]
        made = cls(dates, data["restrict_to_events"], presorted=True, description=data["description"])
        made._summary = data["_summary"]
        return made

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """The next listed moment after the last run; without catchup, only moments to come."""
        earliest, last, now = restriction.earliest, last_automated_data_interval, zones.coerce_datetime(zones.utcnow())
        if not restriction.catchup and (earliest is None or now > earliest):
            earliest = now
        for at in self.event_dates:
            if (earliest is None or at >= earliest) and (last is None or at > last.end):
                late = restriction.latest is not None and at > restriction.latest
                return None if late else DagRunInfo.exact(at)
        return None

    def infer_manual_data_interval(self, *, run_after):
        """RUN_AFTER itself; restricted to events, the newest event that has passed, else the first."""
        if not self.restrict_to_events or not self.event_dates:
            return DataInterval.exact(run_after)
        return DataInterval.exact([self.event_dates[0], *(at for at in self.event_dates if at <= run_after)][-1])


class AssetOrTimeSchedule(Timetable):
    """By time as another timetable says it, and by assets."""

    def __init__(self, *args, timetable=None, **kwargs):
        super().__init__(*args, **({} if timetable is None else {"timetable": timetable}), **kwargs)
        self.timetable = timetable

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """As that timetable says."""
        return self.timetable.next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )

    def infer_manual_data_interval(self, *, run_after):
        """As that timetable says."""
        return self.timetable.infer_manual_data_interval(run_after=run_after)


DatasetOrTimeSchedule = AssetOrTimeSchedule


def _immediately(value):
    return dt.timedelta(seconds=value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def zone_text(zone):
    """The zone as text, or as seconds from UTC where it has no name."""
    name = getattr(zone, "name", None) or getattr(zone, "key", None) or getattr(zone, "zone", None)
    if name and not name.startswith(("+", "-")):
        return name
    offset = zone.utcoffset(None)
    return "UTC" if not offset else int(offset.total_seconds())


def _delta_value(delta):
    if isinstance(delta, dt.timedelta):
        return delta.total_seconds()
    names = "years months days hours minutes seconds microseconds year month day hour minute second leapdays weekday"
    told = {name: value for name in names.split() if (value := getattr(delta, name, None))}
    if "weekday" in told:
        told["weekday"] = [told["weekday"].weekday, *([told["weekday"].n] if told["weekday"].n else [])]
    return told


def _delta_of(value):
    if not isinstance(value, dict):
        return dt.timedelta(seconds=value)
    from dateutil.relativedelta import relativedelta, weekday

    given = dict(value)
    if "weekday" in given:
        given["weekday"] = weekday(*given["weekday"])
    return relativedelta(**given)
