"""What an executor knows of launches without asking for it, and where it writes what becomes of them.

What stands here is what this executor has seen or done itself, and what never changes of it: a launch whose end is
stored is over, whatever else is seen of it; the Job that it has made has the name that it gave it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from goflow.domain.kube_events import KubeEvent
from goflow.domain.runs import Launch, Outcome, TaskInstance
from goflow.domain.state import LaunchState, TaskState
from goflow.executor.noted import Begin, Cleaned, Created, begin_all, cleaned_all, created_all
from goflow.executor.notes import AT_ONCE, Notes, Together
from goflow.executor.outcomes import End, settle_all
from goflow.executor.share import Share
from goflow.operators.plan import JobPlan
from goflow.store import Store, transitions
from goflow.store.cache import Cache
from goflow.store.tx import in_parts

MOST_MADE, MOST_OVER = 10_000, 2_000
"""Launches that this executor has made, and those that it has seen the end of."""
TERMINATED = "Terminated"
"""The reason of a launch that was stopped by somebody's word."""
T = TypeVar("T")
R = TypeVar("R")


class Known:
    """Of launches of STORE, for a daemon with that SHARE of them. Thread-safe; what is written at once raises
    DatabaseBusyError."""

    def __init__(self, store: Store, share: Share) -> None:
        self._store = store
        self._share = share
        self._clock = store.clock
        self._notes = Notes(store)
        self._lock = threading.Lock()
        self._beginning: set[str] = set()
        """Of which it is to be stored that they have begun."""
        self._ending: set[str] = set()
        """The same of those that have ended."""
        self._made: Cache[str, Launch] = Cache(MOST_MADE)
        self._over: Cache[str, bool] = Cache(MOST_OVER)

    def made(self, launch_id: str) -> Launch | None:
        """The launch as it was when its Job was made here: what never changes holds; None for others."""
        return self._made.get(launch_id)

    def is_over(self, launch_id: str) -> bool:
        """Whether its end is known to be stored."""
        return bool(self._over.get(launch_id))

    def remember(self, launch: Launch) -> None:
        """LAUNCH, whose Job or process is there, is known."""
        self._made.put(launch.id, launch)

    def ended(self, launch_id: str) -> None:
        """Its end is stored."""
        self._over.put(launch_id, True)

    def forget(self, launch_id: str) -> None:
        """Nothing is left of it."""
        self._over.put(launch_id, True)
        self._made.drop(launch_id)

    def note_created(
        self,
        plan: JobPlan,
        planned: Sequence[Launch],
        instance: TaskInstance,
        then: Callable[[bool, Exception | None], None],
    ) -> None:
        """Have it stored that the Job of PLAN is there, with the launches PLANNED, the first of them INSTANCE's. THEN
        is told whether all were over and cleaned before, or what has kept it from being stored.

        A process of this daemon's home, or a Job that launches share, is stored at once; else nobody waits for it: who
        begins or ends the launch stores it, too, and a daemon that is killed before finds the Job.
        """
        home, at = self._share.home or None, self._clock.now()
        tells = instance if plan.rendered or plan.results else None
        if planned[0].job_index is None:
            made = replace(planned[0], job_name=plan.job_name, namespace=plan.namespace, home=home)
            self.remember(replace(made, created_at=at))
            if home is None:
                self._notes.write_soon(created_all, Created(plan, planned, at, home, tells), then)
                return
        late = []
        for part in in_parts(planned, AT_ONCE):
            late.append(self._write(created_all, Created(plan, part, at, home, tells)))
            tells = None
        then(all(late), None)

    def note_found(self, launch: Launch) -> None:
        """Store that the backend has LAUNCH, of which only that it was planned is stored: whoever has made its Job was
        killed before that was noted."""
        home = self._share.home or None
        with self._store.transaction() as tx:
            transitions.advance_launch(tx, launch.id, LaunchState.PLANNED, LaunchState.CREATED, home=home)

    def note_begun(self, begin: Begin, then: Callable[[Exception | None], None]) -> None:
        """Have it stored soon, in any case before its end, that a container that is not ours has begun; once. THEN is
        told when it is, or what kept it from that."""
        launch = begin.launch

        def stored() -> None:
            if launch.job_index is None and not self.is_over(launch.id):
                self.remember(replace(launch, state=LaunchState.CLAIMED, claimed_by=begin.claimant))

        self._write_once(self._beginning, launch.id, begin_all, begin, stored, then)

    def gather(self, seconds: float) -> None:
        """From now on what is written comes together for so many SECONDS at most (`Notes`)."""
        self._notes.gathers_s = seconds

    def flush(self) -> None:
        """Have stored what is to be stored soon."""
        self._notes.flush()

    def note_end(self, end: End, then: Callable[[Exception | None], None]) -> None:
        """Have END stored with the next `flush`, after what is to be stored of its beginning; once. THEN is told when
        it is, or what kept it from that."""
        stored = partial(self.ended, end.launch_id)
        self._write_once(self._ending, end.launch_id, settle_all, end, stored, then, last=True)

    def note_cleaned(self, launch_id: str, events: Sequence[KubeEvent] = ()) -> None:
        """Store that the backend keeps nothing of it any more, and EVENTS with it."""
        self._write(cleaned_all, Cleaned(launch_id, events))
        self.forget(launch_id)

    def settle(self, end: End) -> None:
        """Have END stored, with all others that come at the same time."""
        self._write(settle_all, end)
        self.ended(end.launch_id)

    def fail(
        self,
        launch_id: str,
        reason: str,
        message: str,
        *,
        retry: bool = True,
        disrupted: bool = False,
        lost: bool = True,
    ) -> None:
        """Have it stored that it has failed, by the executor's own word: REASON, in words MESSAGE. LOST: no answer of
        its own will come. The rest is `Outcome`'s."""
        outcome = Outcome(
            state=TaskState.FAILED,
            reason=reason,
            message=message,
            retry=retry,
            disrupted=disrupted,
            at=self._clock.now(),
        )
        self.settle(End(launch_id=launch_id, outcome=outcome, who="executor", lost=lost))

    def _write_once(
        self,
        under_way: set[str],
        launch_id: str,
        together: Together[T, Any],
        what: T,
        stored: Callable[[], None],
        then: Callable[[Exception | None], None],
        *,
        last: bool = False,
    ) -> None:
        """Have WHAT written soon, unless the same is UNDER_WAY for that launch. STORED is called when it is, and THEN
        told, or what kept it from that. LAST is `Notes.write_soon`'s."""
        with self._lock:
            if launch_id in under_way:
                return
            under_way.add(launch_id)

        def written(_: Any, problem: Exception | None) -> None:
            with self._lock:
                under_way.discard(launch_id)
            if problem is None:
                stored()
            then(problem)

        self._notes.write_soon(together, what, written, last=last)

    def _write(self, together: Together[T, R], what: T) -> R:
        return self._notes.write_with(together, what)
