"""A cluster that is only simulated, behind the executor's contract: every container begins and ends after a while.

It makes no process and no call, so what is measured with it is GoFlow: scheduler, database and executor.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.executor.backend import Handle, Observation, Phase, Sink
from goflow.executor.unsent import NOTHING, Unsent
from goflow.operators.plan import JobPlan

Link = tuple[str, str, str]
"""DAG, run and task."""


@dataclass(order=True)
class _Next:
    due: float
    launch_id: str
    phase: Phase = field(compare=False)
    link: Link = field(compare=False)


class SimulatedCluster:
    """A `Backend`. Containers begin START_S after their Job was made and end RUN_S later; it tells of both by WORKERS
    threads, as a watch would. ENDS counts the ends that were told. CREATED and ENDED have, where it TIMES that, the
    monotonic second of each Job's creation and of the moment before its end was told, by DAG, run and task."""

    name = "simulated"
    keeps_s = 0.0

    def __init__(self, *, start_s: float, run_s: float, workers: int = 4, times: bool = True) -> None:
        self.start_s, self.run_s = start_s, run_s
        self.created: dict[Link, float] = {}
        self.ended: dict[Link, float] = {}
        self.ends = 0
        self._times = times
        self._running: dict[str, Observation] = {}
        self._later: list[_Next] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [threading.Thread(target=self._tell, daemon=True) for _ in range(workers)]
        self._sink: Sink = lambda seen: None

    def start(self, sink: Sink) -> None:
        """Begin to tell SINK."""
        self._sink = sink
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Tell nothing any more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def launch(self, plan: JobPlan, token: str) -> None:
        """The Job is there from now on."""
        link = (plan.dag_id, plan.run_id, plan.task_id)
        now = time.monotonic()
        if self._times:
            self.created.setdefault(link, now)
        self._at(_Next(now + self.start_s, plan.launch_id, Phase.RUNNING, link))

    def terminate(self, handle: Handle, grace_s: float) -> None:
        """Nobody asks for it here."""

    def cleanup(self, handle: Handle) -> bool:
        """It is gone."""
        self._running.pop(handle.launch_id, None)
        return True

    def present(self) -> Iterable[Observation]:
        """What runs now."""
        return list(self._running.values())

    def unsent(self, handle: Handle) -> Unsent:
        """Containers leave no results here."""
        return NOTHING

    def ready(self) -> str | None:
        """Always."""
        return None

    def _at(self, what: _Next) -> None:
        with self._changed:
            heapq.heappush(self._later, what)
            self._changed.notify()

    def _tell(self) -> None:
        while (what := self._due()) is not None:
            if what.phase is Phase.RUNNING:
                seen = Observation(launch_id=what.launch_id, phase=Phase.RUNNING, claimant=f"pod/{what.launch_id}")
                self._running[what.launch_id] = seen
                self._sink(seen)
                self._at(_Next(time.monotonic() + self.run_s, what.launch_id, Phase.ENDED, what.link))
                continue
            outcome = Outcome(state=TaskState.SUCCESS, exit_code=0)
            with self._changed:
                self.ends += 1
                if self._times:
                    self.ended[what.link] = time.monotonic()
            self._sink(Observation(launch_id=what.launch_id, phase=Phase.ENDED, outcome=outcome))

    def _due(self) -> _Next | None:
        with self._changed:
            while not self._stopping:
                wait = self._later[0].due - time.monotonic() if self._later else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._later)
                self._changed.wait(wait)
        return None
