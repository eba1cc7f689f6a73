"""Which schedules GoFlow follows, for whoever has to say that it does not follow one.

How a schedule is followed is the scheduler's: see `goflow.scheduler.timetables`.
"""

from __future__ import annotations

from goflow.domain.spec import Schedule

FOLLOWED_BY_NAME = frozenset({"EventsTimetable", "PartitionedAtRuntime"})
"""Timetables of Airflow's own that are of kind ``custom``; the second makes no runs by itself in Airflow either."""


def not_followed(schedule: Schedule) -> str | None:
    """What of SCHEDULE starts no runs here yet although it would in Airflow, in words; None when all of it does."""
    match schedule.kind:
        case "assets":
            return "this DAG is scheduled by assets; GoFlow does not start such runs yet; trigger it by hand"
        case "asset_or_time":
            inner = not_followed(schedule.time) if schedule.time is not None else None
            if inner is not None:
                return inner
            return "this DAG is scheduled by assets or time; GoFlow starts its runs by time, and none for assets yet"
        case "custom" if schedule.timetable not in FOLLOWED_BY_NAME:
            name = schedule.timetable
            return f"this DAG is scheduled by the timetable {name}; GoFlow does not follow it yet; trigger it by hand"
    return None
