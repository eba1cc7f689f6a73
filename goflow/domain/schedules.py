"""Which schedules GoFlow follows, for whoever has to say that it does not follow one.

How a schedule is followed is the scheduler's: see `goflow.scheduler.timetables`.
"""

from __future__ import annotations

from goflow.domain.spec import Schedule

FOLLOWED_BY_NAME = frozenset({"EventsTimetable", "PartitionedAtRuntime"})
"""Timetables of Airflow's own that are of kind ``custom``; the second makes no runs by itself in Airflow either."""

PARTITIONED = frozenset({"PartitionedAssetTimetable"})
"""Timetables by assets that wait for the same partition of each."""


def waits_for_assets(schedule: Schedule) -> bool:
    """Whether events of assets begin runs of SCHEDULE."""
    return schedule.kind in {"assets", "asset_or_time"} and schedule.timetable not in PARTITIONED


def asks_its_author(schedule: Schedule) -> bool:
    """Whether the moments of SCHEDULE are those of a timetable class of the author's own, which has to be asked."""
    if schedule.kind == "asset_or_time" and schedule.time is not None:
        return asks_its_author(schedule.time)
    return schedule.kind == "custom" and schedule.timetable not in FOLLOWED_BY_NAME


def not_followed(schedule: Schedule) -> str | None:
    """What of SCHEDULE starts no runs here yet although it would in Airflow, in words; None when all of it does."""
    match schedule.kind:
        case "assets" if schedule.timetable in PARTITIONED:
            return "this DAG is scheduled by partitions of assets; GoFlow does not follow them yet; trigger it by hand"
        case "asset_or_time":
            return not_followed(schedule.time) if schedule.time is not None else None
    return None
