"""Moments of a DAG file: fixed, or symbolic such as ``days_ago(1)`` and ``now()`` (decision 4 of the architecture).

A symbolic moment is kept as what it is, *now*, cut down to a unit in a zone and moved by an offset, so that it mints no
new version every minute and a DAG that is unpaused after a month does what it would do under Airflow.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from goflow.domain.canonical import Json

Truncation = Literal["", "second", "minute", "hour", "day", "month", "year"]


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: AT (aware, UTC) when it is fixed; else *now* TRUNCATEd in ZONE and moved by OFFSET_S seconds.

    Resolution order of a symbolic moment: now, in ZONE; truncated; plus OFFSET_S.
    """

    at: dt.datetime | None = None
    truncate: Truncation = ""
    zone: str = "UTC"
    offset_s: float = 0.0

    @property
    def symbolic(self) -> bool:
        """Whether the moment moves with the clock."""
        return self.at is None

    def resolve(self, now: dt.datetime) -> dt.datetime:
        """The moment itself, aware and in UTC, as seen at NOW."""
        if self.at is not None:
            return self.at
        local = now.astimezone(zone_info(self.zone))
        return (_truncated(local, self.truncate) + dt.timedelta(seconds=self.offset_s)).astimezone(dt.UTC)

    def to_json(self) -> Json:
        """Its canonical form; the digest of a DAG covers the symbol and not the value."""
        if self.at is not None:
            return {"at": self.at.astimezone(dt.UTC).isoformat(), **({"zone": self.zone} if self.zone != "UTC" else {})}
        return {"now": True, "truncate": self.truncate, "zone": self.zone, "offset_s": self.offset_s}

    @classmethod
    def from_json(cls, value: Json) -> Moment:
        """The inverse of ``to_json``. Raises KeyError or ValueError for anything else."""
        assert isinstance(value, dict)
        if "at" in value:
            return cls(at=dt.datetime.fromisoformat(str(value["at"])), zone=str(value.get("zone", "UTC")))
        truncate: Truncation = str(value["truncate"])  # type: ignore[assignment]
        return cls(truncate=truncate, zone=str(value["zone"]), offset_s=float(str(value["offset_s"])))


def zone_info(name: str) -> dt.tzinfo:
    """The zone of that IANA name, or of an offset such as ``+02:00``. Raises ZoneInfoNotFoundError."""
    if name[:1] in "+-" and len(name) == 6:
        sign = -1 if name[0] == "-" else 1
        return dt.timezone(sign * dt.timedelta(hours=int(name[1:3]), minutes=int(name[4:6])))
    return dt.UTC if name == "UTC" else ZoneInfo(name)


def _truncated(moment: dt.datetime, unit: Truncation) -> dt.datetime:
    cuts: dict[str, dict[str, int]] = {"second": {"microsecond": 0}}
    cuts["minute"] = {**cuts["second"], "second": 0}
    cuts["hour"] = {**cuts["minute"], "minute": 0}
    cuts["day"] = {**cuts["hour"], "hour": 0}
    cuts["month"] = {**cuts["day"], "day": 1}
    cuts["year"] = {**cuts["month"], "month": 1}
    return moment.replace(**cuts[unit]) if unit else moment  # type: ignore[arg-type]
