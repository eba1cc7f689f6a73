"""Who tells when the runs of a schedule begin: time, assets, or code of the author's own.

How a schedule is followed is the scheduler's: see `goflow.scheduler.timetables`; what is not followed is told by
`goflow.domain.partitions.not_followed`.
"""

from __future__ import annotations

from goflow.domain.spec import Schedule

FOLLOWED_BY_NAME = frozenset({"EventsTimetable", "PartitionedAtRuntime"})
"""Timetables of Airflow's own that are of kind ``custom``; the second makes no runs by itself in Airflow either."""


def waits_for_assets(schedule: Schedule) -> bool:
    """Whether events of assets begin runs of SCHEDULE."""
    return schedule.kind in {"assets", "asset_or_time"}


def asks_its_author(schedule: Schedule) -> bool:
    """Whether the moments of SCHEDULE are those of a timetable class of the author's own, which has to be asked."""
    if schedule.kind == "asset_or_time" and schedule.time is not None:
        return asks_its_author(schedule.time)
    return schedule.kind == "custom" and schedule.timetable not in FOLLOWED_BY_NAME
