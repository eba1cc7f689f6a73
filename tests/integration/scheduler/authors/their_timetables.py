"""Timetables as their authors write them, read by real Airflow and by the shim alike."""

from datetime import timedelta

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable
from pendulum import DateTime


class Uneven(Timetable):
    """Twice a day, at six and at half past four; an interval is the time between."""

    hours = ((6, 0), (16, 30))

    def __init__(self, zone="UTC"):
        self.zone = pendulum.timezone(zone)

    def serialize(self):
        return {"zone": self.zone.name}

    @classmethod
    def deserialize(cls, data):
        return cls(data["zone"])

    @property
    def summary(self):
        return "at six and at half past four"

    def _around(self, moment):
        local = moment.in_timezone(self.zone)
        days = [local.date().add(days=number) for number in (-1, 0, 1, 2)]
        return [
            DateTime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).in_timezone("UTC")
            for day in days
            for hour, minute in self.hours
        ]

    def _after(self, moment):
        return next(at for at in self._around(moment) if at > moment)

    def infer_manual_data_interval(self, run_after):
        passed = [at for at in self._around(run_after) if at <= run_after]
        return DataInterval(start=passed[-2], end=passed[-1])

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        if last_automated_data_interval is not None:
            start = last_automated_data_interval.end
        elif restriction.earliest is None:
            return None
        else:
            start = next(at for at in self._around(restriction.earliest) if at >= restriction.earliest)
            if not restriction.catchup:
                passed = [at for at in self._around(pendulum.now("UTC")) if at <= pendulum.now("UTC")]
                start = max(start, passed[-2])
        if restriction.latest is not None and start > restriction.latest:
            return None
        return DagRunInfo.interval(start=start, end=self._after(start))


class Growing(Timetable):
    """Runs at moments whose distances grow; each stands for its moment, and may begin some minutes later."""

    description = "ever more rarely"
    periodic = False

    def __init__(self, factor, late):
        self.factor, self.late = factor, late

    def serialize(self):
        return {"factor": self.factor, "late": self.late.total_seconds()}

    @classmethod
    def deserialize(cls, data):
        return cls(data["factor"], timedelta(seconds=data["late"]))

    def infer_manual_data_interval(self, *, run_after):
        return DataInterval.exact(run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        begin = restriction.earliest
        if begin is None:
            return None
        at, step = begin, timedelta(hours=1)
        while last_automated_data_interval is not None and at <= last_automated_data_interval.start:
            at, step = at + step, step * self.factor
        if restriction.latest is not None and at > restriction.latest:
            return None
        return DagRunInfo(run_after=at + self.late, data_interval=DataInterval.exact(at))


class NotInAugust(CronDataIntervalTimetable):
    """Airflow's own cron timetable, but for a month."""

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        info = super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )
        while info is not None and info.data_interval.start.month == 8:
            start = self._align_to_next(info.data_interval.end)
            info = DagRunInfo.interval(start=start, end=self._get_next(start))
        return info


class Named(CronTriggerTimetable):
    """Airflow's own again, whose runs have names of their own."""

    def generate_run_id(self, *, run_type, data_interval, run_after=None, logical_date=None, **extra):
        return f"{run_type.value}-{data_interval.end.format('YYYYMMDDTHHmm')}"


class Either(Timetable):
    """Whichever of two comes first."""

    def __init__(self, *crons):
        self.crons = list(crons)
        self.members = [CronDataIntervalTimetable(cron, pendulum.timezone("Europe/Zurich")) for cron in crons]

    def serialize(self):
        return {"crons": self.crons}

    @classmethod
    def deserialize(cls, data):
        return cls(*data["crons"])

    def infer_manual_data_interval(self, *, run_after):
        return self.members[0].infer_manual_data_interval(run_after=run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        found = [
            member.next_dagrun_info(last_automated_data_interval=last_automated_data_interval, restriction=restriction)
            for member in self.members
        ]
        return min((info for info in found if info), key=lambda info: info.run_after, default=None)


class Listed(EventsTimetable):
    """Moments of a list."""


class Naive(Timetable):
    """One that forgets the zone."""

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        import datetime

        return DagRunInfo.exact(datetime.datetime(2030, 1, 1))  # noqa: DTZ001 - what it is here for


class Broken(Timetable):
    """One that raises."""

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        raise LookupError("no such calendar")


LISTED = [pendulum.datetime(2026, month, day, 7, tz="UTC") for month in range(1, 13) for day in (3, 14, 27)]
