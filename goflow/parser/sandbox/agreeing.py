"""One account out of two that were taken at two moments: what differs hangs on the time, or on chance."""

from __future__ import annotations

import datetime as dt
from typing import Any

from goflow.domain.moments import Moment, Truncation, zone_info

UNITS: tuple[Truncation, ...] = ("", "second", "minute", "hour", "day", "month", "year")
"""From fine to coarse: the finest that fits is what was meant."""
_WHOLE = frozenset(
    [
        "date",
        "time",
        "timedelta",
        "duration",
        "relativedelta",
        "zone",
        "bytes",
        "float",
        "path",
        "callable",
        "class",
        "asset",
        "asset_alias",
        "asset_ref",
        "timetable",
        "xcom",
        "dag",
        "task",
        "group",
        "dag_param",
        "not_set",
    ]
)
"""Kinds of values of which no part can be unknown alone."""
CHANCE = "the current time or chance: it differs from one run of the file to the next"


class DisagreeError(Exception):
    """The file makes different DAGs or tasks each time."""


def agreed(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """FIRST with ``{"moment": [truncate, zone, offset]}`` where a moment moves with the clock, and ``{"unknown": ...}``
    for what differs otherwise. Raises DisagreeError where it is not even the same things that were made."""
    shape = [_shape(account) for account in (first, second)]
    if shape[0] != shape[1]:
        raise DisagreeError
    clocks = (dt.datetime.fromisoformat(first["now"]), dt.datetime.fromisoformat(second["now"]))
    made = [_agreed(one, other, clocks) for one, other in zip(first["made"], second["made"], strict=True)]
    files = {**first["files"], **second["files"]}
    return {**first, "made": made, "files": files}


def _shape(account: dict[str, Any]) -> Any:
    """What has to be the same: kinds, ids, edges, and how a failed run ended."""
    names = ("kind", "task_id", "dag_id", "group_id", "upstream", "tasks", "dag", "group", "upstream_groups")
    problems = {"": account["error"], **account["failures"]}
    return [
        [[thing.get(name) for name in names] for thing in account["made"]],
        {module: error and [error["type"], error["line"]] for module, error in problems.items()},
    ]


def _agreed(one: Any, other: Any, clocks: tuple[dt.datetime, dt.datetime]) -> Any:
    if type(one) is type(other):
        if isinstance(one, dict) and one.keys() == other.keys():
            if one.keys() == {"datetime"}:
                return one if one == other else _moment(one["datetime"], other["datetime"], clocks)
            if len(one) == 1 and _WHOLE & one.keys():
                return one if one == other else {"unknown": CHANCE}
            return {key: _agreed(inner, other[key], clocks) for key, inner in one.items()}
        if isinstance(one, list) and len(one) == len(other):
            return [_agreed(inner, outer, clocks) for inner, outer in zip(one, other, strict=True)]
        if one == other:
            return one
    return {"unknown": CHANCE}


def _moment(one: list[Any], other: list[Any], clocks: tuple[dt.datetime, dt.datetime]) -> dict[str, Any]:
    """What both moments are, seen from their clocks."""
    zone = one[1] or "UTC"
    if one[1] != other[1]:
        return {"unknown": CHANCE}
    found = [_in_zone(text, zone) for text in (one[0], other[0])]
    for unit in UNITS:
        offsets = [
            moment.replace(tzinfo=None)
            - Moment(truncate=unit, zone=zone).resolve(clock).astimezone(zone_info(zone)).replace(tzinfo=None)
            for moment, clock in zip(found, clocks, strict=True)
        ]
        if offsets[0] == offsets[1]:
            return {"moment": [unit, zone, offsets[0].total_seconds(), one[1] is not None]}
    return {"unknown": CHANCE}


def _in_zone(text: str, zone: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment.replace(tzinfo=zone_info(zone)) if moment.tzinfo is None else moment.astimezone(zone_info(zone))
