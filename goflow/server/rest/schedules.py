"""Schedules in the words of Airflow's answers."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

from goflow.domain import partitions
from goflow.domain.spec import Schedule

_SIMPLE = {"none": None, "once": "@once", "continuous": "@continuous", "assets": "Asset"}
_PERIODIC = frozenset({"cron", "delta", "custom"})
_DESCRIPTIONS = {
    "none": "Never, external triggers only",
    "once": "Once, as soon as possible",
    "continuous": "As frequently as possible, but only one run at a time.",
    "assets": "Triggered by assets",
}
_FIELDS_OF_CRON = 5


def summary(schedule: Schedule) -> str | None:
    """What Airflow's ``timetable_summary`` shows."""
    if partitions.waits_for_partitions(schedule):
        return "Partitioned Asset"
    if schedule.kind in _SIMPLE:
        return _SIMPLE[schedule.kind]
    if schedule.kind == "cron":
        return ", ".join(schedule.crons)
    if schedule.kind == "delta":
        return str(dt.timedelta(seconds=schedule.every_s)) if schedule.every_s else _relative(schedule.relative)
    if schedule.kind == "asset_or_time" and schedule.time is not None:
        return f"Asset or {summary(schedule.time)}"
    return schedule.timetable


def _relative(parts: Any) -> str:
    """A calendar delta as dateutil writes one."""
    told = ", ".join(f"{name}={value:+g}" for name, value in (parts or {}).items())
    return f"relativedelta({told})"


def is_periodic(schedule: Schedule) -> bool:
    """Whether its runs are those of a calendar, so that it can be backfilled."""
    if schedule.kind == "asset_or_time":
        return schedule.time is not None and is_periodic(schedule.time)
    return schedule.kind in _PERIODIC


def description(schedule: Schedule) -> str:
    """A sentence about it; empty where Airflow has none."""
    if schedule.kind == "cron":
        return ", ".join(_of_cron(cron) for cron in schedule.crons)
    if schedule.kind == "asset_or_time" and schedule.time is not None:
        return f"Triggered by assets or {description(schedule.time)}"
    return _DESCRIPTIONS.get(schedule.kind, "")


@functools.lru_cache(maxsize=1000)
def _of_cron(cron: str) -> str:
    """``At 06:00``. Of a day of the month and one of the week either counts, and both are told
    (``CronMixin._describe_with_dom_dow_fix``); empty where there are more than five fields, as in Airflow."""
    fields = cron.split()
    if len(fields) > _FIELDS_OF_CRON:
        return ""
    if len(fields) == _FIELDS_OF_CRON and fields[2] != "*" and fields[4] != "*":
        month_days, week_days = [*fields[:4], "*"], [*fields[:2], "*", *fields[3:]]
        return f"{_in_words(' '.join(month_days))} (or) {_in_words(' '.join(week_days))}"
    return _in_words(cron)


def _in_words(cron: str) -> str:
    from cron_descriptor import CasingTypeEnum, ExpressionDescriptor
    from cron_descriptor.Exception import FormatException, MissingFieldException

    try:
        told = ExpressionDescriptor(cron, casing_type=CasingTypeEnum.Sentence, use_24hour_time_format=True)
        return str(told.get_description())
    except (FormatException, MissingFieldException):
        return ""
