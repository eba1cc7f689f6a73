"""When runs begin: from a `goflow.domain.spec.Schedule` and the time to the next run, exactly as Airflow finds it.

Here belongs what a schedule means; here does not belong which runs exist, or whether limits let one start.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Iterator
from typing import Any

from goflow.domain.canonical import canonical_json
from goflow.domain.moments import zone_info
from goflow.domain.partitions import BY_CRON, by_clocks, key_by_cron
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec, Dialect, Schedule
from goflow.scheduler.timetables.base import (
    Asked,
    IntervalTimetable,
    Restriction,
    RunInfo,
    ScheduleError,
    Ticks,
    Timetable,
)
from goflow.scheduler.timetables.cron import CronTicks, attach_zone
from goflow.scheduler.timetables.delta import DeltaTicks, step_of
from goflow.scheduler.timetables.simple import ContinuousTimetable, NeverTimetable, OnceTimetable
from goflow.scheduler.timetables.trigger import EarliestOf, EventsTimetable, PartitionTimetable, TriggerTimetable

__all__ = [
    "Restriction",
    "RunInfo",
    "ScheduleError",
    "is_periodic",
    "manual_interval",
    "moments_between",
    "next_run",
    "next_runs",
    "partitions_between",
    "restriction_of",
    "timetable_of",
]


def next_run(
    schedule: Schedule,
    last: RunInfo | None,
    restriction: Restriction,
    now: dt.datetime,
    dialect: Dialect = Dialect.AIRFLOW3,
) -> RunInfo | None:
    """The run that comes after LAST, the newest one that the schedule made (None: none yet); None: there is none.

    The run may lie in the past (it is due) or in the future. Raises ScheduleError for a schedule that cannot be
    followed (a cron expression without a date, a step that is not positive).
    """
    return timetable_of(schedule).next_run(Asked(last, restriction, now, dialect))


def manual_interval(schedule: Schedule, run_after: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The data interval of a run that is started by hand for RUN_AFTER (``infer_manual_data_interval``)."""
    return timetable_of(schedule).manual_interval(run_after)


def is_periodic(schedule: Schedule) -> bool:
    """Whether SCHEDULE has dates that a backfill can fill in (``Timetable.periodic``); for those of author's classes
    only that itself could tell. Those of partitions are the partitions' own."""
    if schedule.kind == "asset_or_time":
        return schedule.time is not None and is_periodic(schedule.time)
    by_events = schedule.kind == "custom" and schedule.timetable == "EventsTimetable"
    return by_events or schedule.kind in {"cron", "delta"}


def partitions_between(schedule: Schedule, first: dt.datetime, last: dt.datetime) -> Iterator[RunInfo]:
    """The runs of a ``CronPartitionTimetable`` for the partitions from FIRST to LAST, both included, and both what
    clocks in the timetable's zone show (``iter_partition_dagrun_infos``)."""
    timetable = timetable_of(schedule)
    assert isinstance(timetable, PartitionTimetable)
    return timetable.partitions(by_clocks(schedule, first), by_clocks(schedule, last))


def restriction_of(dag: DagSpec, now: dt.datetime) -> Restriction:
    """What the dates of DAG and its tasks allow, symbolic moments as seen at NOW (``_time_restriction``)."""
    starts = [moment.resolve(now) for moment in (dag.start_date, *(t.start_date for t in dag.tasks)) if moment]
    ends = [task.end_date.resolve(now) for task in dag.tasks if task.end_date]
    latest = dag.end_date.resolve(now) if dag.end_date else None
    if len(ends) == len(dag.tasks):
        ends += [latest] if latest else []
        latest = max(ends, default=None)
    return Restriction(min(starts, default=None), latest, dag.catchup)


def next_runs(dag: DagSpec, n: int = 3, *, now: dt.datetime) -> list[RunInfo] | None:
    """The first N runs after the start date as though catchup were on, as the oracle's document has them.

    Empty without a start date and for schedules without times of their own; None when only the author's own timetable
    class could tell. Raises ScheduleError.
    """
    starts = [moment.resolve(now) for moment in (dag.start_date, *(t.start_date for t in dag.tasks)) if moment]
    if not starts or dag.schedule.kind == "continuous":
        return []
    if asks_its_author(dag.schedule):
        return None
    earliest = dag.start_date.resolve(now) if dag.start_date else min(starts)
    restriction = Restriction(earliest, dag.end_date.resolve(now) if dag.end_date else None, catchup=True)
    found: list[RunInfo] = []
    while len(found) < n:
        info = next_run(dag.schedule, found[-1] if found else None, restriction, now, dag.dialect)
        if info is None:
            break
        found.append(info)
    return found


def timetable_of(schedule: Schedule) -> Timetable:
    """The timetable that follows SCHEDULE. Raises ScheduleError."""
    return _timetable(canonical_json(schedule.to_json()))


@functools.lru_cache(maxsize=4096)
def _timetable(text: str) -> Timetable:
    return _build(Schedule.from_json(json.loads(text)))


def _build(schedule: Schedule) -> Timetable:
    match schedule.kind:
        case "once":
            return OnceTimetable()
        case "continuous":
            return ContinuousTimetable()
        case "cron":
            return _cron(schedule)
        case "delta":
            ticks = DeltaTicks(step_of(schedule.every_s, schedule.relative))
            return _periodic(ticks, schedule)
        case "asset_or_time" if schedule.time is not None:
            return _cron(schedule.time, keyed=False) if schedule.time.kind == "cron" else _build(schedule.time)
        case "custom" if schedule.timetable == "EventsTimetable":
            return _events(schedule)
        case _:
            return NeverTimetable()


def _cron(schedule: Schedule, *, keyed: bool = True) -> Timetable:
    try:
        zone = zone_info(schedule.timezone)
    except (KeyError, ValueError, OSError) as problem:
        raise ScheduleError(f"time zone {schedule.timezone!r}: {problem}") from None
    members = tuple(_periodic(CronTicks(expression, zone), schedule) for expression in schedule.crons)
    if schedule.timetable == BY_CRON and keyed:
        offset = schedule.arguments.get("run_offset")
        offset = offset if isinstance(offset, int) else 0
        key = functools.partial(key_by_cron, schedule)
        members = tuple(PartitionTimetable(one, offset, key) for one in members if isinstance(one, TriggerTimetable))
    return members[0] if len(members) == 1 else EarliestOf(members)


def _periodic(ticks: Ticks, schedule: Schedule) -> Timetable:
    if schedule.interval:
        return IntervalTimetable(ticks)
    return TriggerTimetable(ticks, dt.timedelta(seconds=schedule.interval_s), _immediately(schedule.run_immediately))


def _immediately(value: Any) -> bool | dt.timedelta | None:
    if isinstance(value, dict) and "$timedelta" in value:
        return dt.timedelta(seconds=float(value["$timedelta"]))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return dt.timedelta(seconds=value)
    return value if isinstance(value, bool) else None


def _events(schedule: Schedule) -> Timetable:
    zone = zone_info(schedule.timezone)
    dates = []
    given = schedule.arguments.get("event_dates")
    for value in given if isinstance(given, list) else []:
        text = value.get("$datetime") if isinstance(value, dict) else value
        at = dt.datetime.fromisoformat(str(text))
        dates.append(at.astimezone(dt.UTC) if at.tzinfo else attach_zone(at, zone))
    return EventsTimetable(tuple(sorted(set(dates))), bool(schedule.arguments.get("restrict_to_events")))


def moments_between(schedule: Schedule, after: dt.datetime, until: dt.datetime, most: int) -> list[dt.datetime]:
    """The first MOST moments at which runs of SCHEDULE begin, from AFTER (not included) to UNTIL. Raises
    ScheduleError."""
    every, info = Restriction(after, None, catchup=True), None
    found: list[dt.datetime] = []
    while len(found) < most:
        info = next_run(schedule, info, every, until)
        if info is None or info.run_after > until:
            break
        if info.run_after > after:
            found.append(info.run_after)
    return found
