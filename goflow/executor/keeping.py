"""Which events of Kubernetes are kept with a launch: all that are known of one that has not ended well, and warnings of
any. They are taken when it is cleaned up: then they have all come, and its pods are still there.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import structlog

from goflow.domain.kube_events import KubeEvent, to_keep
from goflow.domain.runs import Launch
from goflow.executor.noted import OVER
from goflow.kube.errors import KubeError
from goflow.store.cache import Cache

log = structlog.get_logger(__name__)

MOST_REMEMBERED = 10_000
"""Launches of which it is remembered that they have not ended well, or what was asked about them."""
ORDINARY = frozenset(
    {"Skip", "BashExit", "PodExit", "Reschedule", "Rescheduled", "Deferred", "AwaitingInput", "Resolved"}
)
"""The reasons of launches whose tasks have skipped themselves, or go on in another launch: as ordinary as success. (A
reason is all that an event says of how a launch ended; one that is not known here costs a request.)"""


class EventSource(Protocol):
    """What a backend knows of events."""

    def warnings(self, launch: Launch) -> list[KubeEvent]:
        """Warnings about LAUNCH, without asking anybody."""

    def in_time(self, launch: Launch) -> list[KubeEvent]:
        """All events about LAUNCH, as far as there is time to ask for them. Raises KubeError."""

    def forget(self, launch: Launch) -> None:
        """Nobody will ask for those of LAUNCH any more."""


@runtime_checkable
class HasEvents(Protocol):
    """A backend whose launches have events."""

    @property
    def events(self) -> EventSource:
        """What it knows of them."""


class Keeping:
    """Gives what is to be kept of launches, from SOURCE; of a backend without one, nothing. Thread-safe."""

    def __init__(self, source: EventSource | None) -> None:
        self._source = source
        self._unwell: Cache[str, bool] = Cache(MOST_REMEMBERED)
        self._asked: Cache[str, list[KubeEvent]] = Cache(MOST_REMEMBERED)

    @classmethod
    def of_backend(cls, backend: object) -> Keeping:
        """That of BACKEND."""
        return cls(backend.events if isinstance(backend, HasEvents) else None)

    def ended(self, launch_id: str, reason: str) -> None:
        """A launch has ended with that REASON; one that has succeeded has none."""
        if self._source is not None and _is_unwell(reason):
            self._unwell.put(launch_id, True)

    def of(self, launch: Launch) -> list[KubeEvent]:
        """The events to keep of LAUNCH, which is over. Of one that has ended well nobody is asked; of others once."""
        if self._source is None:
            return []
        unwell = self._unwell.get(launch.id) or (launch.state in OVER and _is_unwell(launch.reason))
        known = self._asked.get(launch.id) if unwell else to_keep(self._source.warnings(launch))
        if known is None:
            try:
                known = to_keep(self._source.in_time(launch))
            except KubeError as problem:
                log.info("the API server gives no events; warnings are kept", launch=launch.id, problem=str(problem))
                return to_keep(self._source.warnings(launch))
            self._asked.put(launch.id, known)
        return known

    def forget(self, launch: Launch) -> None:
        """What is to be kept of LAUNCH is stored."""
        self._unwell.drop(launch.id)
        self._asked.drop(launch.id)
        if self._source is not None:
            self._source.forget(launch)


def _is_unwell(reason: str | None) -> bool:
    return bool(reason) and reason not in ORDINARY
