"""Launches that do not start: Kubernetes waits for ever for an image, a Secret or room; an attempt does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from goflow.domain.runs import Launch
from goflow.domain.state import LaunchState
from goflow.executor.backend import BackendAwayError, Handle
from goflow.executor.place import Place
from goflow.kube.status import QUOTA_EXCEEDED
from goflow.store import launches

log = structlog.get_logger(__name__)

STARTUP_TIMEOUT = "StartupTimeout"
LOOK_AT_ALL_S = 60.0
"""How often every launch that has not begun is looked at, whoever has made it."""


class Startup:
    """Looks after launches at PLACE that have not begun. TURN: what steps of one launch hold, one at a time."""

    def __init__(self, place: Place, *, turn: Callable[[str], AbstractContextManager[object]]) -> None:
        self._place = place
        self._turn = turn
        self._looked_at_all: dt.datetime | None = None
        """When it looked at every launch that has not begun: another daemon may have made some."""

    def check(self) -> None:
        """Fail those whose time is up. Raises DatabaseBusyError."""
        now = self._place.clock.now()
        at_all = self._looked_at_all is None or (now - self._looked_at_all).total_seconds() >= LOOK_AT_ALL_S
        # A look at all has the planner know the times of those, too, that it has not converted.
        shortest = dt.timedelta(seconds=0.0 if at_all else self._place.planner.shortest_startup_s)
        with self._place.store.reading() as tx:
            waiting = launches.not_begun(tx, self._place.backend.name, now - shortest)
        if at_all:
            self._looked_at_all = now
        for launch in waiting:
            if launch.reason == QUOTA_EXCEEDED or not self._place.share.has(launch):
                continue  # room is made by others that end: there is no telling when
            limit = self._place.planner.startup_timeout_s(launch)
            if launch.created_at is not None and (now - launch.created_at).total_seconds() > limit:
                why = f"{launch.reason}: {launch.message}" if launch.reason else "no reason was given"
                message = f"it did not start within {limit:.0f} s ({why})"
                if launch.reason == STARTUP_TIMEOUT:  # it was to be taken away before
                    message = launch.message or message
                with self._turn(launch.id):  # what the watch tells of our own deletion waits until this is written
                    self._give_up(launch, message)

    def _give_up(self, launch: Launch, message: str) -> None:
        """Take LAUNCH away, and say why in words MESSAGE, unless it has begun at the last moment."""
        with self._place.store.reading() as tx:
            now = launches.find(tx, launch.id)
        if now is None or now.state is not LaunchState.CREATED or not self._place.share.has(now):
            return
        with self._place.store.transaction() as tx:  # first, so that whoever sees that it is gone knows why
            launches.set_message(tx, now.id, reason=STARTUP_TIMEOUT, message=message)
        try:
            self._place.backend.terminate(Handle.of(now), 0)
        except BackendAwayError as problem:  # the next tick tries again, and goes on with the others
            log.warning("the backend is away", step="startup", launch=launch.id, problem=str(problem))
            return
        self._place.known.fail(launch.id, STARTUP_TIMEOUT, message, lost=False)
