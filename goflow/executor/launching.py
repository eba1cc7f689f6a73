"""Launching: the Job of a launch is made, or it is said why not, or why not yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog

from goflow.domain.runs import Launch
from goflow.executor.ahead import Ahead
from goflow.executor.away import Away
from goflow.executor.backend import BackendAwayError, Handle, LaunchRefusedError
from goflow.executor.holds import Holds
from goflow.executor.place import Place
from goflow.executor.tokens import TokenMint
from goflow.executor.work import Work, WorkQueue
from goflow.operators.plan import JobPlan, NotConvertibleError
from goflow.operators.shared import as_shared
from goflow.store import launches

log = structlog.get_logger(__name__)


class Launching:
    """Makes the Jobs of launches at PLACE, with tokens of MINT. HOLDS: namespaces without room, of which HAS_ROOM is
    told when one has; QUEUE: what is launched next, and whose pressure learns how much the backend bears. NOTED is told
    that it is stored of a launch that its Job is there, or what has kept it from that; AWAY, when the backend is."""

    def __init__(
        self,
        place: Place,
        mint: TokenMint,
        *,
        holds: Holds,
        queue: WorkQueue,
        has_room: Callable[[], None],
        noted: Callable[[Work, Exception | None], None],
        away: Away,
    ) -> None:
        self.refused: BackendAwayError | None = None
        """How the last launch that was asked for failed, where all have to wait for that."""
        self._away = away
        self._place = place
        self._mint = mint
        self._holds = holds
        self._queue = queue
        self._has_room = has_room
        self._noted = noted
        self._ahead = Ahead(place, lambda most: queue.first("launch", most))

    def launch(self, launch_id: str) -> None:
        """Make the Job of a launch, and of all that share it. Raises BackendAwayError, DatabaseBusyError and, for a
        launch that is gone, NotFoundError."""
        ready = self._ahead.of(launch_id)
        if ready is None:
            return
        planned, instance = ready.planned, ready.instance
        try:
            plan = ready.plan()
            if planned[0].shared_job is not None:
                plan = as_shared(plan, planned[0].shared_job, copies=len(ready.together))
            self._note_namespace(plan, planned)
            hold = self._holds.of(plan.namespace, [launch.id for launch in planned])
            if hold is not None:
                self._tell_why(planned, hold.reason, hold.message)
                return
            if not self._place.share.take(planned):
                return
            self._ask(plan)
        except NotConvertibleError as problem:
            self._refuse(planned, "NotConvertible", str(problem))
        except LaunchRefusedError as refusal:
            self._refuse(planned, refusal.reason, refusal.message)
        except BackendAwayError as problem:
            if problem.reason:
                self._tell_why(planned, problem.reason, str(problem))
            if problem.waits == "namespace":
                self._holds.refused(plan.namespace, problem)
            raise
        else:
            if self._holds.taken(plan.namespace):
                self._has_room()
            self._place.known.note_created(plan, planned, instance, partial(self._is_noted, plan, planned[0]))

    def _ask(self, plan: JobPlan) -> None:
        """Have the backend take it, and learn how much it bears. Raises BackendAwayError, LaunchRefusedError."""
        began = self._place.clock.monotonic()
        try:
            self._place.backend.launch(plan, self._mint.token(plan.launch_id))
        except BackendAwayError as problem:
            if problem.slow_down:
                self._queue.pressure.throttled(problem.retry_after_s)
            elif problem.waits == "all":
                self.refused = problem
                self._queue.pressure.away(problem.retry_after_s)
                self._away.asked(problem)
            raise
        self._queue.pressure.succeeded(self._place.clock.monotonic() - began, self._queue.under_way())
        if self.refused is not None:
            self.refused = None
            self._away.tell(None)

    def _tell_why(self, planned: Sequence[Launch], reason: str, message: str) -> None:
        """They wait, and say for what."""
        if any((launch.reason, launch.message) != (reason, message) for launch in planned):
            with self._place.store.transaction() as tx:
                for launch in planned:
                    launches.set_message(tx, launch.id, reason=reason, message=message)

    def _note_namespace(self, plan: JobPlan, planned: Sequence[Launch]) -> None:
        """Noted before it is there: its runner may claim before this thread goes on."""
        elsewhere = [launch.id for launch in planned if launch.namespace != plan.namespace]
        if elsewhere:
            with self._place.store.transaction() as tx:
                for launch_id in elsewhere:
                    launches.set_namespace(tx, launch_id, plan.namespace)

    def _is_noted(self, plan: JobPlan, launch: Launch, was_over: bool, problem: Exception | None) -> None:
        """It is stored that the Job of PLAN, LAUNCH's, is there, or PROBLEM has kept it from that. WAS_OVER: all of its
        launches were over and cleaned before."""
        if problem is None and was_over:
            try:
                self._undo(plan, launch)
            except Exception as its_own:  # tried again, with the whole step
                problem = its_own
        self._noted(("launch", launch.id), problem)

    def _undo(self, plan: JobPlan, launch: Launch) -> None:
        """This daemon slept before it made the Job. Others have had it, seen its end and removed it meanwhile."""
        log.warning("a launch was made again that is over; it is taken away", launch=launch.id)
        handle = replace(Handle.of(launch), job_name=plan.job_name, namespace=plan.namespace)
        self._place.backend.terminate(handle, 0)
        self._place.backend.cleanup(handle)

    def _refuse(self, planned: Sequence[Launch], reason: str, message: str) -> None:
        """They will never start: their attempts fail, without another try, and say why."""
        for launch in planned:
            self._place.known.fail(launch.id, reason, message, retry=False)
