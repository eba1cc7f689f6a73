"""The other end of a launch: it is told to stop, and what the backend keeps of it is taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from goflow.domain.runs import Launch
from goflow.domain.state import OPEN_LAUNCH_STATES, LaunchState
from goflow.executor.backend import Handle
from goflow.executor.keeping import Keeping
from goflow.executor.known import TERMINATED
from goflow.executor.noted import OVER
from goflow.executor.place import Place
from goflow.store import launches

if TYPE_CHECKING:
    from goflow.executor.follow import LogFollower

STOP_GRACE_S = 30.0
"""Seconds that a task has to end by itself when it is told to stop."""
LOOK_AGAIN_S = 1.0
"""Seconds after which it is tried again to clean up what is still in use."""


class Ending:
    """Ends launches at PLACE. Both steps raise BackendAwayError and DatabaseBusyError. AGAIN: a launch is to be cleaned
    after so many seconds. KEEPING gives the events that stay with it."""

    def __init__(
        self, place: Place, *, follower: LogFollower | None, keeping: Keeping, again: Callable[[str, float], None]
    ) -> None:
        self._place = place
        self._follower = follower
        self._keeping = keeping
        self._again = again
        self._hurried: set[str] = set()
        """Launches whose remains are to go before their time."""

    def hurry(self, launch_id: str) -> None:
        """What the backend keeps of a launch is to be taken away now: too much else is to be kept."""
        self._hurried.add(launch_id)

    def stop(self, launch_id: str) -> None:
        """Tell it to stop; one that has not begun is over."""
        self._place.known.flush()  # its Job may be there though that is not stored yet
        with self._place.store.reading() as tx:
            launch = launches.find(tx, launch_id)
        if launch is None or launch.state not in OPEN_LAUNCH_STATES or not self._is_mine(launch):
            return
        self._place.backend.terminate(Handle.of(launch), STOP_GRACE_S)
        unclaimed = launch.job_index is not None and launch.state is LaunchState.CREATED
        if launch.state is LaunchState.PLANNED or unclaimed:  # and whoever claims it now is told that it is not wanted
            self._place.known.fail(launch_id, TERMINATED, "it was stopped before it began")

    def clean(self, launch_id: str) -> None:
        """Take away what the backend keeps of a launch whose end is stored."""
        launch, others = self._place.known.made(launch_id), False
        is_hurried = launch_id in self._hurried
        self._hurried.discard(launch_id)
        if launch is None:
            with self._place.store.reading() as tx:
                launch = launches.find(tx, launch_id)
                others = launch is not None and launches.is_shared_job_open(tx, launch)
            if launch is None or launch.state not in OVER:
                return
            left_s = self._left_s(launch)
            if left_s > 0 and not is_hurried and self._is_mine(launch):
                self._again(launch_id, left_s)
                return
        if not self._is_mine(launch):
            return
        self._place.known.ended(launch_id)
        if self._follower is not None and self._follower.busy(launch_id):
            self._again(launch_id, LOOK_AGAIN_S)
            return
        events = self._keeping.of(launch)
        if not others:  # else the last of those that share the Job removes it
            if not self._place.backend.cleanup(Handle.of(launch)):
                self._again(launch_id, LOOK_AGAIN_S)
                return
            self._place.planner.forget(launch)
        self._place.known.note_cleaned(launch_id, events)
        self._keeping.forget(launch)

    def _left_s(self, launch: Launch) -> float:
        """Seconds for which the backend still keeps what LAUNCH, which is over, has left."""
        if launch.ended_at is None:
            return 0.0
        return self._place.backend.keeps_s - (self._place.clock.now() - launch.ended_at).total_seconds()

    def _is_mine(self, launch: Launch) -> bool:
        """Whether it is this backend's (a CronJob's Jobs are nobody's here) and this daemon's."""
        return launch.backend == self._place.backend.name and self._place.share.has(launch)
