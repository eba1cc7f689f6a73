"""What the backend has seen of a launch becomes what is stored of it: it waits, has begun, has ended, is gone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from goflow.domain.runs import Launch, Outcome
from goflow.domain.state import OPEN_LAUNCH_STATES, LaunchState, TaskState
from goflow.executor.backend import CREATED, Handle, Observation, Phase
from goflow.executor.here import Here
from goflow.executor.known import TERMINATED
from goflow.executor.noted import Begin
from goflow.executor.outcomes import End, with_unsent_results
from goflow.executor.place import Place
from goflow.executor.shared_jobs import as_its_launch
from goflow.executor.startup import STARTUP_TIMEOUT
from goflow.executor.unsent import NOTHING
from goflow.kube.status import QUOTA_EXCEEDED
from goflow.store import launches

if TYPE_CHECKING:
    from goflow.executor.follow import LogFollower

LOG_WAIT_S = 0.3
"""Seconds after which a container's log is looked at again that is still being read."""
MADE_AGAIN_S = 1.0
"""Seconds after which an end is looked at again that came before its launch was stored as made."""
NO_SERVER = "NoServer"
"""The reason of a runner that could not claim its launch, since nobody answered."""


class Seeing:
    """Stores what is seen of launches at PLACE. HERE: since when the daemon is there; AGAIN: an observation is to be
    taken again after so many seconds."""

    def __init__(
        self, place: Place, *, here: Here, follower: LogFollower | None, again: Callable[[Observation, float], None]
    ) -> None:
        self._place = place
        self._follower = follower
        self._here = here
        self._again = again

    def take(self, seen: Observation) -> Begin | End | None:
        """What is to be noted of it, unless that is done already; what is known already does nothing. Raises
        BackendAwayError, DatabaseBusyError, NotFoundError."""
        if not self._place.share.may_have(seen.launch_id):
            return None
        if self._follower is not None:
            self._follower.consider(seen)
        if self._place.known.is_over(seen.launch_id):
            return None
        if seen.phase is Phase.RUNNING and self._place.planner.claims_itself(seen.launch_id):
            return None
        made = self._place.known.made(seen.launch_id)
        if seen.phase is Phase.PENDING and not seen.reason and made is not None and made.reason != QUOTA_EXCEEDED:
            return None  # it waits for nothing, and did not before
        launch = made if seen.phase in {Phase.RUNNING, Phase.ENDED} else None
        if launch is None:
            if seen.phase is Phase.GONE:
                self._place.known.flush()  # that it was made may not be stored yet
            with self._place.store.reading() as tx:
                launch = launches.find(tx, seen.launch_id)
        if launch is None or launch.state not in OPEN_LAUNCH_STATES or not self._place.share.has(launch):
            return None
        if launch.job_index is not None:
            seen = as_its_launch(launch, seen)
        if seen.phase is Phase.ENDED and seen.final and seen.outcome is not None:
            return self._ended(launch, seen, seen.outcome)
        if seen.phase is Phase.RUNNING:
            return self._running(launch, seen)
        if seen.phase is Phase.GONE:
            self._gone(launch, seen)
        elif seen.phase is Phase.PENDING:
            self._pending(launch, seen)
        return None

    def _pending(self, launch: Launch, seen: Observation) -> None:
        """Note what it waits for, or that it does not wait for room any more.

        One that is to be taken away since it has not begun stays so, whatever is seen of it until it is gone.
        """
        let_in = launch.reason == QUOTA_EXCEEDED and seen.claimant is not None  # there is a pod now
        is_known = launch.reason == STARTUP_TIMEOUT or (seen.reason, seen.message) == (launch.reason, launch.message)
        news = bool(seen.reason) and not is_known
        if let_in or news:
            with self._place.store.transaction() as tx:
                if let_in:
                    launches.let_in(tx, launch.id, self._place.clock.now())
                if news:
                    launches.set_message(tx, launch.id, reason=seen.reason, message=seen.message, keep=STARTUP_TIMEOUT)
            made = self._place.known.made(launch.id)
            if made is not None:  # of which the database may know less: that it was made is stored soon
                self._place.known.remember(dataclasses.replace(made, reason=seen.reason or None))

    def _ended(self, launch: Launch, seen: Observation, outcome: Outcome) -> End | None:
        """Its end; where its output is the task's result, once all of that is there."""
        is_made = launch.state is not LaunchState.PLANNED or self._place.known.made(launch.id) is not None
        if seen.reason == CREATED and not is_made and launch.stop_requested_at is None:
            self._again(seen, MADE_AGAIN_S)  # it is made again, which finds it and stores what its Job is called
            return None
        if outcome.disrupted and outcome.reason == NO_SERVER and self._here.all_along(launch.created_at):
            outcome = dataclasses.replace(outcome, disrupted=False)  # another one would not find the way here either
        report: Mapping[str, Any] | None = None
        if self._follower is not None and outcome.state is TaskState.SUCCESS and self._follower.has_result(launch.id):
            if self._follower.busy(launch.id):
                self._again(seen, LOG_WAIT_S)
                return None
            report = self._follower.result(launch.id)
        if outcome.state is TaskState.SUCCESS and not self._place.planner.claims_itself(launch.id):
            unsent = self._place.backend.unsent(Handle.of(launch))
            if unsent != NOTHING:
                outcome, report = with_unsent_results(self._place.store, launch, outcome, report, unsent)
        return End(launch_id=launch.id, outcome=outcome, who=self._place.backend.name, report=report)

    def _gone(self, launch: Launch, seen: Observation) -> None:
        """Gone without an answer: told so, and never silently created anew (decision 10)."""
        if launch.state is LaunchState.PLANNED:
            return  # it was never created: the work queue has it
        if launch.stop_requested_at is not None:
            self._place.known.fail(launch.id, TERMINATED, "it was stopped")
            return
        if launch.home is not None and launch.home != self._place.share.home:
            self._place.known.fail(launch.id, "DaemonGone", "the daemon that was to begin it is gone", disrupted=True)
            return
        if launch.state is LaunchState.CREATED and launch.reason == STARTUP_TIMEOUT:
            self._place.known.fail(launch.id, STARTUP_TIMEOUT, launch.message or "", lost=False)
            return
        what = "Job" if self._place.backend.name == "kubernetes" else "process"
        self._place.known.fail(
            launch.id, "Lost", f"its {what} is gone without an answer, reason unknown ({seen.reason})"
        )

    def _running(self, launch: Launch, seen: Observation) -> Begin | None:
        """A container that is not ours has begun; our own runner claims its launch itself."""
        if launch.state is LaunchState.CLAIMED or self._place.planner.claims_itself(launch.id):
            return None
        return Begin(
            launch=launch,
            claimant=seen.claimant or "container",
            who=self._place.backend.name,
            at=seen.at,
            calls_back=self._place.planner.calls_back(launch.id),
        )
