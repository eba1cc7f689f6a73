"""Events of Kubernetes about a launch's Job and pods, and which of them are kept with the launch.

Kubernetes keeps an event for an hour; what says why an attempt did not go well is of use for as long as the attempt is.
https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_KEPT = 30
"""Events that are kept of one launch."""
LONGEST_MESSAGE = 1000
"""Bytes of an event's message that are kept; Kubernetes' own are hardly longer (1 kB)."""
WARNING = "Warning"
_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class KubeEvent:
    """Something that happened to an object, perhaps several times."""

    kind: str
    """``Normal`` or ``Warning``."""
    about: str
    """``Pod NAME`` or ``Job NAME``."""
    reason: str
    message: str
    source: str
    count: int
    first_at: dt.datetime | None
    last_at: dt.datetime | None

    def as_json(self) -> dict[str, Any]:
        """What `of_json` reads."""
        return {**dataclasses.asdict(self), "first_at": _text(self.first_at), "last_at": _text(self.last_at)}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> KubeEvent:
        """What was stored."""
        moments = {name: _moment(told[name]) for name in ("first_at", "last_at")}
        return cls(**{**told, **moments})


def merged(*groups: Iterable[KubeEvent]) -> list[KubeEvent]:
    """The events of GROUPS, each once and as it was counted last, in the order in which they were last seen."""
    found: dict[tuple[object, ...], KubeEvent] = {}
    for event in (event for group in groups for event in group):
        key = (event.about, event.kind, event.reason, _cut(event.message), event.source, event.first_at)
        known = found.get(key)
        if known is None or (event.count, event.last_at or _EARLIEST) >= (known.count, known.last_at or _EARLIEST):
            found[key] = event
    return sorted(found.values(), key=_last)


def to_keep(events: Iterable[KubeEvent]) -> list[KubeEvent]:
    """What is kept of EVENTS: warnings before others and the newest of each, with messages that are not too long; in
    the order in which they were last seen."""
    by_worth = sorted(merged(events), key=lambda event: (event.kind == WARNING, _last(event)), reverse=True)
    kept = sorted(by_worth[:MOST_KEPT], key=_last)
    return [dataclasses.replace(event, message=_cut(event.message)) for event in kept]


def _last(event: KubeEvent) -> dt.datetime:
    return event.last_at or event.first_at or _EARLIEST


def _cut(message: str) -> str:
    whole = message.encode("utf-8", "replace")
    if len(whole) <= LONGEST_MESSAGE:
        return message
    end = "…"
    return whole[: LONGEST_MESSAGE - len(end.encode())].decode("utf-8", "ignore") + end


def _text(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
