"""What launching takes: several launches are read from the database and converted in one go, so that one that waits for
its turn is ready when that comes. Whatever may have changed since then is looked at again when its Job is made, or when
that is stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from goflow.domain.errors import NotFoundError
from goflow.domain.runs import Launch, TaskInstance
from goflow.domain.state import LaunchState
from goflow.executor.place import Place
from goflow.operators.plan import JobPlan
from goflow.operators.request import PlanRequest
from goflow.store import DatabaseBusyError, Tx, launches, runs, tasks

AT_ONCE = 16
"""Launches that are read together at most."""
GOOD_S = 1.0
"""Seconds for which what was read and converted is good enough."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Launches that are to be made: PLANNED, of which the first is INSTANCE's, of all that share their Job, TOGETHER.
    CONVERTED is the first one's plan, or why there is none."""

    planned: Sequence[Launch]
    together: Sequence[Launch]
    instance: TaskInstance
    converted: JobPlan | Exception

    def plan(self) -> JobPlan:
        """The plan. Raises what its conversion has raised."""
        if isinstance(self.converted, Exception):
            raise self.converted
        return self.converted


@dataclass(frozen=True, slots=True)
class _Read:
    """What has been read of one that is to be made, and REQUEST, which its conversion takes."""

    planned: Sequence[Launch]
    together: Sequence[Launch]
    instance: TaskInstance
    request: PlanRequest


class Ahead:
    """Reads launches at PLACE. WAITING gives so many ids, at most, of those that are launched next. Thread-safe."""

    def __init__(self, place: Place, waiting: Callable[[int], Sequence[str]]) -> None:
        self._place = place
        self._waiting = waiting
        self._lock = threading.Lock()
        self._read: dict[str, tuple[Ready, float]] = {}
        """What is good until which moment of the monotonic clock, the oldest first."""

    def of(self, launch_id: str) -> Ready | None:
        """What is read of a launch, which is given once; None where there is nothing to make. Raises DatabaseBusyError,
        and NotFoundError for one that is gone."""
        with self._lock:  # who comes meanwhile finds what is being read
            now = self._place.clock.monotonic()
            self._read = {other: read for other, read in self._read.items() if read[1] >= now}
            known = self._read.pop(launch_id, None)
            if known is not None and not self._is_old(known[0]):
                return known[0]
            ids = [launch_id, *(other for other in self._waiting(AT_ONCE - 1) if other not in self._read)]
            with self._place.store.reading() as tx:
                looked_at = self._look(tx, ids)
            found = {other: None if read is None else self._ready(read) for other, read in looked_at.items()}
            until = self._place.clock.monotonic() + GOOD_S
            others = {other: ready for other, ready in found.items() if other != launch_id}
            self._read |= {other: (ready, until) for other, ready in others.items() if ready is not None}
        if launch_id not in found:
            raise NotFoundError(f"launch {launch_id}")
        return found[launch_id]

    def _is_old(self, ready: Ready) -> bool:
        """Whether one of them has ended here since it was read: nobody wanted it any more."""
        return any(self._place.known.is_over(launch.id) for launch in ready.planned)

    def _ready(self, read: _Read) -> Ready:
        converted: JobPlan | Exception
        try:
            converted = self._place.planner.convert(read.request)
        except Exception as problem:  # which is told when it is that one's turn
            converted = problem
        return Ready(read.planned, read.together, read.instance, converted)

    def _look(self, tx: Tx, launch_ids: Sequence[str]) -> dict[str, _Read | None]:
        found = launches.with_tasks(tx, launch_ids)
        runs.get_all_once(tx, {instance.dag_run_id for _, instance in found.values()})
        read: dict[str, _Read | None] = {}
        for launch_id, pair in found.items():
            try:
                read[launch_id] = self._look_at(tx, *pair)
            except DatabaseBusyError:
                raise
            except Exception:
                if launch_id == launch_ids[0]:
                    raise  # what is wrong with another one is told when it is that one's turn
        return read

    def _look_at(self, tx: Tx, first: Launch, instance: TaskInstance) -> _Read | None:
        together = launches.of_shared_job(tx, first)
        planned = [
            launch
            for launch in together
            if launch.state is LaunchState.PLANNED
            and launch.backend == self._place.backend.name
            and launch.stop_requested_at is None  # else another step ends it
        ]
        if not planned or not self._place.share.has(planned[0]):
            return None
        if planned[0].id != first.id:
            instance = tasks.get(tx, planned[0].task_instance_id)
        return _Read(planned, together, instance, self._place.planner.request(tx, planned[0], instance))
